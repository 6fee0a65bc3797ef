"""The bucket that all processes share, and what the portal's refusals teach it."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from django.test import Client

from portals.bitrix24.errors import Bitrix24Error, RateLimited, TimeBudgetSpent
from portals.infrastructure.shared import redis_client
from portals.lifecycle import install
from portals.models import Portal
from portals.outgoing import bulkhead, gateway
from portals.outgoing.limits import ENTERPRISE, STANDARD, Plan, PortalGate
from tests.support import exposed
from tests.support.opens import Opens

Install = Callable[..., Portal]


class Clock:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now = 1_790_000_000.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def gate(clock: Clock) -> PortalGate:
    return PortalGate("portal.example", sleep=clock.sleep, clock=clock)


@pytest.mark.parametrize(
    ("licence", "plan"),
    [
        ("en_ent250", ENTERPRISE),
        ("ru_ent", ENTERPRISE),
        ("en_company", STANDARD),
        ("en_selfhosted", STANDARD),
        ("", STANDARD),
        ("de_parent", STANDARD),
    ],
)
def test_the_plan_is_read_from_the_licence(licence: str, plan: Plan) -> None:
    assert Plan.of(licence) == plan


def test_a_burst_passes_then_the_line_moves_at_the_portals_pace(gate: PortalGate, clock: Clock) -> None:
    for _ in range(int(STANDARD.brim)):
        gate.admit(["profile"])
    assert clock.slept == []
    for _ in range(4):
        gate.admit(["profile"])
    first = (1 - STANDARD.brim % 1) / STANDARD.rate  # half a request is kept free
    assert clock.slept == pytest.approx([first, 0.5, 0.5, 0.5], abs=0.01)


def test_waiting_is_bounded(gate: PortalGate, clock: Clock) -> None:
    impatient = replace(gate, sleep=lambda _: None)  # others stand in line at the same moment
    for _ in range(int(STANDARD.brim) + 4 * 2):  # the burst, and four seconds of the line
        impatient.admit(["profile"])
    with pytest.raises(RateLimited) as refused:
        impatient.admit(["profile"])
    assert refused.value.retry_after == pytest.approx(4.25, abs=0.01)


def test_background_work_leaves_half_to_opens_and_never_waits(gate: PortalGate, clock: Clock) -> None:
    background = replace(gate, background=True)
    for _ in range(int(STANDARD.brim / 2)):
        background.admit(["profile"])
    with pytest.raises(RateLimited) as refused:
        background.admit(["profile"])
    assert refused.value.retry_after == pytest.approx(0.25, abs=0.3)
    gate.admit(["profile"])
    assert clock.slept == []


def test_enterprise_portals_take_more(clock: Clock) -> None:
    gate = PortalGate("portal.example", ENTERPRISE, sleep=clock.sleep, clock=clock)
    for _ in range(int(ENTERPRISE.brim)):
        gate.admit(["profile"])
    assert clock.slept == []
    gate.admit(["profile"])
    assert clock.slept == pytest.approx([0.1], abs=0.01)


def test_portals_do_not_share_a_bucket(gate: PortalGate, clock: Clock) -> None:
    for _ in range(int(STANDARD.brim)):
        gate.admit(["profile"])
    replace(gate, host="other.example").admit(["profile"])
    assert clock.slept == []


def test_a_refusal_of_the_portal_fills_the_bucket_for_everybody(gate: PortalGate, clock: Clock) -> None:
    assert gate.refused(["profile"], RateLimited()) is True
    gate.admit(["profile"])
    assert clock.slept == pytest.approx([(STANDARD.burst + 1 - STANDARD.brim) / STANDARD.rate], abs=0.01)


def test_a_plan_that_promised_too_much_is_not_believed_for_an_hour(clock: Clock) -> None:
    gate = PortalGate("portal.example", ENTERPRISE, sleep=clock.sleep, clock=clock)
    gate.refused(["profile"], RateLimited())
    clock.now += 60
    for _ in range(int(STANDARD.brim)):
        gate.admit(["profile"])
    assert clock.slept == []
    gate.admit(["profile"])
    assert len(clock.slept) == 1


def test_what_a_portal_said_is_remembered_for_so_long(gate: PortalGate) -> None:
    """By Redis' clock. A method that is barred without a word on how long is so for a minute."""
    gate.refused(["profile"], RateLimited())
    gate.refused(["im.dialog.get"], TimeBudgetSpent())
    seconds = [redis_client().ttl(f"limit:{gate.host}:{name}") for name in ("modest", "bar:im.dialog.get")]
    assert seconds == pytest.approx([3600, 60], abs=5)


def test_a_place_is_one_of_a_person_or_of_background_work(gate: PortalGate, client: Client, db: None) -> None:
    exposed.from_zero()
    impatient = replace(gate, sleep=lambda _: None)
    for _ in range(int(STANDARD.brim) + 4 * 2):
        impatient.admit(["profile"])
    for each in (impatient, replace(gate, background=True)):
        with pytest.raises(RateLimited):
            each.admit(["profile"])
    gate.refused(["profile"], TimeBudgetSpent(retry_after=30))
    with pytest.raises(TimeBudgetSpent):
        gate.admit(["profile"])
    samples = exposed.scrape(client)

    def kept_back(**labels: str) -> float:
        return exposed.value(samples, "chat_notebook_limiter_refusals_total", **labels)

    assert kept_back(reason="full", work="open") == kept_back(reason="full", work="background") == 1
    assert kept_back(reason="barred", work="open") == 1
    assert kept_back() == 3


def test_an_address_that_is_none_is_refused_by_the_transport() -> None:
    with pytest.raises(Bitrix24Error):
        gateway.rest("nowhere", "token").call("profile")


def test_a_method_whose_time_is_spent_is_not_called_until_it_is_free_again(gate: PortalGate) -> None:
    assert gate.refused(["im.dialog.get"], TimeBudgetSpent(retry_after=30)) is False
    with pytest.raises(TimeBudgetSpent) as barred:
        gate.admit(["profile", "im.dialog.get"])
    assert barred.value.retry_after == pytest.approx(30, abs=1)
    gate.admit(["profile"])


def test_without_redis_nothing_is_held_up(gate: PortalGate, settings: object) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"  # type: ignore[attr-defined]
    gate.admit(["profile"])
    assert gate.refused(["profile"], RateLimited()) is False


def test_one_portal_never_holds_all_threads(settings: Any) -> None:
    settings.WEB_THREADS = 3
    with bulkhead.place(1), bulkhead.place(1):
        with pytest.raises(RateLimited) as refused, bulkhead.place(1):
            pass
        assert refused.value.code == "portal_crowded"
        with bulkhead.place(2):
            pass
    with bulkhead.place(1), bulkhead.place(1):
        pass


def test_a_process_of_one_thread_has_one_place(settings: Any) -> None:
    settings.WEB_THREADS = 1
    with bulkhead.place(1), pytest.raises(RateLimited), bulkhead.place(1):
        pass


def test_who_leaves_makes_room_for_one(settings: Any) -> None:
    settings.WEB_THREADS = 5
    with bulkhead.place(1):
        with bulkhead.place(1):
            with bulkhead.place(1):
                pass
            with bulkhead.place(1), pytest.raises(RateLimited), bulkhead.place(1):
                pass
        with bulkhead.place(1), bulkhead.place(1), pytest.raises(RateLimited) as refused, bulkhead.place(1):
            pass
        assert refused.value.retry_after == 1


@pytest.mark.django_db
def test_an_open_of_a_slow_portal_gets_a_page_that_tries_again_and_others_are_served(
    opens: Opens, installed: Install, settings: Any
) -> None:
    """Three people of one slow portal, three threads: the third is sent away at once, another portal is served."""
    settings.WEB_THREADS = 3
    slow, _ = installed("alpha"), installed("beta")
    form = opens.form("alpha", 3, "chat22")
    with bulkhead.place(slow.pk), bulkhead.place(slow.pk):
        opens.emulator.control.forget_requests()
        crowded = opens.post(form)
        assert crowded.status_code == 503
        assert "portal_slow" in crowded.content.decode()
        assert not opens.emulator.control.requests("rest")
        beta = opens.emulator.control.portal("beta")
        chat = next(iter(beta["chats"].values()))
        assert opens.widget("beta", chat["members"][0], f"chat{chat['id']}").status_code == 200
    assert opens.post(form).status_code == 200


@pytest.mark.django_db
def test_an_open_waits_out_a_portals_refusal(opens: Opens, installed: Install) -> None:
    installed()
    form = opens.form("alpha", 3, "chat22")
    opens.emulator.control.fault("alpha", "query_limit", times=1)
    opens.emulator.control.forget_requests()
    assert opens.post(form).status_code == 200
    assert [r["status"] for r in opens.emulator.control.requests("rest")] == [503, 200]


@pytest.mark.django_db
def test_a_spent_time_budget_is_a_page_that_tries_again_and_no_further_call(
    opens: Opens, installed: Install
) -> None:
    installed()
    form = opens.form("alpha", 3, "chat22")
    opens.emulator.control.fault("alpha", "operation_time_limit", times=1)
    opens.emulator.control.forget_requests()
    answers = [opens.post(form) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [503, 503]
    assert "busy" in answers[0].content.decode()
    assert len(opens.emulator.control.requests("rest")) == 1


@pytest.mark.django_db
def test_background_work_gives_way_when_the_bucket_is_half_full(opens: Opens, installed: Install) -> None:
    portal = installed()
    gate = PortalGate.to(portal.client_endpoint, licence="")
    Portal.objects.update(licence="")
    portal.refresh_from_db()
    for _ in range(30):
        gate.admit(["profile"])
    opens.emulator.control.forget_requests()
    with pytest.raises(RateLimited):
        install.reconcile(portal)
    assert not opens.emulator.control.requests("rest")
