"""People who open notebooks and write notes, Bitrix24 which sends events, tokens which become due."""

import itertools
import json
import random
import re
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import psycopg
import requests

from portals.outgoing.limits import ENTERPRISE
from tests.faults.estate import Estate, until
from tests.faults.tally import Tally

# Longer than any page may take; a browser would wait as long.
TIMEOUT = 40
PORTALS = {"alpha": (1, 2, 3), "beta": (1, 2, 3)}
PAPER = 60
_RETRIES = re.compile(r'id="retry" data-after="\d')
_FRAME = re.compile(r'<script id="frame-data" type="application/json">(.*?)</script>', re.S)
Answer = tuple[str, str]
Asked = tuple[str, Callable[[], Answer]]


@dataclass
class Load:
    """Requests of all kinds at their own pace, until it is stopped. What was promised is kept in mind."""

    estate: Estate
    tally: Tally = field(default_factory=Tally)
    # Ids of notes that were answered 201; moments (`sent_at`) of events that were answered 200.
    notes: set[int] = field(default_factory=set)
    events: set[int] = field(default_factory=set)
    spooled: set[int] = field(default_factory=set)
    _stop: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)
    _warm: dict[tuple[str, int], dict[str, Any]] = field(default_factory=dict)
    _dialogs: dict[str, str] = field(default_factory=dict)
    _event_forms: dict[str, dict[str, str]] = field(default_factory=dict)
    _moments: Any = field(default_factory=lambda: itertools.count(1_700_000_000))
    _sessions: dict[str, str] = field(default_factory=dict)

    def prepare(self) -> None:
        """Install on all portals, make everybody known once, and add portals that only have tokens."""
        control = self.estate.emulator.control
        for key, people in PORTALS.items():
            control.settings(key, licence="en_ent250")
            control.bucket(key, x=ENTERPRISE.burst, y=ENTERPRISE.rate)
            form = control.install(key)
            requests.post(form["url"], data=form["fields"], timeout=TIMEOUT).raise_for_status()
            control.install_finish(key)
            chats = control.portal(key)["chats"].values()
            self._dialogs[key] = next(
                f"chat{chat['id']}" for chat in chats if set(people) <= set(chat["members"])
            )
            for user in people:
                self._warm[key, user] = control.open(key, user, self._dialogs[key])
            until(lambda key=key: self._learn_event(key), TIMEOUT)  # type: ignore[misc]
        self.greet()
        self.estate.django(
            _PAPER.format(control=control.url, oauth=self.estate.emulator.oauth_url, count=PAPER)
        )

    def greet(self) -> None:
        """Let every web process see everybody who comes back, so that each knows them all.

        First an administrator of each portal: who heals a portal that lost its token makes older proofs void.
        """
        for key in PORTALS:
            self.open(self.estate.emulator.control.open(key, 1, self._dialogs[key]))
        for form in self._warm.values():
            for port in self.estate.ports.values():
                answer = self.open(
                    form | {"url": form["url"].replace(self.estate.url, f"http://127.0.0.1:{port}")}
                )
                assert answer[0] == "served", answer
            self.open(form)  # for the session of this address

    def start(self) -> None:
        """Begin; the rates leave the machine most of its time."""
        for choose, pause in (
            (self._open_warm, 0.1),
            (self._open_warm, 0.1),
            (self._open_cold, 0.5),
            (self._write, 0.25),
            (self._send, 0.4),
        ):
            thread = threading.Thread(target=self._repeat, args=(choose, pause), daemon=True)
            self._threads.append(thread)
            thread.start()
        self._threads.append(threading.Thread(target=self._make_due, daemon=True))
        self._threads[-1].start()

    def stop(self) -> None:
        """End, once everybody has an answer."""
        self._stop.set()
        for thread in self._threads:
            thread.join(TIMEOUT + 5)

    def measure(self) -> Tally:
        """Start counting anew; returns what counts from now on."""
        self.tally = Tally()
        return self.tally

    def open(self, form: dict[str, Any]) -> Answer:
        """Post the form of an open: served, a friendly page that retries, or an error."""
        answer = requests.post(form["url"], data=form["fields"], timeout=TIMEOUT)
        if answer.status_code == 200 and (data := _FRAME.search(answer.text)):
            self._sessions[form["url"]] = json.loads(data[1])["session"]
            return "served", ""
        if answer.status_code == 503 and _RETRIES.search(answer.text) and "Retry-After" in answer.headers:
            return "friendly", _code(answer.text)
        return f"error {answer.status_code}", _code(answer.text)

    def event(self, key: str, moment: int) -> Answer:
        """One ONAPPUPDATE that no other is equal to."""
        form = self._event_forms[key] | {"event": "ONAPPUPDATE", "ts": str(moment)}
        answer = requests.post(f"{self.estate.url}/events/", data=form, timeout=TIMEOUT)
        receipt = answer.json().get("receipt", "")
        if answer.status_code == 200:
            if receipt == "stored":
                self.events.add(moment)
            return "stored", receipt
        if answer.status_code == 202:
            self.spooled.add(moment)
            return "spooled", ""
        return ("refused" if answer.status_code == 503 else f"error {answer.status_code}"), answer.text[:200]

    def note(self, key: str) -> Answer:
        """One note by somebody who has the notebook open. A session that ended is renewed once, as pages do."""
        form = self._warm[key, random.choice(PORTALS[key])]
        answer = self._post_note(form)
        if answer.status_code == 401 and self.open(form)[0] == "served":
            answer = self._post_note(form)
        if answer.status_code == 201:
            self.notes.add(answer.json()["id"])
            return "saved", ""
        if answer.status_code == 503 and answer.json().get("code") and "Retry-After" in answer.headers:
            return "told", answer.json()["code"]
        return f"error {answer.status_code}", answer.text[:200]

    def _post_note(self, form: dict[str, Any]) -> requests.Response:
        headers = {"Authorization": f"Bearer {self._sessions[form['url']]}"}
        url = f"{self.estate.url}/api/v1/notes/"
        return requests.post(url, json={"text": "Kept?"}, headers=headers, timeout=TIMEOUT)

    def next_moment(self) -> int:
        """A `ts` of an event that none had before."""
        return int(next(self._moments))

    def cold_form(self, key: str) -> dict[str, Any]:
        """The form of somebody whom no process knows yet."""
        return self.estate.emulator.control.open(key, random.choice(PORTALS[key]), self._dialogs[key])

    def ask(self, asked: Asked) -> None:
        """One request, counted."""
        kind, request = asked
        begun = time.monotonic()
        try:
            outcome, sample = request()
        except (requests.RequestException, ValueError) as error:
            outcome, sample = f"error {type(error).__name__}", str(error)[:200]
        self.tally.add(kind, outcome, time.monotonic() - begun, sample)

    def _repeat(self, choose: Callable[[str], Asked], pause: float) -> None:
        while not self._stop.wait(random.uniform(0.5, 1.5) * pause):
            self.ask(choose(random.choice(list(PORTALS))))

    def _open_warm(self, key: str) -> Asked:
        form = self._warm[key, random.choice(PORTALS[key])]
        return f"warm {key}", lambda: self.open(form)

    def _open_cold(self, key: str) -> Asked:
        form = self.cold_form(key)
        return f"cold {key}", lambda: self.open(form)

    def _write(self, key: str) -> Asked:
        return f"note {key}", lambda: self.note(key)

    def _send(self, key: str) -> Asked:
        return f"event {key}", lambda: self.event(key, self.next_moment())

    def _make_due(self) -> None:
        while not self._stop.wait(1.0):
            with suppress(psycopg.Error), self.estate.database() as database:
                database.execute(_DUE)

    def _learn_event(self, key: str) -> bool:
        """What Bitrix24 sent when the portal installed, without its tokens: such an event proves itself."""
        for request in self.estate.emulator.control.requests("event_out"):
            form: dict[str, str] = request["params"]
            if form.get("auth[member_id]") == self.estate.emulator.portals[key].member_id:
                tokens = ("auth[access_token]", "auth[refresh_token]")
                self._event_forms[key] = {name: form[name] for name in form if name not in tokens}
                return True
        return False


def _code(page: str) -> str:
    found = re.search(r"<code>(\w+)</code>", page)
    return found[1] if found else page[:200]


_DUE = """
    UPDATE portals_portaltoken SET refresh_due_at = now() WHERE id IN (
        SELECT id FROM portals_portaltoken
        WHERE dead_at IS NULL AND spending_since IS NULL AND leased_until IS NULL AND failures = 0
        ORDER BY refreshed_at LIMIT 8
    )
"""
_PAPER = """
from tests.support.control import Control
from tests.support.paper import paper_portals
class Bitrix24: control, oauth_url = Control({control!r}), {oauth!r}
from datetime import timedelta
tokens = paper_portals(Bitrix24, {count}, due_in=timedelta(hours=1))
from portals.lifecycle.bindings import declaration_digest
from portals.models import Portal
Portal.objects.filter(tokens__in=tokens).update(handlers_digest=declaration_digest())
"""
