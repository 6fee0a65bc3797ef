"""The front door: one address for all web processes, as a load balancer gives it in production."""

import asyncio
import threading
from contextlib import suppress

_CHUNK = 65536


class Front:
    """Passes connections on to the web processes in turn; one that takes no connection is passed over."""

    def __init__(self, ports: list[int]) -> None:
        self._ports = ports
        self._turn = 0
        self._loop = asyncio.new_event_loop()
        server = self._loop.run_until_complete(asyncio.start_server(self._serve, "127.0.0.1", 0))
        self.port: int = server.sockets[0].getsockname()[1]
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Take no more connections."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for _ in self._ports:
            self._turn = (self._turn + 1) % len(self._ports)
            try:
                behind = await asyncio.open_connection("127.0.0.1", self._ports[self._turn])
            except OSError:
                continue
            await asyncio.gather(_pipe(reader, behind[1]), _pipe(behind[0], writer))
            return
        writer.close()


async def _pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await reader.read(_CHUNK):
            writer.write(data)
            await writer.drain()
    with suppress(OSError):
        writer.close()
