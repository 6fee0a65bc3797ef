"""`POST /install/`: what is refused, that nothing half-stored remains, and parallel installs."""

import threading
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from portals.models import Portal, PortalToken
from tests.support.emulator import Emulator
from tests.support.opens import Opens

ADMIN, SECOND_ADMIN, EMPLOYEE = 1, 2, 3


def nothing_stored() -> bool:
    return not Portal.objects.exists() and not PortalToken.objects.exists()


def as_employee(opens: Opens) -> dict[str, Any]:
    """The installer's form with an employee's token, as somebody would forge it."""
    form = opens.emulator.control.install("alpha", user_id=ADMIN)
    form["fields"]["AUTH_ID"] = opens.emulator.control.tokens("alpha", EMPLOYEE)["access_token"]
    return form


@pytest.mark.django_db
def test_an_employee_cannot_install(opens: Opens) -> None:
    response = opens.post(as_employee(opens))

    assert (response.status_code, response.context["reason"]) == (403, "not_administrator")
    assert nothing_stored()
    assert opens.emulator.control.installation("alpha")["placements"] == []


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("changed", "status", "reason"),
    [
        ({"AUTH_ID": None}, 401, "token_missing"),
        ({"AUTH_ID": "0" * 70}, 403, "token_refused"),
        ({"member_id": "e" * 32}, 403, "foreign_portal"),
        ({"member_id": None}, 400, "member_id_missing"),
    ],
)
def test_a_forged_installer_form_stores_nothing(
    opens: Opens, changed: dict[str, Any], status: int, reason: str
) -> None:
    response = opens.post(opens.emulator.control.install("alpha"), **changed)

    assert (response.status_code, response.context["reason"]) == (status, reason)
    assert nothing_stored()


@pytest.mark.django_db
def test_a_token_of_another_application_installs_nothing(opens: Opens) -> None:
    applications = opens.emulator.control.state()["applications"]
    foreign = next(client for client in applications if client != opens.emulator.client_id)
    form = opens.emulator.control.install("alpha")
    opens.emulator.control.install("alpha", client_id=foreign)
    token = opens.emulator.control.tokens("alpha", ADMIN, client_id=foreign)["access_token"]

    assert opens.post(form, AUTH_ID=token).context["reason"] == "foreign_application"
    assert nothing_stored()


@pytest.mark.django_db
def test_addresses_in_the_form_are_never_called(opens: Opens) -> None:
    """DOMAIN and SERVER_ENDPOINT are claims: only the authorization server says where the portal is."""
    form = opens.emulator.control.install("alpha")
    form["url"] = form["url"].replace("DOMAIN=localhost", "DOMAIN=attacker.example")

    response = opens.post(form, SERVER_ENDPOINT="https://attacker.example/rest/")

    assert response.status_code == 200
    assert Portal.objects.get().domain == opens.emulator.portals["alpha"].domain


@pytest.mark.django_db
@pytest.mark.parametrize("place", ["oauth", "alpha"])
@pytest.mark.parametrize("fault", ["500", "html", "garbage"])
def test_whatever_fails_nothing_half_stored_remains_and_a_retry_succeeds(
    opens: Opens, place: str, fault: str
) -> None:
    form = opens.emulator.control.install("alpha")
    opens.emulator.control.fault(place, fault)
    response = opens.post(form)
    assert response.status_code == 503
    assert response.context["retry_after"]
    assert nothing_stored()

    opens.emulator.control.fault(place)
    assert opens.post(form).status_code == 200
    assert Portal.objects.get().status == "active"


@pytest.mark.django_db
def test_a_card_without_the_placement_scope_is_explained(opens: Opens) -> None:
    opens.emulator.control.application(opens.emulator.client_id, scope=["im"])

    response = opens.install("alpha")

    assert (response.status_code, response.context["reason"]) == (403, "scope_missing")
    assert nothing_stored()


@pytest.mark.django_db
def test_a_stale_handler_of_an_older_address_is_unbound(opens: Opens, settings: Any) -> None:
    opens.install()
    settings.PUBLIC_URL = "http://127.0.0.1:8100"

    opens.install()

    handlers = {p["handler"] for p in opens.emulator.control.installation("alpha")["placements"]}
    assert handlers == {"http://127.0.0.1:8100/widget/"}


@pytest.mark.django_db(transaction=True)
def test_two_administrators_install_at_once(emulator: Emulator) -> None:
    opens = Opens(emulator, Client())
    forms = [emulator.control.install("alpha", user_id=user) for user in (ADMIN, SECOND_ADMIN)]
    statuses: list[int] = []

    def install(form: dict[str, Any]) -> None:
        statuses.append(Opens(emulator, Client()).post(form).status_code)
        connection.close()

    threads = [threading.Thread(target=install, args=(form,)) for form in forms for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert statuses == [200] * 4
    assert Portal.objects.get().status == "active"
    assert PortalToken.objects.count() == 2
    assert len(opens.emulator.control.installation("alpha")["placements"]) == 2


@pytest.mark.django_db
def test_the_application_page_tells_administrators_more(opens: Opens) -> None:
    opens.install()
    opens.emulator.control.install_finish("alpha", user_id=ADMIN)

    assert opens.application("alpha", ADMIN).context["is_admin"] is True
    assert opens.application("alpha", EMPLOYEE).context["is_admin"] is False


@pytest.mark.parametrize("path", ["/", "/install/", "/app/", "/widget/"])
@pytest.mark.parametrize("method", ["get", "head"])
def test_every_frame_address_says_what_it_is_for(client: Client, path: str, method: str) -> None:
    response = getattr(client, method)(path)

    assert response.status_code == 200
    assert not response.cookies
    assert method == "head" or b"Chat Notebook" in response.content


@pytest.mark.parametrize("path", ["/install/", "/app/", "/widget/"])
@pytest.mark.parametrize("method", ["put", "delete", "patch", "options"])
def test_other_methods_are_refused(client: Client, path: str, method: str) -> None:
    response = getattr(client, method)(path)
    assert (response.status_code, response.headers["Allow"]) == (405, "GET, HEAD, POST")


@pytest.mark.parametrize("path", ["/install/", "/app/", "/widget/"])
class TestUnreadable:
    """Whatever arrives, the answer is a page with a reason."""

    def test_empty(self, client: Client, path: str) -> None:
        assert client.post(path).status_code == 400

    def test_not_utf8(self, client: Client, path: str) -> None:
        body = b"member_id=%ff%fe&AUTH_ID=\xff\xfe&PLACEMENT_OPTIONS=\x80"
        response = client.generic("POST", path, body, "application/x-www-form-urlencoded")
        assert response.status_code == 400

    def test_too_large(self, client: Client, path: str) -> None:
        response = client.post(f"{path}?DOMAIN=a.example", {"member_id": "a" * 300_000})
        assert (response.status_code, response.context["reason"]) == (413, "body_too_large")

    def test_too_many_fields(self, client: Client, path: str) -> None:
        response = client.post(path, {f"f{n}": "1" for n in range(2000)})
        assert response.status_code in (400, 413)

    def test_broken_multipart(self, client: Client, path: str) -> None:
        response = client.generic("POST", path, b"--x\r\nbroken", "multipart/form-data; boundary=x")
        assert response.status_code == 400
