"""A form that is sent again, or late, shows what was true when it was made: nothing newer is lost to it."""

from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone

from portals import tasks
from portals.models import Portal, PortalToken
from portals.tokens import pairs, refresh
from tests.support.clocks import Clocks
from tests.support.opens import Opens

pytestmark = pytest.mark.django_db
ADMIN, SECOND = 1, 3
Form = dict[str, Any]
Install = Callable[..., Portal]


@pytest.fixture
def form(opens: Opens) -> Form:
    """The installer's form, sent once."""
    form: Form = opens.emulator.control.install("alpha", user_id=ADMIN)
    assert opens.post(form).status_code == 200
    opens.emulator.control.install_finish("alpha", user_id=ADMIN)
    return form


def refreshed(clocks: Clocks) -> PortalToken:
    clocks.advance(seconds=3000)
    pairs.refresh_due(PortalToken.objects.get().pk)
    return PortalToken.objects.get()


def test_a_form_sent_again_leaves_the_pair_that_followed_it(opens: Opens, clocks: Clocks, form: Form) -> None:
    follower = refreshed(clocks)
    clocks.advance(seconds=60)
    assert opens.post(form).status_code == 200
    kept = PortalToken.objects.get()
    assert (kept.generation, kept.expires_at) == (2, follower.expires_at)

    clocks.advance(seconds=3600)
    tasks.refresh_tokens(*pairs.make_due(Portal.objects.all()))
    assert (Portal.objects.get().status, PortalToken.objects.get().generation) == ("active", 3)


def test_a_form_sent_again_while_its_pair_is_being_spent_changes_no_pair(opens: Opens, form: Form) -> None:
    sent = refresh.take(PortalToken.objects.get().pk, 1)
    assert sent is not None
    assert opens.post(form).status_code == 200
    refresh.spend(sent)
    pairs.refresh(sent.pk, spent_generation=2)
    assert PortalToken.objects.get().generation == 3


def test_an_older_page_heals_without_a_spent_pair(opens: Opens, clocks: Clocks, form: Form) -> None:
    """The reason of the block was another one: the pair of that person was alive all the time."""
    page = opens.emulator.control.open("alpha", ADMIN, placement="DEFAULT")
    fields = {name: form["fields"][name] for name in ("AUTH_ID", "REFRESH_ID")}
    follower = refreshed(clocks)
    Portal.objects.get().block("portal_gone")
    assert opens.post(page, **fields).status_code == 200
    assert Portal.objects.get().status == "active"
    assert PortalToken.objects.get().expires_at == follower.expires_at


def test_whose_older_pair_stays_is_the_primary_one_again(opens: Opens, clocks: Clocks, form: Form) -> None:
    kept = refreshed(clocks)
    opens.emulator.control.change_user("alpha", SECOND, admin=True)
    assert opens.install("alpha", SECOND).status_code == 200
    PortalToken.objects.filter(pk=kept.pk).update(last_error="not_administrator")
    assert opens.post(form).status_code == 200
    kept.refresh_from_db()
    assert pairs.current(Portal.objects.get()) == kept
    assert (kept.generation, kept.last_error) == (2, "")


@pytest.mark.parametrize(
    "refused",
    [{"dead_at": timezone.now()}, {"failures": 1, "last_error": "invalid_token"}],
    ids=["dead", "refused by the authorization server"],
)
def test_a_pair_that_does_not_work_is_replaced_by_an_older_one(
    opens: Opens, clocks: Clocks, form: Form, refused: dict[str, Any]
) -> None:
    refreshed(clocks)
    PortalToken.objects.update(**refused)
    assert opens.post(form).status_code == 200
    assert PortalToken.objects.get().access_token == form["fields"]["AUTH_ID"]


def test_an_older_application_token_does_not_replace_a_newer(
    opens: Opens, clocks: Clocks, form: Form
) -> None:
    older = form["fields"]["APPLICATION_TOKEN"]
    clocks.advance(seconds=60)
    newer = opens.emulator.control.install("alpha", user_id=ADMIN, renew_application_token=True)
    assert opens.post(newer).status_code == 200
    assert newer["fields"]["APPLICATION_TOKEN"] != older

    assert opens.post(form).status_code == 200

    assert Portal.objects.get().application_token == newer["fields"]["APPLICATION_TOKEN"]


def test_an_application_token_that_comes_late_but_is_newer_is_taken(
    opens: Opens, clocks: Clocks, form: Form
) -> None:
    """A refresh makes a pair younger, and tells nothing about the application token."""
    clocks.advance(seconds=60)
    newer = opens.emulator.control.install("alpha", user_id=ADMIN, renew_application_token=True)
    refreshed(clocks)
    assert opens.post(newer).status_code == 200
    assert Portal.objects.get().application_token == newer["fields"]["APPLICATION_TOKEN"]
