"""Attacks by text: everything stored, and everything a portal says, in HTML, attributes, addresses and JSON."""

import json
import logging
from html.parser import HTMLParser
from typing import Any

import pytest
from django.test import Client

from portals.models import Portal
from sidebar_project import logs
from tests.security.conftest import ADMIN, CHAT, PRIYA, reason
from tests.support.opens import Api, Opens, frame_data

pytestmark = pytest.mark.django_db

PAYLOADS = [
    "<script>alert(1)</script>",
    "</script><script>alert(1)</script>",
    "</template></li><img src=x onerror=alert(1)>",
    "\"><svg onload=alert(1)>",
    "' onmouseover='alert(1)",
    "--><iframe srcdoc='<script>alert(1)</script>'>",
    "{{ 7|add:7 }}{% load static %}",
    "javascript:alert(1)",
    "<!--<script>",
    "\u2028alert(1)\u2029",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "<math><mtext><style><img src onerror=alert(1)>",
]  # fmt: skip
MARKDOWN = [
    "[x](javascript:alert(1))",
    "[x](JaVa\tScRiPt:alert(1))",
    "[x](&#106;avascript:alert(1))",
    "<javascript:alert(1)>",
    "[x](data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==)",
    "![x](https://tracker.example/pixel.png)",
    "[x]: javascript:alert(1)\n\n[x]",
    '[x](https://a.example "\\" onmouseover=alert(1) x=\\"")',
    "```\n</code></pre><script>alert(1)</script>\n```",
    "```<img src=x onerror=alert(1)>\n```",
    "- [ ] <input onfocus=alert(1) autofocus>",
    "| <script>alert(1)</script> |\n|---|\n| [x](vbscript:x) |",
    "https://a.example/\"onmouseover=alert(1)//",
]  # fmt: skip
# Our own icons are SVG; Markdown never is.
_NEVER = {"iframe", "object", "embed", "img", "math", "frame", "audio", "video", "link-foreign", "portal"}


class Reader(HTMLParser):
    """What a browser would make of a page: elements, handlers, addresses, and scripts without a nonce."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.elements = 0
        self.text: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements += 1
        values = dict(attrs)
        ours = tag == "img" and (values.get("src") or "").startswith("/static/")
        if tag in _NEVER and not ours:
            self.found.append(tag)
        if tag in {"script", "style"} and "nonce" not in values and values.get("type") != "application/json":
            self.found.append(f"{tag} without nonce")
        for name, value in values.items():
            scheme = (value or "").strip().lower().partition(":")[0]
            if name.startswith("on") or name in {"srcdoc", "style"}:
                self.found.append(f"{tag} {name}")
            if name in {"href", "src", "action", "formaction"} and scheme in {
                "javascript",
                "vbscript",
                "data",
            }:
                self.found.append(f"{tag} {name}={scheme}")

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def named(opens: Opens, first: str, last: str) -> int:
    """Somebody whose name at the portal is an attack, in chat 22."""
    user = opens.emulator.control.add_user("alpha", name=first, last_name=last)
    opens.emulator.control.members("alpha", 22, add=[user])
    return user


@pytest.mark.parametrize("payload", PAYLOADS)
def test_script_in_the_name_of_a_person(opens: Opens, alpha: Portal, payload: str) -> None:
    """A name comes from the portal and stands in HTML, in the session and in the API's JSON."""
    harmless = Reader(page_with_note_of(opens, named(opens, "Harm", "Less"))).elements
    user = named(opens, payload, payload)
    html = page_with_note_of(opens, user)
    read = Reader(html)
    assert read.found == []
    assert (read.elements - harmless) % harmless_note(opens) == 0
    assert payload.split(maxsplit=1)[0] in "".join(read.text)


@pytest.mark.parametrize("payload", PAYLOADS + MARKDOWN)
def test_script_in_a_note(opens: Opens, api: Api, payload: str) -> None:
    """In the page, in the API's HTML, in the preview, in the source for the editor, in the history."""
    note = api.add(f"{payload}\n\n- [ ] {payload}")
    api.call("PATCH", f"notes/{note['id']}/", {"text": f"{payload}!", "version": 1})
    page = Reader(opens.widget("alpha", PRIYA, CHAT).content.decode())
    preview = api.call("POST", "notes/preview/", {"text": payload})
    assert page.found == []
    for html in (note["html"], preview.json()["html"]):
        assert Reader(html).found == []
        assert "<script" not in html.lower()
        assert "<svg" not in html.lower()
    history = api.call("GET", f"notes/{note['id']}/history/1/")
    assert history.json()["text"].startswith(payload.strip()[:5])
    for answer in (preview, history, api.call("GET", "notes/")):
        assert answer.headers["Content-Type"] == "application/json"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("payload", PAYLOADS)
def test_script_in_what_a_request_says(opens: Opens, alpha: Portal, payload: str) -> None:
    """Whatever a form or an address holds is not repeated as HTML, in a refusal neither."""
    form = opens.form("alpha", PRIYA, CHAT)
    names = (
        "member_id",
        "AUTH_ID",
        "status",
        "PLACEMENT",
        "PLACEMENT_OPTIONS",
        "APPLICATION_SCOPE",
        "anything",
    )
    for name in names:
        response = opens.post(form, **{name: payload})
        assert Reader(response.content.decode()).found == []
        assert payload not in response.content.decode()
    for name in ("DOMAIN", "LANG", "APP_SID", "PROTOCOL"):
        query = {"DOMAIN": alpha.domain, "LANG": "en", "APP_SID": "a", name: payload}
        response = opens.client.post("/widget/", form["fields"], query_params=query)
        assert Reader(response.content.decode()).found == []
        assert payload not in response.content.decode()


@pytest.mark.parametrize("payload", PAYLOADS)
def test_script_in_a_setting(opens: Opens, alpha: Portal, payload: str) -> None:
    """The title that an administrator gives the item, on the application page and in its data."""
    Portal.objects.update(placement_settings={"title": payload[:60]})
    page = opens.application("alpha", ADMIN)
    read = Reader(page.content.decode())
    assert read.found == []
    assert frame_data(page)


def test_data_of_a_page_cannot_end_its_script(opens: Opens, alpha: Portal) -> None:
    """The JSON in a page is escaped for HTML: what looks like an end of the element is text."""
    user = named(opens, "</script><b>", "<!--<script>")
    html = opens.widget("alpha", user, CHAT).content.decode()
    data = html.split('<script id="frame-data" type="application/json">')[1].split("</script>")[0]
    assert json.loads(data)["viewer_id"] == user
    assert "<" not in data


@pytest.mark.parametrize(
    "value",
    ["x\r\nSet-Cookie: a=b", "x\nContent-Security-Policy: *", "x; script-src *", "x, *", "* 'unsafe-inline'",
     "x%0d%0aX: y", "x\u560d\u560aSet-Cookie:a", "a.example;report-uri //b", "a.example 'self'"],
)  # fmt: skip
def test_header_injection(opens: Opens, alpha: Portal, value: str) -> None:
    """``DOMAIN`` becomes part of the policy of a refusal's page: nothing but a host may."""
    form = opens.form("alpha", PRIYA, CHAT)
    query = {"DOMAIN": value, "LANG": value, "APP_SID": value, "PROTOCOL": value}
    for given in (query, {**query, "LANG": "en", "APP_SID": "a"}):
        response = opens.client.post("/widget/", form["fields"], query_params=given)
        assert response.status_code == 400
        policy = response.headers["Content-Security-Policy"]
        assert "frame-ancestors 'none'" in policy
        for piece in ("*", "unsafe-inline", "report-uri", "Set-Cookie"):
            assert piece not in str(response.headers)


def test_log_injection(opens: Opens, alpha: Portal, capfd: pytest.CaptureFixture[str]) -> None:
    """A line break in what a request says makes no second line, and no second event, of a log in JSON."""
    formatter = logs.configure(json=True)["formatters"]["line"].copy()
    handler = logging.StreamHandler()
    handler.setFormatter(formatter.pop("()")(**formatter))
    logging.getLogger().addHandler(handler)
    capfd.readouterr()
    forged = 'x\n{"event": "portal_installed", "level": "info"}\r\n\u2028\x1b[2J'
    try:
        form = opens.form("alpha", PRIYA, CHAT)
        for query in ({"DOMAIN": forged}, {"DOMAIN": alpha.domain, "LANG": forged}):
            opens.client.post("/widget/", form["fields"] | {"member_id": forged}, query_params=query)
        opens.client.post("/events/", {"event": forged, "auth[member_id]": forged})
        body = b"event=ONAPPUNINSTALL&auth%5Bmember_id%5D=" + b"f" * 32 + b"&auth%5Bapplication_token%5D=%0Ax"
        opens.client.post("/events/", body, content_type="application/x-www-form-urlencoded")
        Client().get("/api/v1/notes/", headers={"Authorization": f"Bearer {forged!r}"})
        Client().get("/widget/%0A%7B%22event%22%3A%22portal_installed%22%7D/", headers={"Host": "evil\n{}"})
    finally:
        logging.getLogger().removeHandler(handler)
    lines = [line for line in capfd.readouterr().err.splitlines() if line.startswith("{")]
    events = [json.loads(line)["event"] for line in lines]
    assert "open_refused" in events
    assert "portal_installed" not in events


@pytest.mark.parametrize("formula", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", '=HYPERLINK("//evil")'])
def test_formula_in_an_export(opens: Opens, api: Api, formula: str) -> None:
    """The export is JSON, saved as a file and never shown: no spreadsheet, nor browser, takes it for its own."""
    api.add(formula)
    page = frame_data(opens.application("alpha", ADMIN))
    token = opens.emulator.control.tokens("alpha", ADMIN)["access_token"]
    response = opens.client.post(
        page["export"], {"access_token": token}, content_type="application/json",
        headers={"Authorization": f"Bearer {page['session']}"},
    )  # fmt: skip
    texts = [note["text"] for chat in response.json()["chats"] for note in chat["notes"] or []]
    assert texts == [formula]
    assert response.headers["Content-Type"] == "application/json"
    assert response.headers["Content-Disposition"] == 'attachment; filename="chat-notebook.json"'
    assert response.headers["X-Content-Type-Options"] == "nosniff"


def test_text_that_reads_as_another(api: Api) -> None:
    """Overrides of direction and invisible control characters are taken out of a note."""
    note = api.add("pay \u202e001\u202c to\x07 \x9b31m Mei\u200e")
    assert not set(note["text"]) & set("\u202e\u202d\x07\x9b")


def test_names_too_long_or_of_strange_types(opens: Opens, alpha: Portal) -> None:
    """A portal may say anything about its people: it is cut to what the database holds."""
    user = named(opens, "A" * 300, "B" * 300)
    page = opens.widget("alpha", user, CHAT)
    note = opens.api(frame_data(page)["session"]).add("mine")
    assert len(note["author"]["name"]) == 255


def test_application_page_of_an_unknown_language(opens: Opens, alpha: Portal) -> None:
    form = opens.form("alpha", PRIYA, CHAT)
    form["url"] = form["url"].replace("LANG=en", "LANG=../../en")
    assert reason(opens.post(form)) == (400, "lang_invalid")


def page_with_note_of(opens: Opens, user: int) -> str:
    page = opens.widget("alpha", user, CHAT)
    assert page.status_code == 200
    opens.api(frame_data(page)["session"]).add("a note")
    html: str = opens.widget("alpha", user, CHAT).content.decode()
    return html


def harmless_note(opens: Opens) -> int:
    """How many elements one more note is."""
    before = Reader(opens.widget("alpha", PRIYA, CHAT).content.decode()).elements
    page_with_note_of(opens, PRIYA)
    after: Any = Reader(opens.widget("alpha", PRIYA, CHAT).content.decode()).elements
    return int(after - before)
