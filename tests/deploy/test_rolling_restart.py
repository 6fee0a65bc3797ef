"""A rolling restart: processes of production are replaced one after another, and nobody notices."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from django.conf import settings

from portals import tasks
from portals.models import Portal, PortalToken
from portals.tokens import dispatch
from tests.support.browser import free_port
from tests.support.emulator import Emulator
from tests.support.paper import generations, paper_portals, refreshes
from tests.support.processes import environment, until
from tests.support.production import Web, Worker, caddy

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("deploy"), pytest.mark.proof]

CLIENTS = 6
TASKS = 30
# Opens that must have been answered before the next step is taken.
MEANWHILE = 40
PRIYA = 3
NOTEBOOK = 'id="notes"'
PRIVATE = ("/metrics", "/readyz")


class Crowd:
    """People who open notebooks without pause; counts what they got."""

    def __init__(self, emulator: Emulator, url: str) -> None:
        self.emulator = emulator
        self.url = url
        self.got: Counter[str] = Counter()
        self._leave = threading.Event()
        self._threads = [threading.Thread(target=self._stay, args=(n,)) for n in range(CLIENTS)]

    def __enter__(self) -> "Crowd":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._leave.set()
        for thread in self._threads:
            thread.join()

    def more(self) -> None:
        """Wait until many more opens were answered."""
        before = self.got.total()
        until(lambda: self.got.total() >= before + MEANWHILE)

    def _stay(self, number: int) -> None:
        for count in range(1_000_000):
            if self._leave.is_set():
                return
            if count % 25 == 0:  # a token we have not seen: a cold open, with a call to the portal under way
                form = self.emulator.control.open("alpha", PRIYA, f"chat{21 + number % 2}")
            self.got[_post(self.url, form)] += 1


def _post(origin: str, form: dict[str, Any]) -> str:
    """What an open at this origin got."""
    address = urlsplit(form["url"])
    try:
        answer = requests.post(f"{origin}{address.path}?{address.query}", data=form["fields"], timeout=30)
    except requests.RequestException as error:
        return type(error).__name__
    return f"{answer.status_code} {'notebook' if NOTEBOOK in answer.text else answer.text[:300]}"


@pytest.fixture
def webs(
    emulator: Emulator, installed: Callable[..., Portal], tmp_path: Path
) -> Iterator[tuple[Web, Web, str]]:
    """Two ``web`` processes and the address of the Caddy before them."""
    emulator.control.settings("alpha", licence="en_ent250")
    emulator.control.bucket("alpha", enabled=False)
    installed()
    emulator.control.fault("alpha", delay_ms=50)
    ports = free_port(), free_port()
    url = f"http://127.0.0.1:{free_port()}"
    env = environment(emulator) | {"PUBLIC_URL": url}
    with ExitStack() as running:
        first, second = (running.enter_context(Web(port, env, tmp_path)) for port in ports)
        running.enter_context(caddy(url, ports, tmp_path))
        until(lambda: _answers(f"{url}/healthz"))
        yield first, second, url


def _answers(url: str) -> bool:
    try:
        return requests.get(url, timeout=5).ok
    except requests.RequestException:
        return False


def test_no_open_is_refused_or_broken(webs: tuple[Web, Web, str], emulator: Emulator) -> None:
    first, second, url = webs
    with Crowd(emulator, url) as crowd:
        crowd.more()
        for web in (first, second):
            assert web.stop() == 0
            crowd.more()
            web.start()
            crowd.more()
    assert set(crowd.got) == {"200 notebook"}, crowd.got


def test_a_web_process_finishes_what_it_began(webs: tuple[Web, Web, str], emulator: Emulator) -> None:
    first, _, _ = webs
    form = emulator.control.open("alpha", PRIYA, "chat22")
    emulator.control.fault("alpha", delay_ms=2000, times=1)
    with ThreadPoolExecutor(1) as pool:
        opening = pool.submit(_post, f"http://127.0.0.1:{first.environment['PORT']}", form)
        until(lambda: emulator.control.state()["portals"]["alpha"]["fault"]["times"] is None, poll=0.02)
        assert first.stop() == 0
        assert opening.result() == "200 notebook"


def test_the_proxy_keeps_metrics_to_us_and_large_bodies_out(webs: tuple[Web, Web, str]) -> None:
    first, _, url = webs
    own = f"http://127.0.0.1:{first.environment['PORT']}"
    bearer = {"Authorization": f"Bearer {settings.METRICS_TOKEN}"}
    statuses = [requests.get(f"{own}{path}", headers=bearer, timeout=10).status_code for path in PRIVATE]
    assert statuses == [200, 200]
    assert [requests.get(f"{url}{path}", timeout=10).status_code for path in PRIVATE] == [404, 404]
    assert requests.post(f"{url}/events/", data=b"x" * 300 * 1024, timeout=10).status_code == 413


def test_a_worker_stopped_in_the_middle_loses_no_token_and_refreshes_none_twice(
    emulator: Emulator, tmp_path: Path
) -> None:
    tokens = paper_portals(emulator, 60)
    emulator.control.fault("oauth", delay_ms=150)
    for ids in dispatch.claim_due():
        tasks.hand_out(ids)
    for stopped_at in (5, 25, 60):
        with Worker(environment(emulator), tmp_path) as running:
            until(lambda at=stopped_at: len(refreshes(emulator)) >= at)  # type: ignore[misc]
            assert running.stop() == 0
        assert not PortalToken.objects.exclude(spending_since=None).exists()
    assert refreshes(emulator) == [200] * len(tokens)
    assert generations(tokens) == {2}


def test_a_worker_stopped_in_the_middle_loses_no_task(
    emulator: Emulator, installed: Callable[..., Portal], tmp_path: Path
) -> None:
    emulator.control.settings("alpha", licence="en_ent250")
    portal = installed()
    emulator.control.forget_requests()
    emulator.control.fault("alpha", delay_ms=100)
    for _ in range(TASKS):
        tasks.enqueue(tasks.reconcile_handlers, portal.pk)
    for stopped_at in (3, TASKS):
        with Worker(environment(emulator), tmp_path) as running:
            until(lambda at=stopped_at: _calls(emulator) >= at)  # type: ignore[misc]
            assert running.stop() == 0
    assert _calls(emulator) == TASKS, "one call for each task: none lost, none done twice"


def _calls(emulator: Emulator) -> int:
    return len(emulator.control.requests("rest"))
