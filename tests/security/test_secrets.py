"""Attacks that look for secrets: in logs, errors, pages, queues, caches and the database; and by their timing."""

import ast
import logging
from typing import Any

import pytest
from django.test import Client

from portals import tasks
from portals.incoming.events import inbox, registry
from portals.models import Portal
from tests.scenarios.test_secrets import dump_database, issued_tokens
from tests.security.conftest import ADMIN, CHAT, PRIYA
from tests.support.emulator import ROOT
from tests.support.events import Events
from tests.support.opens import Opens

pytestmark = pytest.mark.django_db


def dump_redis() -> str:
    """Keys and values of every type: the cache, the queues, what processes share."""
    from portals.infrastructure.shared import redis_client  # noqa: PLC0415

    redis: Any = redis_client()
    read = {b"string": redis.get, b"hash": redis.hgetall, b"set": redis.smembers}
    found = []
    for key in redis.scan_iter():
        kind = redis.type(key)
        found += [
            key,
            read[kind](key) if kind in read else redis.lrange(key, 0, -1) if kind == b"list" else b"",
        ]
    return str(found)


def test_secrets_at_rest_and_on_the_way(opens: Opens, events: Events, alpha: Portal) -> None:
    """Tokens of installs, opens and events: not in the database as text, nor in the queue, nor in the cache."""
    opens.widget("alpha", PRIYA, CHAT)
    opens.application("alpha", ADMIN)
    events.post(events.sent("ONAPPINSTALL"))
    tasks.enqueue(tasks.dispatch_events)
    for found in inbox.dispatchable():
        tasks.process_event.apply_async(found, retry=False)
    secrets = issued_tokens(opens) | {str(alpha.application_token)}
    assert len(secrets) > 4
    redis, database = dump_redis(), dump_database()
    assert "process_event" in redis
    assert {secret for secret in secrets if secret in redis + database} == set()


def test_secrets_in_an_error(
    opens: Opens, alpha: Portal, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever breaks in the middle of an open: the page and the log know no token."""
    form = opens.form("alpha", PRIYA, CHAT)
    client = Client(raise_request_exception=False)

    def broken(*_: Any, **__: Any) -> Any:
        raise ZeroDivisionError

    monkeypatch.setattr("widget.access.notes", broken, raising=False)
    monkeypatch.setattr("widget.notebook.notes.page", broken)
    with caplog.at_level(logging.DEBUG):
        response = Opens(opens.emulator, client).post(form)
    assert response.status_code == 500
    said = (
        response.content.decode() + caplog.text + "".join(str(record.__dict__) for record in caplog.records)
    )
    for name in ("AUTH_ID", "REFRESH_ID", "APPLICATION_TOKEN"):
        assert form["fields"][name] not in said


def test_secrets_in_what_python_shows(opens: Opens, alpha: Portal) -> None:
    """``repr`` of everything that carries a token leaves it out: tracebacks and logs print it."""
    from portals.bitrix24.payloads import OpenRequest  # noqa: PLC0415
    from portals.lifecycle.install import InstallClaim  # noqa: PLC0415
    from portals.outgoing import gateway  # noqa: PLC0415
    from widget.access import OpenClaim  # noqa: PLC0415

    form = opens.form("alpha", PRIYA, CHAT)
    opened = OpenRequest.parse({"DOMAIN": "a.example"}, form["fields"])
    token = form["fields"]["AUTH_ID"]
    shown = [opened, OpenClaim.of(opened), InstallClaim.of(opened), gateway.portal(alpha, token),
             alpha.tokens.first(), gateway.any_authorization_server(), gateway.transport()]  # fmt: skip
    for each in shown:
        for secret in (
            token,
            form["fields"]["REFRESH_ID"],
            opens.emulator.client_secret,
            alpha.application_token,
        ):
            assert str(secret) not in repr(each) + str(each)


def test_timing_of_the_application_token() -> None:
    """No token is compared by ``==``, which stops at the first difference: the sources show it."""
    compared = []
    for path in [*(ROOT / "portals").rglob("*.py"), *(ROOT / "widget").rglob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Compare) or not any(
                isinstance(op, ast.Eq | ast.NotEq) for op in node.ops
            ):
                continue
            sides = [ast.unparse(side).lower() for side in (node.left, *node.comparators)]
            if any(side.endswith("token") for side in sides):
                compared.append(f"{path.name}: {ast.unparse(node)}")
    assert compared == []
    assert "constant_time_compare" in (ROOT / "portals/incoming/events/proof.py").read_text()


def test_secrets_in_the_metrics_and_health(
    opens: Opens, events: Events, alpha: Portal, client: Client
) -> None:
    """Neither tokens nor portals: labels are codes of ours."""
    opens.widget("alpha", PRIYA, CHAT)
    events.post(events.sent("ONAPPINSTALL"))
    events.post({"event": "ONSECRET", "auth[member_id]": alpha.member_id})
    for path in ("/metrics", "/healthz", "/readyz", "/api/schema/"):
        text = client.get(path).content.decode()
        for secret in issued_tokens(opens) | {alpha.member_id, alpha.domain, "ONSECRET"}:
            assert secret not in text, path


def test_every_kind_of_event_is_attacked() -> None:
    assert set(registry.bound_codes()) == {"ONAPPINSTALL", "ONAPPPAYMENT", "ONAPPUNINSTALL", "ONAPPUPDATE"}
