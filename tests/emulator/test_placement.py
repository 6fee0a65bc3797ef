"""placement.*: order of checks, validators at HTTP 200, counts."""

from typing import Any

import pytest

from tests.emulator.client import OPTIONS, PRIYA, WIDGET, Client


def test_bind_get_unbind(alpha: Client) -> None:
    assert alpha.bind().json()["result"] is True
    (bound,) = alpha.result("placement.get")

    assert bound.pop("id") > 0
    assert bound == {
        "placement": "IM_SIDEBAR",
        "userId": 0,
        "handler": WIDGET["HANDLER"],
        "title": "Notes",
        "description": "",
        "options": {
            "iconName": "fa-sticky-note-o",
            "context": "ALL",
            "role": "USER",
            "extranet": "N",
            "color": "",
        },
        "langAll": {"en": {"TITLE": "Notes", "DESCRIPTION": "", "GROUP_NAME": ""}},
    }
    again = alpha.bind()
    assert again.status_code == 400
    assert again.json() == {
        "error": "ERROR_CORE",
        "error_description": "Unable to set placement handler: Handler already binded",
    }
    alpha.bind(HANDLER="https://127.0.0.1/second/")
    assert alpha.result("placement.unbind", PLACEMENT="IM_SIDEBAR", HANDLER="https://x.y/") == {"count": 0}
    assert alpha.result("placement.unbind", placement="im_sidebar", handler=WIDGET["HANDLER"]) == {"count": 2}
    alpha.bind()
    assert alpha.result("placement.unbind", PLACEMENT="IM_SIDEBAR") == {"count": 4}
    assert alpha.result("placement.get") == []


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"PLACEMENT": ""}, 400, "ERROR_ARGUMENT"),
        ({"HANDLER": ""}, 400, "ERROR_ARGUMENT"),
        ({"HANDLER": "http://localhost/w/"}, 400, "ERROR_WRONG_HANDLER_URL"),
        ({"HANDLER": "/w/"}, 400, "ERROR_WRONG_HANDLER_URL"),
        ({"HANDLER": "ftp://app.example.com/"}, 400, "ERROR_UNSUPPORTED_PROTOCOL"),
        ({"PLACEMENT": "DEFAULT"}, 400, "ERROR_PLACEMENT_NOT_FOUND"),
        ({"PLACEMENT": "CRM_LEAD_LIST_MENU"}, 400, "ERROR_PLACEMENT_NOT_FOUND"),
        ({"OPTIONS": "text"}, 400, "ERROR_ARGUMENT"),
        ({"OPTIONS": {}}, 400, "ERROR_ARGUMENT"),
        ({"USER_ID": 3}, 400, "ERROR_PLACEMENT_USER_MODE"),
        ({"OPTIONS": {"iconName": ""}}, 200, "INVALID_ERROR_ICON_NAME"),
        ({"OPTIONS": {"iconName": "123"}}, 200, "INVALID_ERROR_ICON_NAME"),
        ({"OPTIONS": OPTIONS | {"context": "chat"}}, 200, "INVALID_ERROR_CONTEXT"),
        ({"OPTIONS": OPTIONS | {"context": "CHAT; CRM"}}, 200, "INVALID_ERROR_CONTEXT"),
        ({"OPTIONS": OPTIONS | {"role": "OWNER"}}, 200, "INVALID_ERROR_ROLE"),
        ({"OPTIONS": OPTIONS | {"extranet": True}}, 200, "INVALID_ERROR_EXTRANET"),
        ({"OPTIONS": OPTIONS | {"color": "TEAL"}}, 200, "INVALID_ERROR_COLOR"),
        ({"OPTIONS": OPTIONS | {"role": "X", "color": "TEAL"}}, 200, "INVALID_ERROR_COLOR"),
    ],
)
def test_refusals(alpha: Client, changes: dict[str, Any], status: int, code: str) -> None:
    answer = alpha.bind(**changes)

    assert (answer.status_code, answer.json()["error"]) == (status, code)
    assert alpha.result("placement.get") == []


def test_checks_come_in_order(alpha: Client) -> None:
    everything_wrong = {"PLACEMENT": "NOWHERE", "HANDLER": "http://localhost/", "OPTIONS": {}, "USER_ID": 1}

    def code() -> str:
        return str(alpha.bind(**everything_wrong).json()["error"])

    assert code() == "ERROR_WRONG_HANDLER_URL"
    everything_wrong["HANDLER"] = "http://app.example.com/"
    assert code() == "ERROR_PLACEMENT_NOT_FOUND"
    everything_wrong["PLACEMENT"] = "IM_SIDEBAR"
    assert code() == "ERROR_ARGUMENT"
    everything_wrong["OPTIONS"] = {"iconName": "1", "role": "X"}
    assert code() == "ERROR_PLACEMENT_USER_MODE"
    del everything_wrong["USER_ID"]
    assert code() == "INVALID_ERROR_ROLE"


def test_error_argument_names_it(alpha: Client) -> None:
    assert alpha.bind(HANDLER="").json() == {
        "error": "ERROR_ARGUMENT",
        "error_description": "Argument 'HANDLER' is null or empty",
        "argument": "HANDLER",
    }


def test_only_administrators(alpha: Client) -> None:
    assert alpha.error("placement.bind", PRIYA, **WIDGET, OPTIONS=OPTIONS) == (403, "ACCESS_DENIED")
    assert alpha.error("placement.get", PRIYA) == (403, "ACCESS_DENIED")
    assert alpha.error("placement.unbind", PRIYA, PLACEMENT="IM_SIDEBAR") == (403, "ACCESS_DENIED")
    assert "IM_SIDEBAR" in alpha.result("placement.list", PRIYA)


def test_unknown_options_are_dropped_and_values_cast(alpha: Client) -> None:
    alpha.bind(OPTIONS={"iconName": "fa-x", "width": 100, "color": "MINT"})

    options = alpha.result("placement.get")[0]["options"]
    assert options == {"iconName": "fa-x", "context": "ALL", "role": "USER", "extranet": "N", "color": "MINT"}


def test_the_dot_rule_can_be_switched_off(alpha: Client) -> None:
    alpha.emulator.control.settings("alpha", require_dot_in_handler_host=False)

    assert alpha.bind(HANDLER="http://localhost:8000/widget/").json()["result"] is True


def test_a_title_is_the_apps_unless_given(alpha: Client) -> None:
    alpha.bind(TITLE="")

    (bound,) = alpha.result("placement.get")
    assert bound["title"] == bound["langAll"]["en"]["TITLE"] == "Chat Notebook"


def test_each_placement_takes_its_own_options(alpha: Client) -> None:
    for placement in ("IM_NAVIGATION", "IM_CONTEXT_MENU", "REST_APP_URI"):
        assert alpha.bind(PLACEMENT=placement, OPTIONS=OPTIONS | {"color": "MINT"}).json()["result"] is True

    bound = {row["placement"]: row["options"] for row in alpha.result("placement.get")}
    assert bound == {
        "IM_NAVIGATION": {"iconName": OPTIONS["iconName"], "role": "USER", "extranet": "N"},
        "IM_CONTEXT_MENU": {"context": "ALL", "role": "USER", "extranet": "N"},
        "REST_APP_URI": [],
    }


def test_links_have_one_handler(alpha: Client) -> None:
    alpha.bind(PLACEMENT="REST_APP_URI")
    second = alpha.bind(PLACEMENT="REST_APP_URI", HANDLER="https://127.0.0.1/second/")
    assert (second.status_code, second.json()["error"]) == (400, "ERROR_PLACEMENT_MAX_COUNT")


def test_what_a_portal_lacks_is_not_found(alpha: Client) -> None:
    alpha.emulator.control.settings("alpha", lacks_placement="IM_SIDEBAR", lacks_event="ONAPPPAYMENT")
    assert alpha.bind().json()["error"] == "ERROR_PLACEMENT_NOT_FOUND"
    assert "IM_SIDEBAR" not in alpha.result("placement.list")
    bound = alpha.error("event.bind", event="ONAPPPAYMENT", handler="https://app.example.com/events/")
    assert bound == (400, "ERROR_EVENT_NOT_FOUND")
