"""Ports of development: chosen so that two that start at the same moment choose different ones."""

import fcntl
import os
import socket
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

_FOLDER = Path(tempfile.gettempdir()) / "chat-notebook-ports"
# Open files: the locks on them end with this process.
_reserved: dict[int, int] = {}


def reserve(candidates: Iterable[int]) -> int:
    """The first port of ``candidates`` that is free and that no other start on this machine has chosen; it stays
    reserved until this process ends. Raises: OSError if there is none."""
    for port in candidates:
        if port in _reserved or (_free(port) and _lock(port)):
            return port
    raise OSError("no free port")


def any_free() -> int:
    """A reserved port of the system's choice."""
    return reserve(iter(_ephemeral, None))


def _ephemeral() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _lock(port: int) -> bool:
    with suppress(FileExistsError, PermissionError):
        _FOLDER.mkdir(mode=0o777)
        _FOLDER.chmod(0o1777)  # whoever else develops here
    try:
        handle = os.open(_FOLDER / str(port), os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o666)
    except OSError:  # another user's: as good as taken
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(handle)
        return False
    _reserved[port] = handle
    return True
