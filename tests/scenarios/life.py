"""What the tests of an installation's life share."""

from collections.abc import Callable

from portals.models import Portal
from tests.support.opens import Opens, frame_data

Install = Callable[..., Portal]
ADMIN, PRIYA, MEI = 1, 3, 7
EVENTS = ["ONAPPINSTALL", "ONAPPPAYMENT", "ONAPPUNINSTALL", "ONAPPUPDATE"]


def transitions(portal: Portal) -> list[tuple[str, str, str]]:
    return list(portal.transitions.order_by("pk").values_list("old", "new", "reason"))


def note(opens: Opens, text: str = "to be kept") -> None:
    page = opens.widget("alpha", PRIYA, "chat22")
    assert page.status_code == 200, page.content
    opens.api(frame_data(page)["session"]).add(text)


def bound(opens: Opens, key: str = "alpha") -> tuple[list[str], list[str]]:
    state = opens.emulator.control.installation(key)
    placements = [item["handler"] for item in opens.emulator.control.sidebar_items(key)]
    return placements, sorted(item["event"] for item in state["events"])


def standing(portal: Portal) -> tuple[str, str]:
    """Status and its reason, as they are stored."""
    return Portal.objects.values_list("status", "status_reason").get(pk=portal.pk)
