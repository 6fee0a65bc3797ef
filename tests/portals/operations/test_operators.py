"""What operators see and do: admin, metrics, the schedule."""

from datetime import timedelta
from importlib import import_module
from typing import Any

import pytest
from celery import current_app
from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import Client
from django_celery_beat.models import PeriodicTask

from portals import checks, periodic
from portals.bitrix24.errors import Bitrix24Error
from portals.infrastructure.shared import redis_client
from portals.models import Portal, PortalToken
from portals.tokens import pairs as tokens
from portals.tokens import refresh
from tests.support.emulator import Emulator
from tests.support.exposed import from_zero, scrape, value
from tests.support.paper import paper_portals

pytestmark = pytest.mark.django_db


@pytest.fixture
def operator(client: Client) -> Client:
    client.force_login(User.objects.create_superuser("operator"))
    return client


def test_the_list_says_who_is_broken_and_no_page_shows_a_token(emulator: Emulator, operator: Client) -> None:
    healthy, broken = paper_portals(emulator, 2, due_in=timedelta(minutes=50))
    refresh.bury(broken, "refresh_interrupted")
    pages = [
        operator.get("/admin/portals/portal/"),
        operator.get("/admin/portals/portaltoken/"),
        operator.get(f"/admin/portals/portal/{broken.portal_id}/change/"),
        operator.get(f"/admin/portals/portaltoken/{healthy.pk}/change/"),
    ]
    assert [page.status_code for page in pages] == [200] * 4
    texts = [page.content.decode() for page in pages]
    assert "token_dead" in texts[0]
    assert "refresh_interrupted" in texts[0]
    secrets = [*PortalToken.objects.values_list("access_token", "refresh_token")]
    assert not [s for pair in secrets for s in pair if any(s in text for text in texts)]


def test_nothing_is_edited_by_hand(emulator: Emulator, operator: Client) -> None:
    [token] = paper_portals(emulator, 1)
    for url in (
        "/admin/portals/portal/add/",
        f"/admin/portals/portal/{token.portal_id}/delete/",
        "/admin/portals/portaltoken/add/",
        f"/admin/portals/portaltoken/{token.pk}/delete/",
    ):
        assert operator.get(url).status_code == 403
    assert (
        operator.post(f"/admin/portals/portal/{token.portal_id}/change/", {"status": "new"}).status_code
        == 403
    )


def test_refresh_now_hands_the_tokens_out_whatever_they_wait_for(
    emulator: Emulator, operator: Client
) -> None:
    tokens_ = paper_portals(emulator, 3, due_in=timedelta(minutes=50))
    PortalToken.objects.update(failures=4)
    chosen = [token.portal_id for token in tokens_[:2]]
    answer = operator.post(
        "/admin/portals/portal/", {"action": "refresh_now", "_selected_action": chosen}, follow=True
    )
    assert "2 tokens are being refreshed." in answer.content.decode()
    assert redis_client().llen("tokens") == 1
    for token in tokens_[:2]:
        tokens.refresh_due(token.pk)
    assert sorted(PortalToken.objects.values_list("generation", flat=True)) == [1, 2, 2]


def test_metrics_count_outcomes_of_all_processes_and_the_backlog(emulator: Emulator, client: Client) -> None:
    from_zero()
    ok, bad, waiting = paper_portals(emulator, 3)
    tokens.refresh_due(ok.pk)
    emulator.control.fault("oauth", "unpaid")
    with pytest.raises(Bitrix24Error):
        tokens.refresh_due(bad.pk)
    PortalToken.objects.filter(pk=bad.pk).update(refresh_due_at=bad.expires_at)
    seen = scrape(client)
    assert value(seen, "chat_notebook_token_refreshes_total", outcome="refreshed") == 1
    assert value(seen, "chat_notebook_token_refreshes_total", outcome="payment_required") == 1
    assert value(seen, "chat_notebook_tokens_due") == 1
    assert 0 < value(seen, "chat_notebook_token_refresh_lag_seconds") < 60
    assert waiting.refresh_token not in str(seen)


def test_the_schedule_is_in_the_database_and_changes_of_operators_stay() -> None:
    task = PeriodicTask.objects.get(task="portals.tasks.refresh_due_tokens")
    assert (task.interval.every, task.interval.period, task.queue) == (30, "seconds", "tokens")
    assert task.enabled
    task.enabled = False
    task.save()
    call_command("migrate", verbosity=0)
    assert not PeriodicTask.objects.get(pk=task.pk).enabled
    task.delete()
    call_command("migrate", verbosity=0)
    assert PeriodicTask.objects.filter(task="portals.tasks.refresh_due_tokens").count() == 1


def test_one_schedule_names_every_periodic_task_and_only_tasks_that_are_there() -> None:
    import_module("sidebar_project.celery").app.loader.import_default_modules()
    known = {periodic.task: periodic.queue for periodic in periodic.SCHEDULE.values()}
    assert dict(PeriodicTask.objects.values_list("task", "queue")) == known
    assert set(known) <= set(current_app.tasks)
    assert not current_app.conf.beat_schedule


def test_the_schedule_is_editable_in_the_admin(operator: Client) -> None:
    task = PeriodicTask.objects.get(task="portals.tasks.refresh_due_tokens")
    page = operator.get(f"/admin/django_celery_beat/periodictask/{task.pk}/change/")
    assert page.status_code == 200
    assert "Refresh due tokens" in page.content.decode()


@pytest.mark.parametrize(
    ("name", "value", "fine"),
    [
        ("TOKEN_REFRESH_MARGIN", 600, True),
        ("TOKEN_REFRESH_MARGIN", 0, False),
        ("TOKEN_REFRESH_MARGIN", 3600, False),
        ("TOKEN_ACTIVE_WINDOW", 0, True),
        ("TOKEN_ACTIVE_WINDOW", 60, False),
        ("TOKEN_KEEPALIVE", 3600, False),
        ("TOKEN_KEEPALIVE", 180 * 24 * 3600, False),
        ("TOKEN_KEEPALIVE", 90 * 24 * 3600, True),
    ],
)
def test_a_policy_that_would_lose_tokens_is_refused(settings: Any, name: str, value: int, fine: bool) -> None:
    setattr(settings, name, value)
    assert [error.id for error in checks.check_refresh_policy()] == ([] if fine else ["portals.E010"])


def test_tokens_are_in_no_log_line(emulator: Emulator, caplog: pytest.LogCaptureFixture) -> None:
    ok, lost = paper_portals(emulator, 2)
    tokens.refresh_due(ok.pk)
    emulator.control.fault("oauth", "garbage")
    with pytest.raises(Bitrix24Error):
        tokens.refresh_due(lost.pk)
    refresh.bury(lost, "refresh_interrupted")
    pairs = PortalToken.objects.values_list("access_token", "refresh_token")
    secrets = {ok.access_token, ok.refresh_token, *(value for pair in pairs for value in pair)}
    assert caplog.text
    assert not [secret for secret in secrets if secret in caplog.text]
    assert Portal.objects.count() == 2
