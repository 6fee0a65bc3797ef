"""Signing in to the admin: limits, second factor, recovery codes, cookies; through the real pages."""

import re
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from axes.models import AccessAttempt, AccessLog
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.utils import timezone
from django_otp.oath import totp
from django_otp.plugins.otp_static.models import StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice

from operators import accounts, second_factor, sign_in
from operators.accounts import Wish
from operators.roles import Role
from portals.outgoing import suspicion

pytestmark = pytest.mark.django_db
PASSWORD = "harbour-lantern-42"
FACTOR = "/admin/second-factor/"


@pytest.fixture
def mia() -> User:
    user, _ = accounts.put("mia", Wish(role=Role.OPERATOR, password=PASSWORD))
    return user


@pytest.fixture
def required(settings: Any) -> None:
    settings.ADMIN_REQUIRE_SECOND_FACTOR = True


def password(client: Client, text: str = PASSWORD, name: str = "mia", **extra: Any) -> Any:
    return client.post("/admin/login/?next=/admin/", {"username": name, "password": text}, **extra)


def code(user: User, steps: int = 0) -> str:
    device = TOTPDevice.objects.get(user=user)
    return f"{totp(device.bin_key, t0=-30 * steps):06}"


def give(client: Client, text: str, url: str = FACTOR, **options: Any) -> Any:
    return client.post(url, {"code": text}, **options)


def listed_codes(response: Any) -> list[str]:
    return re.findall(r"<code>([a-z2-7]{8})</code>", response.content.decode())


@pytest.fixture
def enrolled(mia: User, required: None) -> list[str]:
    """mia has set up an authenticator; returns her recovery codes."""
    client = Client()
    password(client)
    client.get(FACTOR)
    return listed_codes(give(client, code(mia)))


@pytest.mark.django_db(transaction=True)
def test_two_first_loads_at_once_make_one_authenticator(mia: User) -> None:
    start = threading.Barrier(4)

    def load(_: int) -> int:
        start.wait()
        try:
            return int(second_factor.pending(mia).pk)
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(load, range(4)))) == 1
    assert TOTPDevice.objects.count() == 1


# --- limits ---


def test_five_wrong_passwords_lock_the_account_for_the_address(mia: User, client: Client) -> None:
    assert [password(client, "wrong").status_code for _ in range(4)] == [200] * 4
    locked = password(client, "wrong")
    assert locked.status_code == 429
    assert locked.headers["Retry-After"] == "900"
    assert "15 minutes" in locked.content.decode()
    assert password(client).status_code == 429
    assert "_auth_user_id" not in client.session


def test_a_lock_is_for_one_account_at_one_address(mia: User, client: Client) -> None:
    accounts.put("olga", Wish(password=PASSWORD))
    for _ in range(6):
        password(client, "wrong", REMOTE_ADDR="203.0.113.1")
    assert password(client, name="olga", REMOTE_ADDR="203.0.113.1").status_code == 302
    assert password(Client(), REMOTE_ADDR="203.0.113.2").status_code == 302
    assert password(Client(), REMOTE_ADDR="203.0.113.1").status_code == 429


def test_an_address_has_few_attempts_whatever_names_it_tries(client: Client) -> None:
    answers = [password(client, "wrong", name=f"name-{number}") for number in range(sign_in.PER_ADDRESS + 5)]
    assert [answer.status_code for answer in answers] == [200] * sign_in.PER_ADDRESS + [429] * 5
    assert answers[-1].headers["Retry-After"] == "900"
    assert AccessAttempt.objects.count() == sign_in.PER_ADDRESS
    assert password(client, "wrong", REMOTE_ADDR="192.0.2.7").status_code == 200


def test_a_lock_ends_by_itself(mia: User, client: Client) -> None:
    with time_machine.travel(timezone.now(), tick=False) as clock:
        for _ in range(6):
            password(client, "wrong")
        clock.shift(timedelta(minutes=14))
        assert password(client).status_code == 429
        clock.shift(timedelta(minutes=2))
        assert password(client).status_code == 302


def test_a_right_password_forgives_earlier_mistakes(mia: User, client: Client) -> None:
    for _ in range(3):
        for _ in range(4):
            password(client, "wrong")
        assert password(client).status_code == 302
        client.logout()


@pytest.mark.parametrize(
    ("proxies", "header", "address"),
    [
        (0, "198.51.100.7", "127.0.0.1"),
        (1, "198.51.100.7", "198.51.100.7"),
        (1, "10.9.9.9, 198.51.100.7", "198.51.100.7"),
        (2, "10.9.9.9, 198.51.100.7, 192.0.2.1", "198.51.100.7"),
        (2, "198.51.100.7", "127.0.0.1"),
        (1, "", "127.0.0.1"),
    ],
)
def test_the_address_is_what_our_outermost_proxy_saw(
    rf: Any, settings: Any, proxies: int, header: str, address: str
) -> None:
    settings.PROXY_COUNT = proxies
    request = rf.get("/", headers={"X-Forwarded-For": header} if header else {})
    assert suspicion.address_of(request) == address


def test_whoever_writes_the_header_does_not_evade_the_limit(mia: User, client: Client, settings: Any) -> None:
    settings.PROXY_COUNT = 1
    answers = [
        password(client, "wrong", headers={"X-Forwarded-For": f"10.0.0.{n}, 198.51.100.7"}).status_code
        for n in range(5)
    ]
    assert answers[-1] == 429


def test_what_somebody_typed_is_in_no_log_line(
    mia: User, client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(6):
        password(client, "my-other-secret", name="secret-in-the-wrong-box")
    assert "sign_in_refused" in caplog.text
    assert "'reason': 'locked'" in caplog.text
    assert not [text for text in ("my-other-secret", "wrong-box", "127.0.0.1") if text in caplog.text]
    assert not AccessAttempt.objects.filter(post_data__contains="my-other-secret").exists()


def test_old_records_of_sign_ins_are_pruned(mia: User, client: Client) -> None:
    password(client, "wrong")
    password(client)
    password(Client(), "wrong")
    old = timezone.now() - sign_in.KEPT - timedelta(days=1)
    AccessLog.objects.update(attempt_time=old)
    Session.objects.update(expire_date=old)
    assert sign_in.prune() == 2
    assert AccessAttempt.objects.count() == 1
    AccessAttempt.objects.update(attempt_time=old)
    assert sign_in.prune() == 1


# --- second factor ---


def test_a_password_alone_opens_nothing(mia: User, required: None, client: Client) -> None:
    assert password(client).status_code == 302
    for url in ("/admin/", "/admin/portals/portal/", "/admin/password_change/", "/admin/search/?s=a"):
        answer = client.get(url)
        assert answer.status_code == 302
        assert answer["Location"].startswith(FACTOR)
    assert client.post("/admin/portals/portal/", {"action": "x"}).status_code == 302
    assert client.post("/admin/logout/").status_code == 200


def test_the_first_sign_in_sets_up_an_authenticator(mia: User, required: None, client: Client) -> None:
    password(client)
    page = client.get("/admin/portals/portal/", follow=True)
    text = page.content.decode()
    assert "<svg" in text
    assert "no-store" in page.headers["Cache-Control"]
    assert give(client, "000000").status_code == 200
    assert client.get("/admin/").status_code == 302
    TOTPDevice.objects.update(throttling_failure_count=0)

    done = give(client, code(mia), FACTOR + "?next=/admin/portals/portal/")
    assert len(listed_codes(done)) == 10
    assert 'href="/admin/portals/portal/"' in done.content.decode()
    assert client.get("/admin/").status_code == 200
    assert listed_codes(client.get(FACTOR)) == []


def test_the_session_key_changes_when_an_authenticator_is_set_up(
    mia: User, required: None, client: Client
) -> None:
    password(client)
    client.get(FACTOR)
    before = client.session.session_key
    assert listed_codes(give(client, code(mia)))
    assert client.session.session_key != before


def test_the_code_of_an_authenticator_that_is_not_set_up_yet_opens_nothing(
    mia: User, enrolled: list[str], client: Client
) -> None:
    client_of_mia = Client()
    password(client_of_mia)
    give(client_of_mia, enrolled[0])
    client_of_mia.get(FACTOR + "replace/")
    old = TOTPDevice.objects.get(confirmed=True)
    pending = TOTPDevice.objects.get(confirmed=False)
    # The newer one found first.
    TOTPDevice.objects.filter(pk=old.pk).update(id=pending.pk + 1)

    password(client)
    assert give(client, f"{totp(pending.bin_key):06}").status_code == 200
    assert client.get("/admin/").status_code == 302


def test_a_code_lets_in_once(mia: User, enrolled: list[str], client: Client) -> None:
    password(client)
    assert "<svg" not in client.get(FACTOR).content.decode().partition("<form")[0]
    refused = give(client, code(mia))  # the one that enrolled
    assert "not right" in refused.content.decode()
    TOTPDevice.objects.update(throttling_failure_count=0)
    following = code(mia, steps=1)
    accepted = give(client, f"{following[:3]} {following[3:]}", FACTOR + "?next=/admin/portals/portal/")
    assert accepted["Location"] == "/admin/portals/portal/"
    assert client.get("/admin/").status_code == 200

    other = Client()
    password(other)
    assert give(other, following).status_code == 200
    assert other.get("/admin/").status_code == 302


def test_wrong_codes_make_the_right_one_wait(mia: User, enrolled: list[str], client: Client) -> None:
    password(client)
    for _ in range(3):
        give(client, "000000")
    assert give(client, code(mia, steps=1)).status_code == 200
    assert client.get("/admin/").status_code == 302


def test_a_recovery_code_lets_in_once(mia: User, enrolled: list[str], client: Client) -> None:
    password(client)
    spelled = f"{enrolled[0][:4]}-{enrolled[0][4:]}".upper()
    assert give(client, spelled).status_code == 302
    assert '<strong id="left">9</strong>' in client.get(FACTOR).content.decode()
    other = Client()
    password(other)
    assert give(other, enrolled[0]).status_code == 200
    assert other.get("/admin/").status_code == 302


def test_who_has_given_a_password_only_cannot_replace_what_is_set_up(
    mia: User, enrolled: list[str], client: Client
) -> None:
    password(client)
    device = TOTPDevice.objects.get()
    assert client.get(FACTOR + "replace/")["Location"] == FACTOR
    assert client.post(FACTOR + "recovery-codes/")["Location"] == FACTOR
    assert set(StaticToken.objects.values_list("token", flat=True)) == set(enrolled)
    assert list(TOTPDevice.objects.all()) == [device]


def test_replacing_the_authenticator_and_the_recovery_codes(
    mia: User, enrolled: list[str], client: Client
) -> None:
    password(client)
    give(client, enrolled[0])
    fresh = listed_codes(client.post(FACTOR + "recovery-codes/"))
    assert len(fresh) == 10
    assert not set(fresh) & set(enrolled)

    old = TOTPDevice.objects.get()
    client.get(FACTOR + "replace/")
    new = TOTPDevice.objects.exclude(pk=old.pk).get()
    assert old.key.encode() not in client.get(FACTOR + "replace/").content
    assert len(listed_codes(give(client, f"{totp(new.bin_key):06}", FACTOR + "replace/"))) == 10
    assert list(TOTPDevice.objects.all()) == [new]
    assert client.get("/admin/").status_code == 200


def test_a_lost_authenticator_is_reset_by_the_command(mia: User, enrolled: list[str], client: Client) -> None:
    password(client)
    give(client, enrolled[0])
    call_command("operators", "mia", "--reset-second-factor")
    assert not StaticToken.objects.exists()
    assert client.get("/admin/").status_code == 302
    assert "<svg" in client.get(FACTOR).content.decode()


def test_who_set_one_up_is_asked_even_where_none_is_required(
    mia: User, enrolled: list[str], client: Client, settings: Any
) -> None:
    settings.ADMIN_REQUIRE_SECOND_FACTOR = False
    password(client)
    assert client.get("/admin/")["Location"].startswith(FACTOR)
    accounts.put("olga", Wish(password=PASSWORD))
    other = Client()
    password(other, name="olga")
    assert other.get("/admin/").status_code == 200


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example", "javascript:alert(1)"])
def test_the_way_on_leads_nowhere_else(mia: User, enrolled: list[str], client: Client, target: str) -> None:
    password(client)
    answer = give(client, enrolled[0], f"{FACTOR}?next={target}")
    assert answer["Location"] == "/admin/"


@pytest.mark.parametrize("url", [FACTOR, FACTOR + "replace/", FACTOR + "recovery-codes/"])
def test_strangers_are_sent_to_the_password(client: Client, url: str) -> None:
    assert client.get(url)["Location"].startswith("/admin/login/")
    client.force_login(User.objects.create_user("nobody"))
    assert client.get(url)["Location"].startswith("/admin/login/")


def test_no_page_of_the_admin_shows_what_second_factors_are_made_of(mia: User, enrolled: list[str]) -> None:
    client = Client()
    boss, _ = accounts.put("boss", Wish(superuser=True))
    client.force_login(boss)
    client.get(FACTOR)
    give(client, f"{totp(TOTPDevice.objects.get(user=boss).bin_key):06}")
    for url in ("/admin/", f"/admin/auth/user/{mia.pk}/change/", "/admin/auth/user/"):
        text = client.get(url).content.decode()
        assert TOTPDevice.objects.get(user=mia).key not in text
        assert not [used for used in enrolled if used in text]
    assert client.get("/admin/otp_totp/totpdevice/").status_code == 404


def test_a_superuser_resets_a_second_factor_in_the_admin(
    mia: User, enrolled: list[str], client: Client, settings: Any
) -> None:
    settings.ADMIN_REQUIRE_SECOND_FACTOR = False
    boss, _ = accounts.put("boss", Wish(superuser=True))
    client.force_login(boss)
    client.post("/admin/auth/user/", {"action": "reset_second_factor", "_selected_action": [mia.pk]})
    assert not TOTPDevice.objects.exists()


# --- sessions ---


def test_the_cookies_stay_in_the_admin_and_end_with_the_browser(mia: User, client: Client) -> None:
    cookie = password(client).cookies["operator"]
    assert cookie["path"] == "/admin/"
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"
    assert cookie["max-age"] == ""
    assert time.time() + 12 * 3600 >= Session.objects.get().expire_date.timestamp()


def test_the_session_key_changes_with_the_second_factor(
    mia: User, enrolled: list[str], client: Client
) -> None:
    password(client)
    before = client.session.session_key
    give(client, enrolled[0])
    assert client.session.session_key != before
