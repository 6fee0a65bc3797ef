"""The process: ports, ready file, a world that survives a restart, load."""

import os
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

from tests.emulator.client import HELENA, PRIYA, Client
from tests.support.emulator import ROOT, Emulator


def test_a_restart_keeps_the_world(tmp_path: Path) -> None:
    emulator = Emulator(state_file=tmp_path / "world.json", spares=0)
    with emulator:
        client = Client.installed(emulator, "alpha")
        client.bind()
        client.result("im.message.add", PRIYA, DIALOG_ID="chat22", MESSAGE="Still here")
        emulator.control.advance(100)
        state, url = emulator.control.state(), emulator.portals["alpha"].url
    with emulator:
        again = emulator.control.state()

        assert emulator.portals["alpha"].url == url
        assert again["portals"] == state["portals"]
        assert again["now"] == pytest.approx(state["now"], abs=20)
        assert client.result("placement.get")[0]["title"] == "Notes"


def test_paper_portals_are_not_saved(tmp_path: Path) -> None:
    emulator = Emulator(state_file=tmp_path / "world.json", spares=0)
    with emulator:
        emulator.control.paper_portals(3)
        assert emulator.control.state()["paper_portals"] == 3
    with emulator:
        assert emulator.control.state()["paper_portals"] == 0


def test_portals_keep_their_identity_on_other_ports(tmp_path: Path) -> None:
    state_file = tmp_path / "world.json"
    with Emulator(state_file=state_file, spares=0) as first:
        member_id, url = first.portals["beta"].member_id, first.portals["beta"].url
        token = Client.installed(first, "beta").token(HELENA)
    with Emulator(state_file=state_file, spares=0, portals=3) as second:
        answer = requests.post(
            f"{second.portals['beta'].client_endpoint}profile", json={"auth": token}, timeout=10
        )

        assert second.portals["beta"].member_id == member_id
        assert second.portals["beta"].url != url
        assert answer.json()["result"]["ID"] == str(HELENA)
        assert list(second.portals) == ["alpha", "beta", "portal3"]


def test_a_kill_loses_a_second_at_most(tmp_path: Path) -> None:
    state_file = tmp_path / "world.json"
    emulator = Emulator(state_file=state_file, spares=0)
    with emulator:
        Client.installed(emulator, "alpha")
        deadline = time.monotonic() + 10
        while not state_file.exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        assert emulator.pid is not None
        os.kill(emulator.pid, signal.SIGKILL)
    with emulator:
        assert emulator.control.installation("alpha")["installed"] is True


def test_an_unreadable_state_file_is_set_aside(tmp_path: Path) -> None:
    state_file = tmp_path / "world.json"
    state_file.write_text('{"portals": {"alpha": {"invented": 1}}}')
    with Emulator(state_file=state_file, spares=0) as emulator:
        assert list(emulator.portals) == ["alpha", "beta"]

    assert "invented" in (tmp_path / "world.unreadable").read_text()
    assert "Northwind" in state_file.read_text()


def test_a_taken_port_is_an_error_message() -> None:
    with Emulator(spares=0) as emulator:
        port = emulator.oauth_url.rpartition(":")[2]
        command = [sys.executable, "-m", "emulator", "--oauth-port", port]
        failed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=20, check=False)

    assert failed.returncode == 2
    assert "cannot listen" in failed.stderr


def test_a_hanging_handler_does_not_hold_up_the_end() -> None:
    with socket.create_server(("127.0.0.1", 0)) as deaf, Emulator(spares=0) as emulator:
        client = Client.installed(emulator, "alpha")
        handler = f"http://127.0.0.1:{deaf.getsockname()[1]}/"
        client.result("event.bind", event="ONAPPTEST", handler=handler)
        client.result("event.test")
        connection, _ = deaf.accept()
        started = time.monotonic()
        emulator.stop()
        connection.close()

    assert time.monotonic() - started < 5


def test_slow_refreshes_do_not_queue(emulator: Emulator) -> None:
    """200 refreshes of 100 ms each, 40 at a time: half a second of waiting, not twenty."""
    pairs = emulator.control.paper_portals(200)
    emulator.control.fault("oauth", delay_ms=100)
    session = requests.Session()
    session.mount("http://", requests.adapters.HTTPAdapter(pool_maxsize=40))

    def refresh(pair: dict[str, str]) -> str:
        form = {
            "grant_type": "refresh_token",
            "client_id": emulator.client_id,
            "client_secret": emulator.client_secret,
            "refresh_token": pair["refresh_token"],
        }
        answer = session.post(f"{emulator.oauth_url}/oauth/token/", data=form, timeout=10)
        return str(answer.json()["member_id"])

    started = time.monotonic()
    with ThreadPoolExecutor(40) as pool:
        members = list(pool.map(refresh, pairs))

    assert members == [pair["member_id"] for pair in pairs]
    assert time.monotonic() - started < 10
