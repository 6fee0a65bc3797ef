"""Cards: which ones a chat has, and what stands in the page before any script runs."""

import re
from collections.abc import Callable

import pytest

from portals.incoming.frames import image_sources
from portals.models import Portal
from tests.support.opens import Opens

pytestmark = pytest.mark.django_db

PRIYA = 3
Install = Callable[..., Portal]


def tabs(html: str) -> list[str]:
    return re.findall(r'role="tab" id="tab-(\w+)"', html)


def test_notes_come_first_and_live_cards_wait_to_be_looked_at(opens: Opens, installed: Install) -> None:
    installed()
    html = opens.widget("alpha", PRIYA, "chat22").content.decode()

    assert tabs(html) == ["notes", "people", "files"]
    assert html.count('data-module="/static/widget/cards/') == 2
    assert "card-crm" not in html


def test_the_deal_of_a_chat_is_a_link_before_any_script_runs(opens: Opens, installed: Install) -> None:
    portal = installed()
    for _ in ("cold", "warm"):
        html = opens.widget("alpha", PRIYA, "chat25").content.decode()
        assert f'href="{portal.origin}/crm/deal/details/15/"' in html


@pytest.mark.parametrize("entity", ["DEAL|15/../../", "DEAL|", "ORDER|3", "DEAL|-1", '"><script>|1'])
def test_an_entity_we_cannot_name_has_no_card(opens: Opens, installed: Install, entity: str) -> None:
    installed()
    chat = opens.emulator.control.add_chat(
        "alpha", title="x", members=[PRIYA], owner=PRIYA, entity_type="CRM", entity_id=entity
    )
    assert "card-crm" not in opens.widget("alpha", PRIYA, f"chat{chat}").content.decode()


def test_a_card_without_its_scope_explains_itself(opens: Opens, installed: Install) -> None:
    portal = installed()
    portal.scope = ["im", "placement"]
    portal.save(update_fields=["scope"])
    html = opens.widget("alpha", PRIYA, "chat22").content.decode()

    assert "needs the permission “disk”" in html
    assert "cards/files.js" not in html
    assert "cards/people.js" in html


def test_avatars_may_come_from_the_portal_and_from_nowhere_else(opens: Opens, installed: Install) -> None:
    portal = installed()
    policy = opens.widget("alpha", PRIYA, "chat22").headers["Content-Security-Policy"]

    assert f"img-src 'self' data: {portal.origin}" in policy
    assert image_sources("https://acme.bitrix24.ru") == [
        "https://acme.bitrix24.ru",
        "https://cdn.bitrix24.ru",
        "https://cdn-ru.bitrix24.ru",
    ]
    assert image_sources("https://bitrix.example.com") == ["https://bitrix.example.com"]
