"""What is written is JSON, and holds neither secrets nor anything of the people whose notes we keep."""

import json
import logging
import logging.config
import secrets
from collections.abc import Callable, Iterator
from io import StringIO
from typing import Any

import pytest
import structlog
from django.conf import settings
from django.core import signing

from sidebar_project import logs
from tests.support.day import live
from tests.support.events import Events
from tests.support.opens import Opens

TOKEN = "bf3c1a" + "0d9e8c7b6a5f4e3d" * 4
MEMBER_ID = "7d1f0c2ab94e4c5f8a6b3e2d10c95f41"
log = structlog.get_logger("of.a.test")


class Written:
    """Production's lines."""

    def __init__(self) -> None:
        self._stream = StringIO()

    @property
    def text(self) -> str:
        return self._stream.getvalue()

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.text.splitlines()]

    def handler(self) -> logging.Handler:
        config = logs.configure(json=True)
        handler = logging.StreamHandler(self._stream)
        configurator = logging.config.DictConfigurator(config)
        handler.setFormatter(configurator.configure_formatter(config["formatters"]["line"]))
        return handler


@pytest.fixture
def written() -> Iterator[Written]:
    written = Written()
    handler = written.handler()
    logging.getLogger().addHandler(handler)
    yield written
    logging.getLogger().removeHandler(handler)


def test_a_line_is_one_object_with_its_fields(written: Written) -> None:
    log.warning("open_refused", reason="no_access", portal=MEMBER_ID, status=403)

    [line] = written.lines
    assert (
        line.items()
        >= {
            "event": "open_refused",
            "reason": "no_access",
            "portal": MEMBER_ID,
            "status": 403,
            "level": "warning",
            "logger": "of.a.test",
        }.items()
    )


@pytest.mark.parametrize(
    "name",
    ["access_token", "refresh_token", "AUTH_ID", "application_token", "client_secret", "Authorization",
     "password", "cookie", "session", "REFRESH_ID", "csrfmiddlewaretoken", "token"],
)  # fmt: skip
def test_a_field_with_the_name_of_a_secret_is_struck_out(written: Written, name: str) -> None:
    log.info("stored", **{name: "short"}, more={name: "short"}, rows=[{name: "short"}])

    assert "short" not in written.text
    assert written.text.count("[redacted]") == 3


@pytest.mark.parametrize("name", ["name", "viewer_name", "last_name", "email", "text", "note", "title"])
def test_a_field_about_people_is_struck_out(written: Written, name: str) -> None:
    log.info("saved", **{name: "Priya"}, more={name: "Priya"})

    assert "Priya" not in written.text


SHAPES: dict[str, Callable[[], str]] = {
    "a token in prose": lambda: f"portal answered {TOKEN} and left",
    "a token in a path": lambda: f"GET /rest/{TOKEN}/batch",
    "a query string": lambda: f"POST /widget/?AUTH_ID={TOKEN[:20]}&LANG=en",
    "a form of events": lambda: f"auth%5Baccess_token%5D={TOKEN[:20]}&auth[refresh_token]={TOKEN[:20]}",
    "JSON": lambda: json.dumps({"refresh_token": TOKEN[:20], "ok": True}),
    "a repr": lambda: repr({"application_token": TOKEN[:20]}),
    "a bearer header": lambda: f"Authorization: Bearer {TOKEN[:20]}",
    "a session": lambda: f"session was {signing.dumps({'v': TOKEN[:20]}, compress=True)} till now",
    "the client secret": lambda: f"sent {settings.BITRIX24_CLIENT_SECRET}",
    "the secret key": lambda: f"signed with {settings.SECRET_KEY}",
    "the metrics token": lambda: f"wrong token, not {settings.METRICS_TOKEN}",
    "an encryption key": lambda: f"key {settings.TOKEN_ENCRYPTION_KEYS[0]} failed",
    "a service's URL": lambda: "cannot reach redis://:hunter2@10.0.0.5:6379/0",
    "a mail address": lambda: "bounced by priya.nair@example.com",
}
LEFT = (TOKEN[:20], "emulated-secret", "test-secret-key", "metrics-token", "hunter2", "priya.nair", "eyJ2")


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("how", ["structlog", "foreign", "exception", "cause", "argument"])
def test_what_looks_like_a_secret_is_struck_out_wherever_it_comes_from(
    written: Written, shape: str, how: str
) -> None:
    text = SHAPES[shape]()
    say(how, text)

    assert written.lines
    found = [secret for secret in (*LEFT, settings.TOKEN_ENCRYPTION_KEYS[0]) if secret in written.text]
    assert found == [], written.text


def say(how: str, text: str) -> None:
    """Get a text into the log in the ways there are."""
    match how:
        case "structlog":
            log.info("seen", detail=text, more=[text])
        case "foreign":
            logging.getLogger("elsewhere.package").error(text)
        case "argument":
            logging.getLogger("elsewhere.package").error("it was %s", ValueError(text))
        case "exception":
            try:
                raise ValueError(text)
            except ValueError:
                log.exception("failed")
        case "cause":
            try:
                try:
                    raise ValueError(text)
                except ValueError as error:
                    raise RuntimeError("outer") from error
            except RuntimeError:
                logging.getLogger("elsewhere.package").exception("failed")


def test_what_an_operator_needs_stays(written: Written) -> None:
    request_id = secrets.token_hex(16)
    log.info(
        "refresh_failed", portal=MEMBER_ID, request_id=request_id, reason="invalid_grant", user=7, ms=1.5
    )
    try:
        raise LookupError("row 12 is gone")
    except LookupError:
        log.exception("event_failed", event_code="ONAPPINSTALL")

    first, second = written.lines
    assert (first["portal"], first["request_id"], first["user"]) == (MEMBER_ID, request_id, 7)
    assert "row 12 is gone" in second["exception"]
    assert "test_logs.py" in second["exception"]


@pytest.mark.django_db
def test_a_day_tells_nothing_of_people(
    opens: Opens, events: Events, written: Written, caplog: pytest.LogCaptureFixture
) -> None:
    live(opens, events)

    people = [
        user[part]
        for user in opens.emulator.control.portal("alpha")["users"].values()
        for part in ("name", "last_name")
    ]
    assert len(written.lines) > 10
    said = written.text + caplog.text  # what code hands over, and what becomes of it
    assert [word for word in ["a note of the day", *people] if word and word in said] == []
