"""`POST /widget/`: cost of an open, who may see what, and everything that is refused."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from portals.infrastructure.shared import redis_client
from portals.models import Portal
from tests.support.clocks import Clocks
from tests.support.emulator import Emulator
from tests.support.opens import Opens, frame_data
from widget.models import Chat, Note
from widget.notebook.markdown import RENDERER

pytestmark = pytest.mark.django_db

ADMIN, PRIYA, TOMAS, LUCIA, JONAS, MEI, GUEST = 1, 3, 4, 5, 6, 7, 8
CHAT = "chat22"  # members 1, 3, 4, 7
Install = Callable[..., Portal]


@pytest.fixture(autouse=True)
def _installed(installed: Install, emulator: Emulator) -> None:
    installed()
    emulator.control.forget_requests()


def portal_calls(emulator: Emulator) -> list[tuple[str, str]]:
    # Events leave the emulator when they like; what is counted is what came to it.
    received = [call for call in emulator.control.requests() if call["kind"] != "event_out"]
    return [(call["kind"], call["method"]) for call in received]


def test_a_cold_open_makes_one_batch_and_a_warm_one_no_call_and_one_query(opens: Opens) -> None:
    form = opens.form("alpha", PRIYA, CHAT)
    assert opens.post(form).status_code == 200
    assert portal_calls(opens.emulator) == [("rest", "batch")]

    with CaptureQueriesContext(
        connection,
    ) as warm:
        assert opens.post(form).status_code == 200

    assert portal_calls(opens.emulator) == [("rest", "batch")]
    assert len(warm) == 1, [query["sql"] for query in warm]


def test_no_cookie_and_no_store_and_only_this_portal_may_frame_the_page(opens: Opens) -> None:
    response = opens.widget("alpha", PRIYA, CHAT)

    assert not response.cookies
    assert response.headers["Cache-Control"] == "no-store"
    assert "X-Frame-Options" not in response.headers
    policy = response.headers["Content-Security-Policy"]
    assert f"frame-ancestors {opens.emulator.portals['alpha'].url};" in f"{policy};"
    assert "unsafe" not in policy


def test_the_page_holds_no_token_of_bitrix24(opens: Opens) -> None:
    form = opens.form("alpha", PRIYA, CHAT)
    page = opens.post(form).content.decode()

    for name in ("AUTH_ID", "REFRESH_ID", "APPLICATION_TOKEN"):
        assert form["fields"][name] not in page


def test_aliases_of_a_chat_lead_to_one_notebook(opens: Opens) -> None:
    opens.widget("alpha", TOMAS, "chat27")
    opens.widget("alpha", TOMAS, "sg5")
    opens.widget("alpha", JONAS, "CHAT27")

    assert Chat.objects.count() == 1


@pytest.mark.parametrize(
    ("changed", "status", "reason"),
    [
        ({"AUTH_ID": None}, 401, "token_missing"),
        ({"AUTH_ID": ""}, 401, "token_missing"),
        ({"AUTH_ID": "0" * 70}, 403, "token_refused"),
        ({"AUTH_ID": "x\ny"}, 400, "token_invalid"),
        ({"member_id": None}, 400, "member_id_missing"),
        ({"member_id": "f" * 32}, 404, "portal_unknown"),
        ({"member_id": "../../etc"}, 400, "member_id_invalid"),
        ({"PLACEMENT_OPTIONS": "{"}, 400, "options_unreadable"),
        ({"PLACEMENT_OPTIONS": None}, 400, "dialog_id_missing"),
        ({"PLACEMENT_OPTIONS": '{"dialogId": ""}'}, 400, "dialog_id_missing"),
        ({"PLACEMENT_OPTIONS": '{"dialogId": "chat22 OR 1"}'}, 400, "dialog_id_invalid"),
        ({"PLACEMENT_OPTIONS": '{"dialogId": "chat99999"}'}, 403, "no_access"),
        ({"PLACEMENT_OPTIONS": '{"dialogId": "chat23"}'}, 403, "no_access"),
    ],
)
def test_a_tampered_form_gets_its_page_and_stores_nothing(
    opens: Opens, caplog: pytest.LogCaptureFixture, changed: dict[str, Any], status: int, reason: str
) -> None:
    form = opens.form("alpha", PRIYA, CHAT)

    response = opens.post(form, **changed)

    assert (response.status_code, response.context["reason"]) == (status, reason)
    assert not Chat.objects.exists()
    logged: list[Any] = [record.msg for record in caplog.records]
    [line] = [entry for entry in logged if entry["event"] == "open_refused"]
    assert line["reason"] == reason
    assert form["fields"]["AUTH_ID"] not in caplog.text + response.content.decode()


def test_another_applications_token_on_the_same_portal_is_refused(opens: Opens) -> None:
    other = opens.emulator.control.state()["applications"]
    foreign_id = next(client for client in other if client != opens.emulator.client_id)
    opens.emulator.control.install("alpha", client_id=foreign_id)
    token = opens.emulator.control.tokens("alpha", PRIYA, client_id=foreign_id)["access_token"]

    response = opens.post(opens.form("alpha", PRIYA, CHAT), AUTH_ID=token)

    assert (response.status_code, response.context["reason"]) == (403, "foreign_application")
    assert not Chat.objects.exists()


def test_a_token_of_another_portal_is_refused(opens: Opens, installed: Install) -> None:
    installed("beta")
    token = opens.emulator.control.tokens("beta", PRIYA)["access_token"]

    response = opens.post(opens.form("alpha", PRIYA, CHAT), AUTH_ID=token)

    assert (response.status_code, response.context["reason"]) == (403, "token_refused")


def test_a_proof_of_one_portal_does_not_open_another(opens: Opens, installed: Install) -> None:
    beta = installed("beta")
    form = opens.form("alpha", ADMIN, "chat21")
    assert opens.post(form).status_code == 200

    response = opens.post(form, member_id=beta.member_id)

    assert response.context["reason"] == "token_refused"


def test_an_expired_token_asks_for_fresh_auth(opens: Opens) -> None:
    form = opens.form("alpha", PRIYA, CHAT)
    opens.emulator.control.advance(3700)

    response = opens.post(form)

    assert (response.status_code, response.context["reason"]) == (401, "token_expired")
    assert response.context["retry_after"]


def test_guests_from_outside_the_company_are_refused_unless_the_portal_allows_them(opens: Opens) -> None:
    form = opens.form("alpha", GUEST, "chat27", handler="http://127.0.0.1:8000/widget/")
    assert opens.post(form).context["reason"] == "employees_only"

    Portal.objects.update(placement_settings={"extranet": True})

    assert opens.post(form).status_code == 200


def test_a_portal_may_keep_the_notebook_to_administrators(opens: Opens) -> None:
    Portal.objects.update(placement_settings={"role": "ADMIN"})

    assert opens.widget("alpha", PRIYA, CHAT).context["reason"] == "administrators_only"
    assert opens.widget("alpha", ADMIN, CHAT).status_code == 200


@pytest.mark.parametrize(
    ("context", "allowed"),
    [("USER", {"7"}), ("CHAT", {"chat22"}), ("CRM", {"chat25"}), ("LINES", {"chat26"})],
)
def test_a_portal_may_keep_the_notebook_to_kinds_of_chats(
    opens: Opens, context: str, allowed: set[str]
) -> None:
    Portal.objects.update(placement_settings={"context": [context]})

    opened = {
        dialog
        for dialog in ("7", "chat22", "chat25", "chat26")
        if opens.widget("alpha", PRIYA, dialog, handler="http://127.0.0.1:8000/widget/").status_code == 200
    }

    assert opened == allowed


class TestPortalAway:
    """While the portal does not answer, access proved within the hour still opens."""

    def test_known_access_opens(self, opens: Opens, clocks: Clocks) -> None:
        form = opens.form("alpha", PRIYA, CHAT)
        opens.post(form)
        opens.emulator.control.fault("alpha", "500")
        clocks.advance(seconds=10 * 60)

        assert opens.post(form).status_code == 200

    def test_access_proved_too_long_ago_gets_a_page_that_retries(self, opens: Opens, clocks: Clocks) -> None:
        opens.widget("alpha", PRIYA, CHAT)
        opens.emulator.control.fault("alpha", "500")
        clocks.advance(seconds=61 * 60)

        response = opens.widget("alpha", PRIYA, CHAT)

        assert (response.status_code, response.context["reason"]) == (503, "portal_unreachable")
        assert response.context["retry_after"] == 5

    @pytest.mark.parametrize(
        ("fault", "reason"),
        [
            ("500", "portal_unreachable"),
            ("html", "portal_unreachable"),
            ("garbage", "portal_unreachable"),
            ("huge", "portal_unreachable"),
            ("query_limit", "busy"),
            # the whole request is refused, which says nothing about the chat
            ("access_denied", "rest_unavailable"),
            ("user_access", "application_denied"),
            ("confirmation", "confirmation_waiting"),
        ],
    )
    def test_unknown_access_never_opens(self, opens: Opens, fault: str, reason: str) -> None:
        form = opens.form("alpha", PRIYA, CHAT)
        opens.emulator.control.fault("alpha", fault)

        assert opens.post(form).context["reason"] == reason

    def test_someone_removed_from_the_chat_loses_it_when_the_proof_has_aged(
        self, opens: Opens, clocks: Clocks
    ) -> None:
        form = opens.form("alpha", PRIYA, CHAT)
        opens.post(form)
        opens.emulator.control.members("alpha", 22, remove=[PRIYA])
        clocks.advance(seconds=6 * 60)

        assert opens.post(form).context["reason"] == "no_access"


def test_a_status_change_makes_cached_proofs_and_sessions_void(opens: Opens) -> None:
    form = opens.form("alpha", PRIYA, CHAT)
    session = frame_data(opens.post(form))["session"]
    Portal.objects.get().block("operator")

    assert opens.post(form).context["reason"] == "portal_blocked"
    assert opens.api(session).call("GET", "notes/").status_code == 401


def test_a_chat_full_of_notes_costs_no_more_queries(opens: Opens) -> None:
    form = opens.form("alpha", PRIYA, CHAT)
    opens.post(form)
    chat = Chat.objects.get()
    Chat.objects.update(revision=300)
    Note.objects.bulk_create(
        Note(
            chat=chat,
            text=f"note {n}",
            html=f"<p>note {n}</p>",
            author_id=3,
            author_name="P",
            renderer=RENDERER,
        )
        for n in range(300)
    )

    with CaptureQueriesContext(connection) as warm:
        page = opens.post(form)
    with CaptureQueriesContext(connection) as warmer:
        again = opens.post(form)

    # The portal with the revision of the chat, and its notes; what is rendered already is not read again.
    assert (len(warm), len(warmer)) == (2, 1)
    for html in (page.content.decode(), again.content.decode()):
        assert (html.count('<li class="note block" tabindex="-1" id='), "data-next" in html) == (50, True)


def test_a_redis_that_came_back_empty_sends_nobody_to_the_portal(opens: Opens, installed: Install) -> None:
    installed()
    form = opens.form("alpha", PRIYA, "chat22")
    assert opens.post(form).status_code == 200
    redis_client().flushdb()
    opens.emulator.control.fault("alpha", "html")
    opens.emulator.control.forget_requests()
    assert opens.post(form).status_code == 200
    assert not opens.emulator.control.requests("rest")
