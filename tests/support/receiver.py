"""A small HTTP server that keeps what it is sent, as the handler of an application would be."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self
from urllib.parse import parse_qsl

WAIT_SECONDS = 5.0


@dataclass(frozen=True)
class Received:
    """One POST: path, content type and raw body."""

    path: str
    content_type: str
    body: str

    @property
    def fields(self) -> dict[str, str]:
        """The form fields under their names as sent, brackets included."""
        return dict(parse_qsl(self.body, keep_blank_values=True))


class Receiver:
    """Listens on a free loopback port while it is entered; answers every POST with 200."""

    def __init__(self) -> None:
        self.received: list[Received] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    def url(self, path: str = "/events/") -> str:
        """Address of a handler."""
        return f"http://127.0.0.1:{self._server.server_address[1]}{path}"

    def wait(self, count: int = 1) -> list[Received]:
        """What has arrived once there are `count` of them. Raises AssertionError after five seconds."""
        self._until(lambda: len(self.received) >= count)
        assert len(self.received) == count, self.received
        return list(self.received)

    def _until(self, condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + WAIT_SECONDS
        while not condition() and time.monotonic() < deadline:
            time.sleep(0.01)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        received = self.received

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", "0"))).decode()
                received.append(Received(self.path, self.headers.get("Content-Type", ""), body))
                self.send_response(200)
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                """Silence: the test reports what matters."""

        return Handler
