"""Method batch."""

import requests

from tests.emulator.client import HELENA, PRIYA, Client


def test_results_errors_and_counters(alpha: Client) -> None:
    body = alpha.result(
        "batch",
        PRIYA,
        cmd={
            "me": "profile",
            "denied": "im.dialog.get?DIALOG_ID=chat23",
            "people": "im.dialog.users.list?DIALOG_ID=chat22&LIMIT=2",
        },
    )

    assert body["result"]["me"]["ID"] == str(PRIYA)
    assert set(body["result"]) == {"me", "people"}
    assert body["result_error"]["denied"]["error"] == "ACCESS_ERROR"
    assert body["result_total"] == {"people": 4}
    assert body["result_next"] == {"people": 2}
    assert set(body["result_time"]) == {"me", "people"}


def test_empty_maps_and_number_keys_are_arrays(alpha: Client) -> None:
    body = alpha.result("batch", cmd=["profile", "user.admin"])

    assert body["result"][1] is True
    assert body["result_error"] == body["result_total"] == body["result_next"] == []
    assert alpha.result("batch", cmd={})["result"] == []


def test_references_are_replaced_textually(alpha: Client) -> None:
    body = alpha.result(
        "batch",
        PRIYA,
        cmd={
            "deal": "im.chat.get?ENTITY_TYPE=CRM&ENTITY_ID=DEAL%7C15",
            "chat": "im.dialog.get?DIALOG_ID=chat$result[deal][ID]",
            "people": "im.dialog.users.list?DIALOG_ID=chat%24result%5Bdeal%5D%5BID%5D",
            "first": "user.get?ID=$result[people][0][id]",
            "none": "im.dialog.get?DIALOG_ID=chat$result[nothing][ID]",
        },
    )

    assert body["result"]["chat"]["id"] == body["result"]["deal"]["ID"] == 25
    assert body["result"]["first"][0]["ID"] == "1"
    assert body["result_error"]["none"]["error"] == "DIALOG_ID_EMPTY"


def test_halt_stops_at_the_first_error(alpha: Client) -> None:
    cmd = {"a": "profile", "b": "no.such.method", "c": "profile"}

    going_on = alpha.result("batch", cmd=cmd)
    halted = alpha.result("batch", cmd=cmd, halt=1)

    assert set(going_on["result"]) == {"a", "c"}
    assert set(halted["result"]) == {"a"}
    assert set(halted["result_error"]) == {"b"}


def test_limits_of_a_batch(alpha: Client) -> None:
    body = alpha.result("batch", cmd={f"c{n}": "user.admin" for n in range(52)})
    nested = alpha.result("batch", cmd={"x": "batch?cmd[a]=profile"})

    assert len(body["result"]) == 50
    assert set(body["result_error"]) == {"c50", "c51"}
    assert body["result_error"]["c50"]["error"] == "ERROR_BATCH_LENGTH_EXCEEDED"
    assert nested["result_error"]["x"]["error"] == "ERROR_BATCH_METHOD_NOT_ALLOWED"


def test_urlencoded_commands_with_nested_parameters(alpha: Client) -> None:
    handler = "http%3A%2F%2F127.0.0.1%3A8000%2Fw%2F"
    command = f"placement.bind?placement=IM_SIDEBAR&handler={handler}&options[iconName]=fa-x"
    body = {"auth": alpha.token(HELENA), "cmd[bind]": command, "cmd[get]": "placement.get"}

    answer = requests.post(f"{alpha.endpoint}batch.json", data=body, timeout=10).json()["result"]["result"]

    assert answer["bind"] is True
    assert answer["get"][0]["handler"] == "http://127.0.0.1:8000/w/"


def test_insufficient_scope_is_wordless_inside(alpha: Client) -> None:
    alpha.emulator.control.application(alpha.emulator.client_id, scope=["placement"])
    narrow = Client.installed(alpha.emulator, "alpha")

    body = narrow.result("batch", cmd={"x": "im.dialog.get?DIALOG_ID=chat22"})

    assert body["result_error"]["x"] == {"error": "insufficient_scope", "error_description": ""}
