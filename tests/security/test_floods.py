"""Attacks by quantity: forged opens, bodies too large or too deep, answers that swell, keys that pile up."""

import gzip
import json
import socket
import threading
import zlib
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache
from django.core.wsgi import get_wsgi_application
from django.test import Client
from werkzeug.test import Client as WebClient

from portals.bitrix24.errors import RateLimited
from portals.infrastructure.shared import redis_client
from portals.models import ApiCall, Portal
from portals.outgoing import suspicion
from portals.outgoing.limits import STANDARD, PortalGate
from sidebar_project.bodies import utf8_only
from tests.portals.bitrix24.scripted import read_request
from tests.security.conftest import ADMIN, CHAT, MEI, PRIYA, PUBLIC_ADDRESS, hostile, reason
from tests.support.opens import Api, Opens, frame_data
from widget.models import Chat, Note
from widget.notebook.markdown import render

# As `sidebar_project.wsgi` serves it, which asks the database when it is imported.
application = utf8_only(get_wsgi_application())
pytestmark = pytest.mark.django_db


def asked(opens: Opens, kind: str) -> int:
    return len(opens.emulator.control.requests(kind))


def test_forged_opens_do_not_drain_a_portals_limit(opens: Opens, alpha: Portal) -> None:
    """After a few wrong tokens the authorization server looks first: the portal's bucket stays for its people."""
    form = opens.form("alpha", PRIYA, CHAT)
    opens.emulator.control.forget_requests()
    for number in range(60):
        opens.post(form, AUTH_ID=f"{number:070d}")
    assert asked(opens, "rest") == suspicion.FAILURES_AT_PORTAL
    assert asked(opens, "oauth") == 60 - suspicion.FAILURES_AT_PORTAL

    assert opens.post(form).status_code == 200
    assert opens.widget("alpha", MEI, CHAT).status_code == 200


def test_forged_opens_with_another_applications_token(opens: Opens, alpha: Portal) -> None:
    """One real token of another application, sent again and again."""
    applications = opens.emulator.control.state()["applications"]
    foreign = next(client for client in applications if client != opens.emulator.client_id)
    opens.emulator.control.install("alpha", client_id=foreign)
    token = opens.emulator.control.tokens("alpha", PRIYA, client_id=foreign)["access_token"]
    form = opens.form("alpha", PRIYA, CHAT)
    opens.emulator.control.forget_requests()
    for _ in range(50):
        opens.post(form, AUTH_ID=token)
    assert asked(opens, "rest") == suspicion.FAILURES_AT_PORTAL
    assert asked(opens, "rest") + asked(opens, "oauth") == suspicion.ASKS_OF_TOKEN


def test_invented_tokens_for_a_chat_that_many_have_open(opens: Opens, alpha: Portal) -> None:
    """The authorization server is asked about each; the portal about a few, and its people notice nothing."""
    form = opens.form("alpha", PRIYA, CHAT)
    assert opens.post(form).status_code == 200
    opens.emulator.control.forget_requests()
    answers = [opens.post(form, AUTH_ID=f"{number:070d}") for number in range(60)]
    assert {reason(answer) for answer in answers} == {(403, "token_refused")}
    assert asked(opens, "rest") <= suspicion.FAILURES_AT_PORTAL
    assert asked(opens, "oauth") <= 60 + suspicion.FAILURES_AT_PORTAL
    opens.emulator.control.forget_requests()
    assert opens.post(form).status_code == 200
    for viewer in (PRIYA, MEI, ADMIN):
        assert opens.widget("alpha", viewer, CHAT).status_code == 200
    assert asked(opens, "rest") == 0


def test_forged_opens_while_the_authorization_server_is_away(opens: Opens, alpha: Portal) -> None:
    """Nobody can tell them from its people: these still get in, and half of the portal's limit stays free."""
    form = opens.form("alpha", PRIYA, CHAT)
    opens.emulator.control.forget_requests()
    opens.emulator.control.fault("oauth", "500")
    Portal.objects.update(licence="")  # the smaller limits
    for number in range(suspicion.FAILURES_AT_PORTAL):
        opens.post(form, AUTH_ID=f"{number:070d}")
    assert opens.widget("alpha", PRIYA, CHAT).status_code == 200
    answers = [opens.post(form, AUTH_ID=f"{number:070d}") for number in range(100, 140)]
    assert reason(answers[-1]) == (503, "busy")
    # Two a second may come in addition meanwhile.
    assert 0.4 * STANDARD.burst < asked(opens, "rest") < 0.8 * STANDARD.burst


def test_invented_tokens_at_a_portal_that_is_full(opens: Opens, alpha: Portal) -> None:
    """Whoever keeps it full does not keep from us that the tokens are invented."""
    form = opens.form("alpha", PRIYA, CHAT)
    assert opens.post(form).status_code == 200
    PortalGate.to(alpha.client_endpoint).refused(["batch"], RateLimited())
    for number in range(suspicion.FAILURES_AT_PORTAL):
        opens.post(form, AUTH_ID=f"{number:070d}")
    assert suspicion.suspicious(alpha.pk)


def test_a_viewer_who_tries_one_chat_after_another(opens: Opens, alpha: Portal) -> None:
    """A real viewer's token makes us ask so often a minute and no more; what is warm still opens."""
    form = opens.form("alpha", PRIYA, CHAT)
    assert opens.post(form).status_code == 200
    opens.emulator.control.forget_requests()
    answers = [
        opens.post(form, PLACEMENT_OPTIONS=json.dumps({"dialogId": f"chat{number}"})).status_code
        for number in range(1000, 1040)
    ]
    assert answers.count(403) == asked(opens, "rest") == suspicion.ASKS_OF_TOKEN - 1
    assert answers[-1] == 429
    assert opens.post(form).status_code == 200
    assert opens.widget("alpha", MEI, CHAT).status_code == 200


def test_forged_installs_from_one_address(opens: Opens, stranger: Client) -> None:
    """An address that keeps failing is asked to wait, and makes us call nobody; others install meanwhile."""
    fields = opens.emulator.control.install("alpha")["fields"]
    opens.emulator.control.forget_requests()
    answers = [
        stranger.post(
            "/install/?DOMAIN=a.example&LANG=en", fields | {"AUTH_ID": f"{number:070d}"}
        ).status_code
        for number in range(suspicion.FAILURES_OF_ADDRESS + 20)
    ]
    assert answers[-1] == 429
    # Nobody knows such a portal, so each of the two authorization servers is asked.
    assert asked(opens, "oauth") == 2 * suspicion.FAILURES_OF_ADDRESS
    for path in ("/widget/", "/app/"):
        assert stranger.post(f"{path}?DOMAIN=a.example", fields).status_code == 429
    assert opens.install("alpha").status_code == 200


def test_forged_renewals_from_one_address(opens: Opens, alpha: Portal, stranger: Client) -> None:
    body = {"member_id": alpha.member_id, "dialog_id": CHAT}
    answers = [
        stranger.post(
            "/api/v1/session/", body | {"access_token": f"{number:070d}"}, content_type="application/json"
        )
        for number in range(suspicion.FAILURES_OF_ADDRESS + 2)
    ]
    assert [answer.json()["code"] for answer in answers[-2:]] == ["too_many_failures"] * 2
    assert {answer.json()["code"] for answer in answers[:100]} == {"token_refused"}


def test_forged_forwarding_addresses(stranger: Client, settings: Any, rf: Any) -> None:
    """Whoever writes ``X-Forwarded-For`` changes nothing but the part that our own proxies did not write."""
    settings.PROXY_COUNT = 0
    assert (
        suspicion.address_of(rf.get("/", HTTP_X_FORWARDED_FOR="1.1.1.1", REMOTE_ADDR="2.2.2.2")) == "2.2.2.2"
    )
    settings.PROXY_COUNT = 1
    heard = {"HTTP_X_FORWARDED_FOR": "1.1.1.1, 2.2.2.2", "REMOTE_ADDR": "10.0.0.1"}
    assert suspicion.address_of(rf.get("/", **heard)) == "2.2.2.2"


@pytest.mark.parametrize("path", ["/install/", "/widget/", "/app/", "/events/"])
def test_body_too_large(client: Client, path: str) -> None:
    body = b"AUTH_ID=" + b"x" * 300_000
    response = client.post(path, body, content_type="application/x-www-form-urlencoded")
    assert response.status_code == 413


@pytest.mark.parametrize(
    "path", ["/api/v1/session/", "/app/settings/", "/api/v1/notes/", "/api/v1/notes/preview/"]
)
def test_json_too_large_or_too_deep(api: Api, path: str) -> None:
    """Refused before it is read whole, and before it is followed to its end."""
    for body in (
        b'{"a": "' + b"x" * 300_000 + b'"}',
        b"[" * 100_000,
        b'{"a":' * 50_000,
        b"9" * 200_000,
        b"\xff\xfe{",
    ):
        response = api.client.post(
            path, body, content_type="application/json", headers={"Authorization": f"Bearer {api.session}"}
        )
        assert response.status_code in (400, 401, 413), body[:10]


CHARSETS = ["zlib", "bz2", "rot13", "utf-7", "utf-16", "hex", "idna", "no-such-charset"]


@pytest.mark.parametrize("charset", CHARSETS)
def test_body_in_an_encoding_that_unpacks(charset: str) -> None:
    """To Python ``zlib`` is a charset: a kilobyte in it is a megabyte for a parser."""
    body = zlib.compress(b'{"access_token": "' + b"x" * 10_000_000 + b'"}')
    web = WebClient(application)
    for path in (
        "/api/v1/session/",
        "/install/?DOMAIN=%41",
        "/events/",
        "/api/v1/notes/?q=a",
        "/healthz?a=b",
    ):
        for kind in ("application/json", "application/x-www-form-urlencoded", "multipart/form-data"):
            content_type = f'{kind}; charset="{charset}"; boundary=b'
            assert web.post(path, data=body, content_type=content_type).status_code == 415


@pytest.mark.parametrize("path", ["/install/", "/widget/", "/app/", "/events/", "/admin/login/"])
def test_upload_that_fills_the_disk(client: Client, path: str, settings: Any, tmp_path: Path) -> None:
    """No page takes files, so none is written down."""
    settings.FILE_UPLOAD_TEMP_DIR = str(tmp_path)
    head = b'--b\r\nContent-Disposition: form-data; name="f"; filename="f"\r\n\r\n'
    body = head + b"x" * 4_000_000 + b"\r\n--b--\r\n"
    response = client.post(path, body, content_type="multipart/form-data; boundary=b")
    assert response.status_code in (400, 403, 413, 415)
    assert not list(tmp_path.iterdir())


def test_fields_without_number(client: Client) -> None:
    for path in ("/install/", "/events/", "/widget/"):
        body = "&".join(f"a{number}=1" for number in range(5000))
        response = client.post(path, body, content_type="application/x-www-form-urlencoded")
        assert response.status_code == 400
    assert client.post("/widget/?" + "&a=1" * 5000).status_code == 400


BOMBS = {
    "gzip": (gzip.compress(b"0" * 50_000_000), "Content-Encoding: gzip"),
    "deflate": (zlib.compress(b"0" * 50_000_000), "Content-Encoding: deflate"),
    "nested": (b'{"result":' + b"[" * 900_000, ""),
    "many keys": (b'{"result":{"result":{' + b",".join(b'"k%d":1' % n for n in range(90_000)) + b"}}}", ""),
    "large number": (b'{"result":' + b"9" * 1_000_000 + b"}", ""),
    "without end": (b'{"result":"' + b"x" * 3_000_000, ""),
}


@pytest.mark.parametrize(("body", "header"), BOMBS.values(), ids=BOMBS)
def test_bomb_in_a_portals_answer(opens: Opens, alpha: Portal, body: bytes, header: str) -> None:
    """Nothing is unpacked, nothing read beyond a bound, and the answer is a page."""
    form = opens.form("alpha", PRIYA, CHAT)

    def explode(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n" + header.encode())
        connection.sendall((b"\r\n" if header else b"") + b"Content-Length: %d\r\n\r\n" % len(body) + body)

    with hostile(alpha, explode):
        response = opens.post(form)
    assert response.status_code in (502, 503)
    assert not Chat.objects.exists()


def test_headers_without_end_from_a_portal(opens: Opens, alpha: Portal) -> None:
    form = opens.form("alpha", PRIYA, CHAT)

    def chatter(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\n" + b"X-A: b\r\n" * 100_000 + b"\r\n{}")

    with hostile(alpha, chatter):
        assert opens.post(form).status_code in (502, 503)


HOSTILE_ANSWERS: dict[str, Any] = {
    "a version no database holds": {"app": {"CODE": "x", "VERSION": 10**17}},
    "superscript numbers": {"members": ["²", "٢", "1" * 5000, True, None, {}]},
    "numbers as keys": {"dialog": {"id": "²"}},
    "lists for maps": {"profile": [], "dialog": [[]], "app": [1]},
    "texts for maps": {"profile": "x", "dialog": "x", "app": "x"},
    "lone surrogates": {"profile": {"ID": "3", "NAME": "\ud800", "LAST_NAME": "\x00"}},
    "numbers beyond all": {"profile": {"ID": 10**30}, "dialog": {"id": 10**30}},
}


@pytest.mark.parametrize("changed", HOSTILE_ANSWERS.values(), ids=HOSTILE_ANSWERS)
def test_portal_that_answers_nonsense(opens: Opens, alpha: Portal, changed: dict[str, Any]) -> None:
    """A self-hosted portal is its owner's: it may answer anything, and gets a page."""
    form = opens.form("alpha", PRIYA, CHAT)
    result: dict[str, Any] = {
        "app": {"CODE": alpha.app_code, "VERSION": 1},
        "profile": {"ID": "3", "ADMIN": False, "NAME": "P", "LAST_NAME": ""},
        "viewer": {"id": 3, "extranet": False},
        "dialog": {"id": 22, "role": "member", "message_type": "C"},
        "members": [3],
    } | changed
    if "app" in changed and isinstance(changed["app"], dict):
        result["app"] = changed["app"] | {"CODE": alpha.app_code}

    def answer(connection: socket.socket) -> None:
        read_request(connection)
        body = json.dumps({"result": {"result": result, "result_error": []}}).encode()
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)

    with hostile(alpha, answer):
        response = opens.post(form)
        if response.status_code == 200:
            opens.api(frame_data(response)["session"]).add("written all the same")
    assert response.status_code in (200, 401, 403, 502, 503)


def test_keys_that_pile_up_in_redis(opens: Opens, alpha: Portal, stranger: Client) -> None:
    """Whatever strangers make us remember is forgotten by itself, soon."""
    cache.clear()
    form = opens.form("alpha", PRIYA, CHAT)
    for number in range(30):
        opens.post(
            form, AUTH_ID=f"{number:070d}", PLACEMENT_OPTIONS=json.dumps({"dialogId": f"chat{number + 1}"})
        )
        opens.post(form, member_id=f"{number:032x}")
        body = {"member_id": alpha.member_id, "dialog_id": CHAT, "access_token": f"{number:070d}"}
        stranger.post("/api/v1/session/", body, content_type="application/json")
        stranger.post("/events/", {"event": f"ON{number}", "auth[member_id]": f"{number:032x}"})
    redis = redis_client()
    kept = {key: redis.ttl(key) for key in redis.scan_iter() if redis.type(key) == b"string"}
    assert kept
    assert not {key: ttl for key, ttl in kept.items() if not 0 < ttl <= 3600}
    assert not [key for key in kept if b":30" in key and b"alias" in key]


def test_rows_that_pile_up(opens: Opens, alpha: Portal) -> None:
    """A forged open stores neither portal nor chat."""
    form = opens.form("alpha", PRIYA, CHAT)
    for number in range(20):
        opens.post(form, member_id=f"{number:032x}")
        opens.post(form, AUTH_ID=f"{number:070d}")
    assert Portal.objects.count() == 1
    assert not Chat.objects.exists()
    assert not ApiCall.objects.exists()


@pytest.mark.parametrize("address", ["http://a.", "://", "a.b//", "//"])
def test_note_made_to_take_the_processor(address: str) -> None:
    """Each address costs a look: a text of thousands of them gets no links, and costs no seconds."""
    assert "<a " not in render(f"http://a.example {address * 5000}").html
    assert render(f"http://a.example {address}").html.count("<a ") >= 1


def test_notes_without_number(api: Api) -> None:
    """A script in a viewer's browser writes as fast as a person might, and no faster."""
    answers = [api.call("POST", "notes/", {"text": str(number)}).status_code for number in range(130)]
    assert answers.count(201) == Note.objects.count() == 120
    assert answers[-1] == 429


@pytest.mark.django_db(transaction=True)
def test_two_ticks_at_once(opens: Opens, alpha: Portal) -> None:
    """Of several that start from one version none is lost: two boxes do not clash, one is ticked once."""
    api = opens.api(frame_data(opens.widget("alpha", PRIYA, CHAT))["session"])
    note = api.add("- [ ] a\n- [ ] b")
    start, answers = threading.Barrier(4), []

    def tick(box: int) -> None:
        from django.db import connection  # noqa: PLC0415

        other = Api(Client(), api.session)
        start.wait()
        answers.append(other.call("PUT", f"notes/{note['id']}/boxes/{box}/", {"checked": True, "version": 1}))
        connection.close()

    threads = [threading.Thread(target=tick, args=[number % 2]) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [answer.status_code for answer in answers] == [200] * 4
    stored = Note.objects.get()
    assert (stored.version, stored.text.count("[x]")) == (3, 2)


def test_limits_of_an_address_do_not_stop_who_is_proved(opens: Opens, alpha: Portal) -> None:
    """Colleagues behind one address fail now and then: below the limit nobody notices."""
    client = Client(REMOTE_ADDR=PUBLIC_ADDRESS)
    there = Opens(opens.emulator, client)
    for number in range(suspicion.FAILURES_AT_PORTAL * 3):
        there.post(opens.form("alpha", PRIYA, CHAT), AUTH_ID=f"{number:070d}")
    assert there.widget("alpha", PRIYA, CHAT).status_code == 200
    assert there.application("alpha", ADMIN).status_code == 200
    assert reason(there.post(opens.form("alpha", PRIYA, CHAT), AUTH_ID="0" * 70)) == (403, "token_refused")
