"""Observers look, operators act, superusers change accounts: in every page that is registered."""

import io
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group, Permission, User
from django.core.management import CommandError, call_command
from django.test import Client, RequestFactory
from django.urls import reverse
from django_celery_beat.models import PeriodicTask

from operators.roles import Role
from portals.models import Portal
from tests.support.opens import Opens, frame_data

pytestmark = pytest.mark.django_db
MODELS = sorted(admin.site._registry, key=lambda model: model._meta.label)


def command(*arguments: str) -> str:
    out = io.StringIO()
    call_command("operators", *arguments, stdout=out)
    return out.getvalue()


def signed_in(name: str, *arguments: str) -> Client:
    command(name, *arguments)
    client = Client()
    client.force_login(User.objects.get(username=name))
    return client


@pytest.fixture
def observer() -> Client:
    return signed_in("olga", "--role", "observer")


@pytest.fixture
def operator() -> Client:
    return signed_in("mia", "--role", "operator")


@pytest.fixture
def lived(opens: Opens, installed: Callable[..., Portal]) -> Portal:
    """A portal with rows in every list that an open fills."""
    portal = installed()
    opens.api(frame_data(opens.widget("alpha", 3, "chat21"))["session"]).add("text")
    return portal


def url(model: Any, page: str, *args: Any) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label)
def test_an_observer_sees_every_page_and_performs_nothing(
    observer: Client, lived: Portal, model: Any
) -> None:
    assert observer.get(url(model, "changelist")).status_code == 200
    assert observer.get(url(model, "add")).status_code == 403
    if row := model._default_manager.first():
        page = observer.get(url(model, "change", row.pk))
        assert page.status_code == 200
        assert 'name="_save"' not in page.content.decode()
        assert observer.post(url(model, "change", row.pk), {"x": "y"}).status_code == 403
        assert observer.post(url(model, "delete", row.pk), {"post": "yes"}).status_code == 403
    request = RequestFactory().get("/")
    request.user = User.objects.get(username="olga")
    assert list(admin.site._registry[model].get_actions(request)) == []


def test_the_index_shows_everything_to_an_observer(observer: Client) -> None:
    text = observer.get("/admin/").content.decode()
    assert not [model for model in MODELS if url(model, "changelist") not in text]


def test_an_operator_acts_and_an_observers_forged_post_does_not(
    observer: Client, operator: Client, lived: Portal
) -> None:
    act = {"action": "reconcile_now", "_selected_action": [lived.pk]}
    refused = observer.post(url(Portal, "changelist"), act, follow=True).content.decode()
    done = operator.post(url(Portal, "changelist"), act, follow=True).content.decode()
    assert "being looked at" not in refused
    assert "being looked at" in done


def test_an_operator_tunes_the_schedule(operator: Client) -> None:
    task = PeriodicTask.objects.get(task="portals.tasks.prune_logs")
    page = operator.get(url(PeriodicTask, "change", task.pk)).content.decode()
    assert 'name="_save"' in page


@pytest.mark.parametrize("model", [User, Group])
def test_accounts_are_changed_by_superusers_alone(operator: Client, model: Any) -> None:
    row = model.objects.first()
    assert operator.get(url(model, "change", row.pk)).status_code == 200
    assert operator.post(url(model, "change", row.pk), {"is_superuser": "on"}).status_code == 403
    assert operator.get(url(model, "add")).status_code == 403
    boss = signed_in("boss", "--role", "operator", "--superuser")
    assert 'name="_save"' in boss.get(url(model, "change", row.pk)).content.decode()


def test_not_even_the_permission_lets_an_operator_change_accounts(operator: Client) -> None:
    mia = User.objects.get(username="mia")
    mia.user_permissions.add(Permission.objects.get(codename="change_user"))
    assert operator.post(url(User, "change", mia.pk), {"is_superuser": "on"}).status_code == 403
    assert operator.get(f"/admin/auth/user/{mia.pk}/password/").status_code == 403


def test_an_account_is_made_and_changed_by_the_command() -> None:
    text = command("mia", "--role", "operator", "--generate-password")
    password = text.partition("Password: ")[2].strip()
    mia = User.objects.get()
    assert mia.check_password(password)
    assert (mia.is_staff, mia.is_superuser, mia.is_active) == (True, False, True)
    assert [group.name for group in mia.groups.all()] == ["operator"]

    command("mia", "--role", "observer", "--deactivate")
    mia = User.objects.get()
    assert (mia.is_active, [group.name for group in mia.groups.all()]) == (False, ["observer"])
    assert mia.check_password(password)
    command("mia", "--activate", "--superuser")
    assert User.objects.filter(is_active=True, is_superuser=True).exists()


def test_a_new_account_observes_and_has_no_password() -> None:
    assert "no password yet" in command("olga")
    olga = User.objects.get()
    assert not olga.has_usable_password()
    assert [group.name for group in olga.groups.all()] == ["observer"]


def test_a_weak_password_is_refused_and_nothing_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("password1234\n"))
    with pytest.raises(CommandError, match="too common"):
        command("mia", "--password-stdin")
    assert not User.objects.exists()


def test_groups_are_kept_as_declared() -> None:
    observers = Group.objects.get(name=Role.OBSERVER)
    declared = set(observers.permissions.values_list("codename", flat=True))
    assert "view_portal" in declared
    assert "operate_portal" not in declared
    observers.permissions.clear()
    observers.permissions.add(*Permission.objects.filter(codename__in=["operate_portal", "change_user"]))
    call_command("migrate", verbosity=0)
    assert set(observers.permissions.values_list("codename", flat=True)) == declared
    operators = set(Group.objects.get(name=Role.OPERATOR).permissions.values_list("codename", flat=True))
    assert operators - declared == {
        "operate_portal",
        "change_periodictask",
        "add_intervalschedule",
        "change_intervalschedule",
    }


def test_the_demo_operator_is_for_development_only(settings: Any) -> None:
    with pytest.raises(CommandError):
        call_command("demo_operator", "operator", "operator")
    settings.DEBUG = True
    for _ in range(2):
        call_command("demo_operator", "operator", "operator")
    demo = User.objects.get()
    assert demo.check_password("operator")
    assert [group.name for group in demo.groups.all()] == ["operator"]
