"""Placements and event handlers as values, and the difference to what a portal has."""

import dataclasses

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portals.bitrix24.errors import BadAnswer, CoreFailure
from portals.bitrix24.handlers import EventHandler, difference
from portals.bitrix24.languages import LANGUAGES
from portals.bitrix24.placements import (
    Bound,
    BoundPlacement,
    Color,
    Context,
    MessengerPlacement,
    Role,
    bound_placements,
)
from portals.bitrix24.rest import RestClient
from tests.support.emulator import Emulator

URL = "https://app.example.com/widget/"
ITEM = MessengerPlacement(
    "IM_SIDEBAR", URL, icon_name="fa-book", lang_all={"en": "Notebook", "de": "Notizen"}
)
UPDATE = EventHandler("ONAPPUPDATE", "https://app.example.com/events/")


def replaced(**changes: object) -> MessengerPlacement:
    return dataclasses.replace(ITEM, **changes)  # type: ignore[arg-type]


def present(client: RestClient) -> list[Bound]:
    return bound_placements(client.call("placement.get"))


def test_what_is_sent():
    item = replaced(
        context=frozenset({Context.CRM, Context.USER}), role=Role.ADMIN, extranet=True, color=Color.MINT
    )
    assert item.bind() == (
        "placement.bind",
        {
            "PLACEMENT": "IM_SIDEBAR",
            "HANDLER": URL,
            "LANG_ALL": {"en": {"TITLE": "Notebook"}, "de": {"TITLE": "Notizen"}},
            "OPTIONS": {
                "iconName": "fa-book",
                "context": "USER;CRM",
                "role": "ADMIN",
                "extranet": "Y",
                "color": "MINT",
            },
        },
    )
    assert item.unbind() == ("placement.unbind", {"PLACEMENT": "IM_SIDEBAR", "HANDLER": URL})


def test_no_color_is_not_sent_and_all_wins():
    _, params = replaced(context=frozenset(Context)).bind()
    assert params["OPTIONS"] == {"iconName": "fa-book", "context": "ALL", "role": "USER", "extranet": "N"}


@pytest.mark.parametrize(
    "changes",
    [
        {"code": "CRM_DEAL_DETAIL_TAB"},
        {"handler": ""},
        {"handler": "http://localhost:8000/widget/"},
        {"handler": "ftp://app.example.com/"},
        {"handler": "https://app.example.com/" + "x" * 240},
        {"icon_name": ""},
        {"icon_name": "123"},
        {"icon_name": "fa-" + "x" * 50},
        {"icon_name": '"><script>'},
        {"context": frozenset()},
        {"lang_all": {}, "title": ""},
        {"lang_all": {"en": ""}},
        {"lang_all": {"en-US": "Notes"}},
        {"lang_all": {"en": "x" * 256}},
        {"lang_all": {}, "title": "x" * 256},
    ],
)
def test_what_a_portal_would_refuse_cannot_be_made(changes):
    with pytest.raises(ValueError, match=r"."):
        replaced(**changes)


def test_a_title_of_its_own_is_sent_in_every_language():
    _, params = replaced(lang_all={}, title=" Team notes ").bind()
    assert "TITLE" not in params
    assert params["LANG_ALL"] == {key: {"TITLE": "Team notes"} for key in LANGUAGES}


@pytest.mark.parametrize(
    "titles", [{"en": {"TITLE": "N"}}, {"ru": {"TITLE": "N"}}, {key: {"TITLE": "N"} for key in LANGUAGES}]
)
def test_one_title_is_the_same_under_whatever_languages_a_portal_keeps_it(titles):
    row = {"placement": "IM_SIDEBAR", "handler": URL, "title": "N", "langAll": titles}
    found = bound_placements([row | {"options": {"iconName": "fa-book"}}])
    assert not difference([replaced(lang_all={}, title="N")], found)
    assert difference([replaced(lang_all={}, title="M")], found)


@pytest.mark.parametrize(
    ("code", "options"),
    [
        ("IM_CONTEXT_MENU", {"context": "CHAT", "role": "ADMIN", "extranet": "N"}),
        ("IM_NAVIGATION", {"iconName": "fa-book", "role": "ADMIN", "extranet": "N"}),
    ],
)
def test_a_place_is_sent_the_options_that_it_takes(code, options):
    item = replaced(code=code, context=frozenset({Context.CHAT}), role=Role.ADMIN, color=Color.RED)
    assert item.bind()[1]["OPTIONS"] == options
    assert item.unbind() == ("placement.unbind", {"PLACEMENT": code, "HANDLER": URL})


def test_values_can_be_hashed_and_compared():
    assert len({ITEM, replaced(), replaced(extranet=True)}) == 2
    assert replaced(title="ignored on the portal, as lang_all is given") == ITEM


@pytest.mark.parametrize(
    "changes",
    [
        {"icon_name": "fa-pencil"},
        {"lang_all": {"en": "Notebook"}},
        {"lang_all": {}, "title": "Notebook"},
        {"context": frozenset({Context.CHAT})},
        {"role": Role.ADMIN},
        {"extranet": True},
        {"color": Color.RED},
    ],
)
def test_a_changed_option_is_unbound_and_bound(changes):
    changed = replaced(**changes)
    found = difference([changed], [ITEM])
    assert (found.bind, found.unbind) == ((changed,), (ITEM,))
    assert [method for method, _ in found.commands("side").values()] == ["placement.unbind", "placement.bind"]


def test_equal_means_nothing_to_do():
    found = difference([ITEM, UPDATE], [UPDATE, replaced()])
    assert not found
    assert found.commands("x") == {}


def test_what_is_not_wanted_goes():
    old = replaced(handler="https://old.example.com/widget/")
    other = BoundPlacement("IM_TEXTAREA", URL)
    found = difference([ITEM], [old, ITEM, other])
    assert (found.bind, found.unbind) == ((), (old, other))


def test_what_is_shown_twice_is_unbound_once_and_bound_again():
    found = difference([ITEM], [ITEM, replaced(extranet=True)])
    assert (found.bind, found.unbind) == ((ITEM,), (ITEM,))


def test_an_answer_with_phps_liberties():
    row = {"placement": "im_sidebar", "handler": URL, "title": "Notes", "options": [], "langAll": []}
    assert bound_placements([row]) == [BoundPlacement("im_sidebar", URL)]
    (item,) = bound_placements({"4": row | {"options": {"iconName": "fa-book", "color": ""}}})
    assert item == MessengerPlacement("IM_SIDEBAR", URL, icon_name="fa-book", title="Notes")
    assert bound_placements([]) == bound_placements(False) == bound_placements(None) == []
    with pytest.raises(BadAnswer):
        bound_placements([{"placement": "IM_SIDEBAR"}])


@pytest.mark.parametrize(
    "option", [{"color": "BEIGE"}, {"role": "KING"}, {"context": "ALL;"}, {"iconName": ""}]
)
def test_a_row_with_unknown_options_can_still_be_unbound(option):
    row = {
        "placement": "IM_SIDEBAR",
        "handler": URL,
        "title": "x",
        "options": {"iconName": "fa-book"} | option,
    }
    found = difference([ITEM], bound_placements([row]))
    assert found.bind == (ITEM,)
    assert [handler.unbind() for handler in found.unbind] == [ITEM.unbind()]


def test_event_rows():
    rows = [
        {"event": "onappupdate", "handler": UPDATE.handler, "auth_type": "7", "offline": 0},
        {"event": "ONAPPUNINSTALL", "connector_id": "", "offline": 1},
    ]
    (found,) = EventHandler.all_from(rows)
    assert found == UPDATE
    assert found.unbind()[1]["auth_type"] == 7
    assert EventHandler.all_from([]) == []


@pytest.mark.parametrize(
    ("event", "handler"),
    [("onappupdate", URL), ("", URL), ("ON APP", URL), ("ONAPPUPDATE", "http://localhost/")],
)
def test_event_handlers_are_checked(event, handler):
    with pytest.raises(ValueError, match=r"."):
        EventHandler(event, handler)


def test_event_handlers_on_a_portal(client: RestClient):
    wanted = [UPDATE, EventHandler("ONAPPUNINSTALL", UPDATE.handler)]
    before = EventHandler.all_from(client.call("event.get"))
    found = client.batch(difference(wanted, before).commands("events"))
    assert not found.errors
    after = EventHandler.all_from(client.call("event.get"))
    assert not difference(wanted, after)
    assert not client.batch(difference(wanted[:1], after).commands("events")).errors
    assert EventHandler.all_from(client.call("event.get")) == wanted[:1]


def test_a_changed_item_on_a_portal(client: RestClient):
    client.call(*ITEM.bind())
    with pytest.raises(CoreFailure):
        client.call(*ITEM.bind())
    wanted = replaced(role=Role.ADMIN, color=Color.KHAKI)
    found = client.batch(difference([wanted], present(client)).commands("side"))
    assert not found.errors
    assert present(client) == [wanted]


words = st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=60).filter(str.strip)
items = st.builds(
    MessengerPlacement,
    code=st.sampled_from(["IM_SIDEBAR", "IM_TEXTAREA", "IM_CONTEXT_MENU", "IM_NAVIGATION"]),
    handler=st.from_regex(r"\Ahttps://app\.example\.com/[a-z0-9/?&=_-]{0,40}\Z"),
    icon_name=st.from_regex(r"\Afa-[a-z][a-z0-9-]{0,40}\Z"),
    title=words,
    lang_all=st.dictionaries(st.sampled_from(list(LANGUAGES)), words, max_size=4),
    context=st.frozensets(st.sampled_from(Context), min_size=1),
    role=st.sampled_from(Role),
    extranet=st.booleans(),
    color=st.sampled_from(Color),
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(items)
def test_what_was_bound_needs_no_change(installed: Emulator, client: RestClient, item: MessengerPlacement):
    installed.control.bucket("alpha", enabled=False)
    change = difference([item], present(client))
    if change:
        client.batch(change.commands("side"))
    assert not difference([item], present(client))
