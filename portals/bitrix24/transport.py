"""The one way out: every HTTP request of the application leaves through `Transport.post`."""

import ipaddress
import os
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from typing import Final

import requests
from requests.adapters import HTTPAdapter
from requests_hardened.ip_filter import InvalidIPAddress  # type: ignore[import-untyped]
from urllib3.exceptions import HTTPError
from urllib3.util.ssl_match_hostname import CertificateError

from portals.bitrix24.addresses import Url, parse_url
from portals.bitrix24.answers import Answer, read_answer
from portals.bitrix24.deadlines import Deadline
from portals.bitrix24.errors import (
    AddressRefused,
    AnswerTooLarge,
    BadAnswer,
    Bitrix24Error,
    CertificateRefused,
    DeadlineExceeded,
    Unreachable,
)
from portals.bitrix24.pinning import PinningAdapter

_CONNECT_SECONDS: Final = 5.0
# Nobody is there, which says more than that an answer takes its time; not so to who did not wait as long.
_CONNECT_TIMEOUT: Final = "connect_timeout"
# Answers beyond the ordinary size that a process reads at once: many threads wait, and memory is one.
_LARGE: Final = threading.BoundedSemaphore(4)


@dataclass(frozen=True, slots=True)
class CallRecord:
    """What may be logged about one call: nothing in it is secret. ``duration`` is in seconds.

    ``owner`` is whatever key the caller has for whom the call was made, ``request_id`` names what it was part of.
    """

    host: str
    method: str
    http_status: int | None
    error_code: str | None
    duration: float
    operating: float | None = None
    operating_reset_at: float | None = None
    owner: int | None = None
    request_id: str = ""


def _unguarded(_host: str, _subject: str) -> AbstractContextManager[None]:
    return nullcontext()


class Transport:
    """Pooled, bounded and guarded HTTP for Bitrix24; share one among all threads of a process.

    An address is checked after name resolution and the connection goes to the checked address: public ones
    over https, those in ``trusted_networks`` (CIDR) over http too, all others never. Redirects are not
    followed, cookies not kept, proxies and .netrc of the environment not used, answers cut at ``max_bytes``.
    ``pool_size`` is the number of idle connections kept per host. ``ca_bundle`` is a file of certificate
    authorities to trust instead of the public ones. ``on_call`` is told of every call. ``guard`` makes a context
    manager around each request from its host and subject; it may refuse by raising a Bitrix24Error. ``request_id``
    names what a call is part of; the other side is told as ``X-Request-ID``.
    """

    def __init__(
        self,
        *,
        trusted_networks: Iterable[str] = (),
        user_agent: str = "ChatNotebook",
        pool_size: int = 10,
        max_bytes: int = 2 * 1024 * 1024,
        ca_bundle: str | None = None,
        on_call: Callable[[CallRecord], None] | None = None,
        guard: Callable[[str, str], AbstractContextManager[None]] = _unguarded,
        request_id: Callable[[], str] = str,
    ) -> None:
        self._trusted = tuple(ipaddress.ip_network(network) for network in trusted_networks)
        self._user_agent = user_agent
        self._pool_size = pool_size
        self._max_bytes = max_bytes
        self._ca_bundle = ca_bundle
        self._on_call = on_call
        self._guard = guard
        self._request_id = request_id
        self._process = os.getpid()
        self._adapters = self._new_adapters()

    def post(
        self,
        url: str,
        *,
        form: Sequence[tuple[str, str]],
        deadline: float,
        method: str,
        owner: int | None = None,
        max_bytes: int | None = None,
        subject: str = "",
    ) -> Answer:
        """POST an urlencoded form and read the answer; secrets belong into ``form``, never into ``url``.

        ``deadline`` is the time for everything after name resolution, in seconds; ``method`` names the call
        in the `CallRecord`; ``max_bytes`` allows this one answer another size; who gives
        it reckons with a larger one (AnswerTooLarge); ``subject`` tells the guard what it is about. Nothing is ever
        sent twice.
        Raises: Bitrix24Error.
        """
        started = time.monotonic()
        host = ""
        answer: Answer | None = None
        error: Bitrix24Error | None = None
        try:
            target = _checked(url)
            host = target.netloc
            if deadline <= 0:
                raise DeadlineExceeded()
            with self._guard(host, subject):
                answer = self._send(target, form, deadline, max_bytes)
        except Bitrix24Error as caught:
            error = caught
            raise
        finally:
            if self._on_call is not None:
                record = _record(
                    host, method, answer, error, duration=time.monotonic() - started, owner=owner
                )
                self._on_call(replace(record, request_id=self._request_id()))
        return answer

    def _send(
        self, target: Url, form: Sequence[tuple[str, str]], seconds: float, max_bytes: int | None
    ) -> Answer:
        request = requests.Request("POST", str(target), data=list(form), headers=self._headers()).prepare()
        with Deadline(seconds) as deadline:
            try:
                # Not a Session: it would read the body of a redirect, whatever its size.
                response = self._adapter(target.scheme).send(
                    request,
                    stream=True,
                    timeout=(min(_CONNECT_SECONDS, seconds), seconds),
                    verify=self._ca_bundle or True,
                )
                content = self._read(response, max_bytes, deadline)
                failure: Bitrix24Error | None = None
            except (requests.RequestException, HTTPError, OSError) as error:
                failure = _failure(error, patient=seconds >= _CONNECT_SECONDS)
            except Unreachable as error:
                failure = error
            late = failure is None or (isinstance(failure, Unreachable) and failure.code != _CONNECT_TIMEOUT)
            if late and not deadline.remaining:
                failure = DeadlineExceeded()
        if failure is not None:
            raise failure  # outside the handler: the original carries the request, and that the secrets
        return read_answer(response.status_code, response.headers, content, host=target.netloc)

    def _headers(self) -> dict[str, str]:
        headers = {"User-Agent": self._user_agent, "Accept": "application/json"}
        request_id = self._request_id()
        return headers | {"X-Request-ID": request_id} if request_id else headers

    def _read(self, response: requests.Response, max_bytes: int | None, deadline: Deadline) -> bytes:
        limit = max_bytes or self._max_bytes
        ordinary = min(limit, self._max_bytes)
        content: bytes = response.raw.read(ordinary + 1, decode_content=False)
        if ordinary < len(content) <= limit:
            content += _rest(response, limit + 1 - len(content), deadline)
        if len(content) > limit:
            response.raw.close()
            if max_bytes is None:  # nothing that is asked for in the ordinary way is so large
                raise BadAnswer("answer_too_large", http_status=response.status_code)
            raise AnswerTooLarge(http_status=response.status_code)
        if response.raw.length_remaining:
            response.raw.close()
            raise Unreachable("answer_incomplete", http_status=response.status_code)
        response.raw.release_conn()
        return content

    def _adapter(self, scheme: str) -> HTTPAdapter:
        if self._process != os.getpid():  # a forked worker must not share its parent's connections
            self._adapters, self._process = self._new_adapters(), os.getpid()
        return self._adapters[scheme]

    def _new_adapters(self) -> Mapping[str, HTTPAdapter]:
        return {
            scheme: PinningAdapter(https=scheme == "https", trusted=self._trusted, pool_size=self._pool_size)
            for scheme in ("http", "https")
        }


def _rest(response: requests.Response, size: int, deadline: Deadline) -> bytes:
    """Raises: DeadlineExceeded."""
    if not _LARGE.acquire(timeout=deadline.remaining):
        raise DeadlineExceeded()
    try:
        rest: bytes = response.raw.read(size, decode_content=False)
    finally:
        _LARGE.release()
    return rest


def _checked(url: str) -> Url:
    try:
        return parse_url(url)
    except ValueError:
        pass
    raise AddressRefused("url_refused")


def _failure(error: Exception, *, patient: bool) -> Bitrix24Error:
    if isinstance(error, InvalidIPAddress):
        return AddressRefused("address_not_public")
    if isinstance(error, requests.ConnectTimeout) and patient:
        return Unreachable(_CONNECT_TIMEOUT)
    if isinstance(error, requests.Timeout | TimeoutError):
        return DeadlineExceeded()
    return CertificateRefused() if _about_certificate(error) else Unreachable()


def _about_certificate(error: BaseException | None) -> bool:
    """Also of an error that libraries have wrapped: as an argument, as its reason, or as what it came from."""
    while error is not None and not isinstance(error, ssl.SSLCertVerificationError | CertificateError):
        inside = [*error.args, getattr(error, "reason", None), error.__cause__, error.__context__]
        error = next((cause for cause in inside if isinstance(cause, BaseException)), None)
    return error is not None


def _record(
    host: str,
    method: str,
    answer: Answer | None,
    error: Bitrix24Error | None,
    *,
    duration: float,
    owner: int | None,
) -> CallRecord:
    return CallRecord(
        host=host,
        method=method,
        http_status=answer.http_status if answer else error.http_status if error else None,
        error_code=error.code if error else None,
        duration=duration,
        operating=answer.operating if answer else None,
        operating_reset_at=answer.operating_reset_at if answer else None,
        owner=owner,
    )
