"""Rotation of the encryption keys while the application serves."""

from io import StringIO
from itertools import pairwise
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.db import connection

from portals.models import Portal, PortalToken
from portals.models.fields import unseal
from portals.tokens import pairs, rotation
from tests.support.emulator import Emulator
from tests.support.paper import paper_portals

pytestmark = pytest.mark.django_db


def rotate(portion: int = 4) -> str:
    out = StringIO()
    call_command("rotate_token_keys", portion=portion, pause=0, stdout=out)
    return out.getvalue()


def sealed() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT access_token FROM portals_portaltoken UNION ALL SELECT refresh_token FROM portals_portaltoken"
        )
        return [row[0] for row in cursor.fetchall()]


@pytest.fixture
def new_key(emulator: Emulator, settings: Any) -> str:
    """Ten portals sealed with the old key; a new key has been put before it."""
    paper_portals(emulator, 10)
    Portal.objects.filter(pk=Portal.objects.order_by("pk")[0].pk).update(
        application_token="of the application"
    )
    key = Fernet.generate_key().decode()
    settings.TOKEN_ENCRYPTION_KEYS = [key, *settings.TOKEN_ENCRYPTION_KEYS]
    return key


def test_afterwards_the_old_key_is_not_needed(new_key: str, settings: Any) -> None:
    before = {token.pk: (token.access_token, token.refresh_token) for token in PortalToken.objects.all()}
    report = rotate()
    assert "portals.PortalToken.access_token: 4 seen, 4 encrypted anew" in report
    assert "Done, 21 values" in report
    settings.TOKEN_ENCRYPTION_KEYS = [new_key]
    after = {token.pk: (token.access_token, token.refresh_token) for token in PortalToken.objects.all()}
    assert after == before
    assert Portal.objects.get(application_token__isnull=False).application_token == "of the application"


def test_an_interrupted_run_goes_on_where_it_was(new_key: str) -> None:
    run = rotation.rotate(portion=4, pause=0)
    next(run), next(run)
    del run
    report = rotate()
    assert sum(Fernet(new_key).decrypt(value) is not None for value in sealed()) == 20
    total = int(report.rpartition("Done, ")[2].split()[0])
    assert 0 < total < 21
    assert "Done, 0 values" in rotate()


def test_a_refresh_meanwhile_wins(new_key: str, emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    token = PortalToken.objects.order_by("pk")[0]

    def refresh_first(value: str) -> str:
        monkeypatch.setattr(rotation, "unseal", unseal)
        pairs.refresh_due(token.pk)
        return unseal(value)

    monkeypatch.setattr(rotation, "unseal", refresh_first)
    rotate()
    stored = PortalToken.objects.get(pk=token.pk)
    assert stored.generation == 2
    assert stored.access_token != token.access_token
    pairs.refresh(token.pk, spent_generation=2)
    assert emulator.control.state()["refresh_reuse"] == 0


def test_any_mix_of_processes_of_two_steps_reads_what_the_others_write(
    emulator: Emulator, settings: Any
) -> None:
    """The order of docs/operations/key-rotation.md: last, first, the old one away."""
    [old], new = settings.TOKEN_ENCRYPTION_KEYS, Fernet.generate_key().decode()
    steps = [[old], [old, new], [new, old], [new]]
    paper_portals(emulator, 2)
    token = PortalToken.objects.order_by("pk")[0]
    for before, after in pairwise(steps):
        for writer, reader in ((before, after), (after, before)):
            settings.TOKEN_ENCRYPTION_KEYS = writer
            PortalToken.objects.filter(pk=token.pk).update(refresh_token="written")
            settings.TOKEN_ENCRYPTION_KEYS = reader
            assert PortalToken.objects.only("refresh_token").get(pk=token.pk).refresh_token == "written"
        settings.TOKEN_ENCRYPTION_KEYS = after
        if after[0] == new and len(after) > 1:
            rotate()
            assert "Done, 0 values" in rotate()
        rotation.must_open()


@pytest.mark.parametrize("row", [0, 5, 9])
def test_a_process_that_lacks_a_key_of_any_generation_ends_with_a_sentence(
    new_key: str, settings: Any, row: int
) -> None:
    token = PortalToken.objects.order_by("pk")[row]
    rotate()
    PortalToken.objects.filter(pk=token.pk).update(access_token="newest")
    rotation.must_open()
    old = settings.TOKEN_ENCRYPTION_KEYS[1]
    settings.TOKEN_ENCRYPTION_KEYS = [old, new_key]
    PortalToken.objects.filter(pk=token.pk).update(refresh_token="sealed with the old key")
    settings.TOKEN_ENCRYPTION_KEYS = [new_key]
    with pytest.raises(SystemExit) as ended:
        rotation.must_open()
    sentence = str(ended.value)
    assert sentence.startswith(
        f"TOKEN_ENCRYPTION_KEYS lacks the key of portals.PortalToken.refresh_token {token.pk}."
    )
    assert not any(value in sentence for value in [*sealed(), old, new_key])


def test_the_look_at_start_costs_the_same_whatever_there_is(
    emulator: Emulator, django_assert_max_num_queries: Any
) -> None:
    paper_portals(emulator, 300)
    with django_assert_max_num_queries(2 * 20 + 5):
        rotation.must_open()


def test_a_fresh_database_is_opened_with_any_key(db: None, settings: Any) -> None:
    settings.TOKEN_ENCRYPTION_KEYS = [Fernet.generate_key().decode()]
    rotation.must_open()


def test_a_value_no_key_opens_is_reported_without_showing_it(new_key: str, settings: Any) -> None:
    settings.TOKEN_ENCRYPTION_KEYS = [Fernet.generate_key().decode()]
    with pytest.raises(ImproperlyConfigured, match="lacks the key") as error:
        rotate()
    assert not any(value in str(error.value) for value in sealed())
