"""Attacks through browsers: framing, caches, cookies, sniffing, redirects, other sites' requests, forged hosts."""

import re
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

import pytest
from django.test import Client

from portals.bitrix24.payloads import OpenRequest
from portals.models import Portal
from portals.outgoing import addresses, suspicion
from tests.security.conftest import ADMIN, CHAT, LUCIA, PRIYA
from tests.support.emulator import ROOT
from tests.support.opens import Api, Opens

pytestmark = pytest.mark.django_db


def ancestors(response: Any) -> str:
    found = re.search(r"frame-ancestors ([^;]*)", response.headers["Content-Security-Policy"])
    assert found
    return found[1]


def at(domain: str, form: dict[str, Any]) -> dict[str, Any]:
    """The form as it comes from a page of ``domain``."""
    return form | {"url": re.sub(r"DOMAIN=[^&]*", f"DOMAIN={quote(domain, safe='')}", form["url"])}


def test_framing_from_another_origin(opens: Opens, alpha: Portal, beta: Portal) -> None:
    """Each page names the portal that may frame it; so does every page without a proof."""
    for response in (
        opens.widget("alpha", PRIYA, CHAT),
        opens.application("alpha", ADMIN),
        opens.install("alpha"),
    ):
        assert (response.status_code, ancestors(response)) == (200, alpha.origin)
    assert ancestors(opens.widget("beta", ADMIN, "chat21")) == beta.origin


def test_framing_under_the_second_name_of_a_portal(opens: Opens, alpha: Portal) -> None:
    """A self-hosted portal is framed under the name that the browser knows, by who holds the viewer's token."""
    name = alpha.domain.replace("localhost", "intranet.example")
    pages = {
        "widget": opens.form("alpha", PRIYA, CHAT),
        "application": opens.emulator.control.open("alpha", ADMIN, placement="DEFAULT"),
        "installer": opens.emulator.control.install("alpha"),
    }
    for form in pages.values():
        response = opens.post(at(name, form))
        assert (response.status_code, ancestors(response)) == (200, f"{alpha.origin} http://{name}")
        policy = f"{response.headers['Content-Security-Policy']};"
        assert f"connect-src 'self' {alpha.origin} http://{name};" in policy
    stolen = opens.post(at("attacker.example", pages["widget"]), AUTH_ID="0" * 70)
    assert (stolen.status_code, "frame-data" in stolen.content.decode()) == (403, False)


def test_framing_under_a_name_that_nobody_confirms(opens: Opens, alpha: Portal) -> None:
    """Not even a proof that is known already is enough, if the authorization server does not answer."""
    form = opens.form("alpha", PRIYA, CHAT)
    assert opens.post(form).status_code == 200
    opens.emulator.control.fault("oauth", "500")
    response = opens.post(at("attacker.example", form))
    assert (response.status_code, ancestors(response)) == (200, alpha.origin)


def test_a_viewer_who_claims_one_name_after_another(opens: Opens, alpha: Portal) -> None:
    """Each name is a question to the authorization server, and a token has few of them."""
    form = opens.form("alpha", PRIYA, CHAT)
    assert opens.post(form).status_code == 200
    opens.emulator.control.forget_requests()
    for number in range(suspicion.ASKS_OF_TOKEN + 5):
        response = opens.post(at(f"name{number}.example", form))
    assert (response.status_code, ancestors(response)) == (200, alpha.origin)
    assert len(opens.emulator.control.requests("oauth")) < suspicion.ASKS_OF_TOKEN + 1


def test_framing_of_a_portal_in_the_cloud(opens: Opens, alpha: Portal) -> None:
    """It has one name at a time; no question is asked about another."""
    form = at("attacker.example", opens.form("alpha", PRIYA, CHAT))
    opened = OpenRequest.parse(dict(parse_qsl(urlsplit(form["url"]).query)), form["fields"])
    opens.emulator.control.forget_requests()
    alpha.client_endpoint = "https://acme.bitrix24.com/rest/"
    assert addresses.origins(alpha, opened) == ("https://acme.bitrix24.com",)
    assert opens.emulator.control.requests("oauth") == []


def test_a_second_name_in_plain_http_needs_a_trusted_network(
    opens: Opens, alpha: Portal, settings: Any
) -> None:
    form = opens.form("alpha", PRIYA, CHAT)
    opened = OpenRequest.parse(dict(parse_qsl(urlsplit(form["url"]).query)), form["fields"])
    opened = replace(opened, domain="intranet.example")
    assert addresses.origins(alpha, opened)[1:] == ("http://intranet.example",)
    settings.BITRIX24_TRUSTED_NETWORKS = []
    assert addresses.origins(alpha, opened)[1:] == ("https://intranet.example",)


def test_framing_of_everything_else(client: Client, alpha: Portal) -> None:
    for path in ("/", "/widget/", "/app/", "/install/", "/events/", "/api/v1/", "/healthz", "/nothing"):
        response = client.get(path)
        assert ancestors(response) == "'none'", path
    assert client.get("/admin/login/").headers["X-Frame-Options"] == "DENY"


def test_refusal_shown_by_an_attackers_site_tells_nothing(opens: Opens, alpha: Portal) -> None:
    """A refusal may be framed by whoever caused it: there is nothing of anybody in it."""
    form = opens.form("alpha", LUCIA, CHAT, handler="http://127.0.0.1:8000/widget/")
    form["url"] = re.sub(r"DOMAIN=[^&]*", "DOMAIN=attacker.example", form["url"])
    page = opens.post(form)
    assert page.status_code == 403
    assert "frame-data" not in page.content.decode()
    for secret in (alpha.member_id, alpha.domain, form["fields"]["AUTH_ID"]):
        assert secret not in page.content.decode()


def test_cache_poisoning_across_portals_and_viewers(opens: Opens, alpha: Portal, beta: Portal) -> None:
    """Nothing that depends on who asks may be kept by a cache on the way."""
    for response in (
        opens.widget("alpha", PRIYA, CHAT),
        opens.widget("beta", ADMIN, "chat21"),
        opens.application("alpha", ADMIN),
        opens.post(opens.form("alpha", PRIYA, CHAT), AUTH_ID="0" * 70),
        opens.install("alpha"),
        opens.api("none").call("GET", "notes/"),
        opens.client.post("/app/export/", "{}", content_type="application/json"),
    ):
        assert response.headers["Cache-Control"] == "no-store"


def test_cookies_of_a_frame(opens: Opens, alpha: Portal) -> None:
    """Pages in frames set none and heed none: there is nothing to fix, to steal or to ride on."""
    opens.client.cookies["sessionid"] = opens.client.cookies["csrftoken"] = "x" * 32
    for response in (opens.widget("alpha", PRIYA, CHAT), opens.application("alpha", ADMIN)):
        assert response.status_code == 200
        assert not response.cookies


def test_sniffing_of_content(opens: Opens, api: Api) -> None:
    for response in (
        opens.widget("alpha", PRIYA, CHAT),
        api.call("GET", "notes/"),
        opens.client.get("/healthz"),
    ):
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert response.headers["Referrer-Policy"] == "same-origin"


@pytest.mark.parametrize("host", ["attacker.example", "127.0.0.1.attacker.example", "testserver@evil", "a b"])
def test_forged_host(opens: Opens, alpha: Portal, host: str) -> None:
    """Addresses are built from PUBLIC_URL; a host that is not ours is answered by nothing."""
    form = opens.form("alpha", PRIYA, CHAT)
    for path in ("/widget/", "/api/schema/", "/admin/login/", "/"):
        response = opens.client.post(path, form["fields"], headers={"Host": host})
        assert response.status_code == 400
        assert "attacker" not in response.content.decode()


def test_forged_forwarding_headers(opens: Opens, alpha: Portal) -> None:
    forged = {"X-Forwarded-Host": "attacker.example", "X-Forwarded-Port": "1", "X-Host": "attacker.example",
              "Forwarded": "host=attacker.example", "X-Original-URL": "/admin/",
              "X-Rewrite-URL": "/admin/"}  # fmt: skip
    form = opens.form("alpha", PRIYA, CHAT)
    page = opens.client.post(
        form["url"].removeprefix("http://127.0.0.1:8000"), form["fields"], headers=forged
    )
    assert page.status_code == 200
    assert "attacker.example" not in page.content.decode() + str(page.headers)
    opens.client.post("/install/", opens.emulator.control.install("alpha")["fields"], headers=forged)
    for placement in opens.emulator.control.installation("alpha")["placements"]:
        assert placement["handler"].startswith("http://127.0.0.1:8000/")


@pytest.mark.parametrize(
    "path",
    ["//attacker.example", "//attacker.example/", "/\\attacker.example", "/widget//attacker.example",
     "/admin/login/?next=//attacker.example/", "/admin/?next=https://attacker.example",
     "/api/v1//attacker.example/..", "/admin/logout/?next=https://attacker.example/"],
)  # fmt: skip
def test_open_redirect(client: Client, path: str) -> None:
    for response in (client.get(path), client.post(path, {"next": "https://attacker.example/"})):
        target = response.headers.get("Location", "/")
        assert target.startswith("/")
        assert not target.startswith(("//", "/\\"))


def test_open_redirect_after_sign_in(client: Client, django_user_model: Any) -> None:
    django_user_model.objects.create_superuser("operator", password="correct horse battery")
    fields = {
        "username": "operator",
        "password": "correct horse battery",
        "next": "https://attacker.example/",
    }
    response = client.post("/admin/login/", fields)
    assert "attacker.example" not in response.headers.get("Location", "")


@pytest.mark.parametrize("path", ["/app/settings/", "/app/export/", "/app/erase/", "/api/v1/notes/"])
def test_request_of_another_site(opens: Opens, alpha: Portal, path: str) -> None:
    """What another site can make a browser send (a form, cookies) is no proof; no answer lets a site read it."""
    origin = {"Origin": "https://attacker.example"}
    posted = opens.client.post(path, {"confirm": "true", "text": "x"}, headers=origin)
    asked = opens.client.options(path, headers=origin | {"Access-Control-Request-Method": "POST"})
    assert posted.status_code in (401, 415)
    for response in (posted, asked):
        assert not [name for name in response.headers if name.lower().startswith("access-control-")]


def test_scripts_of_other_origins(opens: Opens, alpha: Portal) -> None:
    """A policy with this answer's nonce: no inline code, no code of other hosts, no base, no plugins."""
    first, second = (opens.widget("alpha", PRIYA, CHAT).headers["Content-Security-Policy"] for _ in range(2))
    nonces = {re.findall(r"'nonce-([^']+)'", policy)[0] for policy in (first, second)}
    assert len(nonces) == 2
    assert "unsafe" not in first
    assert "default-src 'none'" in first
    assert "base-uri 'none'" in first
    assert "http" not in re.search(r"script-src ([^;]*)", first)[1]  # type: ignore[index]


def test_code_of_others_in_the_documentation(client: Client) -> None:
    """The pages at our origin run what we ship: an operator's session lives at the same origin."""
    page = client.get("/api/docs/")
    assert page.status_code == 200
    assert not re.findall(r'(?:src|href)="(?:https?:)?//', page.content.decode())
    assert "unsafe" not in re.search(r"script-src ([^;]*)", page.headers["Content-Security-Policy"])[1]  # type: ignore[index]


def test_messages_of_other_windows() -> None:
    """Our scripts listen to no messages themselves: the SDK does, and hears its parent alone."""
    ours = [
        path.read_text()
        for folder in ("portals/frames", "widget")
        for path in ROOT.glob(f"*/static/{folder}/*.js")
    ]
    assert len(ours) > 20
    for text in ours:
        assert "postMessage" not in text
        assert 'addEventListener("message"' not in text
        assert "eval(" not in text
        assert "document.write" not in text
