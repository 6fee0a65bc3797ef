"""`batch`.

SOURCE: b24restdocs settings/how-to-call-rest-api/batch.md, August 2026; what a missing reference becomes: portal
source, module rest, May 2026.
"""

from tests.emulator.client import PRIYA, Client


def test_a_reference_is_the_value_it_names(alpha: Client) -> None:
    result = alpha.result(
        "batch",
        PRIYA,
        cmd={
            "dialog": "im.dialog.get?DIALOG_ID=chat22",
            "members": "im.chat.user.list?CHAT_ID=$result[dialog][id]",
        },
    )

    assert result["result"]["members"] == [1, 3, 4, 7]


def test_a_missing_reference_is_the_deepest_value_that_is_there(alpha: Client) -> None:
    """An array, which PHP counts as 1: after a refused dialog another chat's members may come back."""
    alpha.emulator.control.add_chat("alpha", members=[PRIYA])
    result = alpha.result(
        "batch",
        PRIYA,
        cmd={
            "me": "profile",
            "dialog": "im.dialog.get?DIALOG_ID=chat23",
            "members": "im.chat.user.list?CHAT_ID=$result[dialog][id]",
        },
    )

    assert result["result_error"]["dialog"]["error"] == "ACCESS_ERROR"
    # Chat 1 does not exist here: refused, and not for an empty CHAT_ID.
    assert result["result_error"]["members"]["error"] == "ACCESS_ERROR"


def test_within_a_text_a_missing_reference_is_the_words_of_php(alpha: Client) -> None:
    result = alpha.result(
        "batch", PRIYA, cmd={"me": "profile", "text": "im.dialog.get?DIALOG_ID=chat$result[nobody][ID]"}
    )

    assert result["result_error"]["text"]["error"] == "DIALOG_ID_EMPTY"


def test_what_is_beyond_fifty_fails_alone(alpha: Client) -> None:
    result = alpha.result("batch", cmd={f"c{number}": "profile" for number in range(52)})

    assert len(result["result"]) == 50
    assert {error["error"] for error in result["result_error"].values()} == {"ERROR_BATCH_LENGTH_EXCEEDED"}
