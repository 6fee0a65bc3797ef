"""What works before an installation is finished, and what a new version does to it.

SOURCE: b24restdocs settings/app-installation/installation-finish.md, July 2026, and
api-reference/events/event-bind.md, August 2026; portal source rest/lib/marketplace/application.php and
rest/lib/event/callback.php, May 2026.
"""

from tests.emulator.client import HELENA, PRIYA, Client
from tests.support.emulator import Emulator
from tests.support.receiver import Receiver


def test_handlers_can_be_bound_before_the_end_and_nobody_sees_them(emulator: Emulator) -> None:
    emulator.control.install("alpha")
    client = Client(emulator, "alpha")
    client.bind()

    assert emulator.control.open("alpha", PRIYA, "chat22") == {"gate": "not_installed"}
    emulator.control.install_finish("alpha")
    assert "url" in emulator.control.open("alpha", PRIYA, "chat22")


def test_no_event_is_sent_before_the_end(emulator: Emulator, receiver: Receiver) -> None:
    emulator.control.install("alpha")
    client = Client(emulator, "alpha")
    client.result("event.bind", event="ONAPPPAYMENT", handler=receiver.url())
    client.result("event.bind", event="ONAPPINSTALL", handler=receiver.url())
    emulator.control.payment("alpha", status="S")
    emulator.control.install_finish("alpha")

    assert [event.fields["event"] for event in receiver.wait(1)] == ["ONAPPINSTALL"]


def test_a_new_version_is_not_installed_until_an_administrator_opens_its_installer(alpha: Client) -> None:
    """Of every application whose card has an installer URL: placements stay bound and hidden."""
    alpha.bind()
    alpha.emulator.control.update("alpha", 2)

    assert alpha.result("app.info")["INSTALLED"] is False
    assert alpha.emulator.control.open("alpha", PRIYA, "chat22") == {"gate": "not_installed"}
    page = alpha.emulator.control.open("alpha", HELENA, placement="DEFAULT")
    assert page["installer"] is True
    assert [row["placement"] for row in alpha.result("placement.get")] == ["IM_SIDEBAR"]


def test_a_new_version_sends_no_event_while_it_is_not_installed(alpha: Client, receiver: Receiver) -> None:
    """Whether ONAPPUPDATE comes after all is uncertain; who waits for it alone may wait for ever."""
    alpha.result("event.bind", event="ONAPPUPDATE", handler=receiver.url())
    alpha.emulator.control.update("alpha", 2)

    assert alpha.result("event.get") == []
    assert alpha.emulator.control.requests("event_out") == []


def test_a_version_without_installer_is_installed_at_once(alpha: Client, receiver: Receiver) -> None:
    alpha.result("event.bind", event="ONAPPUPDATE", handler=receiver.url())
    alpha.emulator.control.update("alpha", 2, installer=False)

    (event,) = receiver.wait(1)
    assert (event.fields["data[VERSION]"], event.fields["data[PREVIOUS_VERSION]"]) == ("2", "1")
    assert alpha.result("app.info")["INSTALLED"] is True
