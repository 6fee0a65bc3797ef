"""Work that a process does beside its requests and tasks: what they left behind, once in a while and at the end."""

import os
import threading
from collections.abc import Callable
from multiprocessing.util import Finalize


class Background:
    """Runs ``work`` in one thread of this process, started by the first `wake`, and once more at exit.

    ``seconds`` says how long to rest between two runs; 0: never, ``work`` is called by hand. ``forked`` runs in a
    child that was forked after the start: what its parent collected, its parent delivers. ``work`` must not raise.
    """

    def __init__(
        self,
        name: str,
        work: Callable[[], None],
        *,
        seconds: Callable[[], float],
        forked: Callable[[], None],
    ) -> None:
        self._name = name
        self._work = work
        self._seconds = seconds
        self._forked = forked
        self._process = 0
        self._starting = threading.Lock()

    def wake(self) -> None:
        """There is something to do: costs a comparison once the thread runs."""
        if self._process != os.getpid() and self._seconds():
            self._start()

    def _start(self) -> None:
        with self._starting:
            if self._process == os.getpid():
                return
            if self._process:
                self._forked()
            self._process = os.getpid()
            threading.Thread(target=self._run, name=self._name, daemon=True).start()
            # Not atexit: a forked worker of the web server leaves without running that.
            Finalize(None, self._work, exitpriority=1)

    def _run(self) -> None:
        pause = threading.Event()
        while not pause.wait(self._seconds()):
            self._work()
