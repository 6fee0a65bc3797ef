"""Tokens never leave their field: not into logs, pages, exceptions, the cache, nor the database in the clear."""

import re
from typing import Any

import pytest
import redis
from django.db import connection

from tests.support.opens import Opens, frame_data

pytestmark = pytest.mark.django_db


def test_no_token_shows_anywhere(
    opens: Opens,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    settings: Any,
) -> None:
    pages = [opens.install()]
    opens.emulator.control.install_finish("alpha")
    form = opens.form("alpha", 3, "chat22")
    pages += [opens.post(form), opens.post(form), opens.application("alpha", 1)]
    api = opens.api(frame_data(pages[1])["session"])
    api.add("a note")
    for fault in ("500", "html", "garbage", "query_limit"):
        opens.emulator.control.fault("alpha", fault)
        pages.append(opens.widget("alpha", 4, "chat22"))
    opens.emulator.control.fault("alpha")
    pages.append(opens.post(form, member_id="f" * 32))

    secrets = issued_tokens(opens)
    assert len(secrets) > 5
    written = capfd.readouterr()
    places = {
        "log": caplog.text + written.out + written.err,
        "pages": "".join(page.content.decode() for page in pages),
        "headers": "".join(str(page.headers) for page in pages),
        "cache": dump_cache(settings.REDIS_URL),
        "database": dump_database(),
    }
    assert {name for name, text in places.items() if any(secret in text for secret in secrets)} == set()


def issued_tokens(opens: Opens) -> set[str]:
    """Every token that went over the wire, as the emulator saw it, and the client secret."""
    text = str(opens.emulator.control.requests())
    found = set(re.findall(r"'(?:auth|refresh_token|access_token)': '([^']{20,})'", text))
    return found | {opens.emulator.client_secret}


def dump_cache(url: str) -> str:
    with redis.Redis.from_url(url, decode_responses=True) as client:
        keys = list(client.scan_iter())
        return str(keys) + str([client.get(key) for key in keys if client.type(key) == "string"])


def dump_database() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'")
        tables = [name for (name,) in cursor.fetchall()]
        text = ""
        for table in tables:
            cursor.execute(f'SELECT * FROM "{table}"')  # noqa: S608 - names come from the database itself
            text += str(cursor.fetchall())
    return text
