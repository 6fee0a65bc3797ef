"""A server of Bitrix24's that says something else than the emulator would: what it answers is changed on the way.

The emulator is always consistent; what happens when a portal and the authorization server disagree is seen here.
"""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import requests

Change = Callable[[dict[str, Any]], None]


@contextmanager
def contradicting(origin: str, change: Change) -> Iterator[str]:
    """The URL of a server that passes everything on to ``origin``; ``change`` alters the JSON of each answer."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            kind = {"Content-Type": self.headers.get("Content-Type", "")}
            told = requests.request(self.command, origin + self.path, data=body, headers=kind, timeout=10)
            answer = told.json()
            change(answer)
            content = json.dumps(answer).encode()
            self.send_response(told.status_code)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST  # noqa: N815 - the name that the server looks for

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
