"""What a section works with: the emulated Bitrix24, an empty database, and the cost of processes."""

from dataclasses import dataclass
from pathlib import Path

import psutil
from django.apps import apps
from django.core.cache import cache
from django.db import connection

from tests.support.emulator import Emulator


@dataclass(frozen=True)
class World:
    """``folder`` holds the data of PostgreSQL and Valkey."""

    emulator: Emulator
    folder: Path

    def clean(self) -> None:
        """Empty tables, cache and queues, and the demo world."""
        from widget.pages import kept_pages  # noqa: PLC0415 - the settings first

        self.emulator.reset()
        tables = [
            model._meta.db_table
            for label in ("portals", "widget")
            for model in apps.get_app_config(label).get_models()
        ]
        with connection.cursor() as cursor:
            cursor.execute(f"TRUNCATE {', '.join(tables)} RESTART IDENTITY CASCADE")
        cache.clear()
        kept_pages.forget()

    def service_seconds(self) -> float:
        """Processor seconds that PostgreSQL and Valkey have used so far."""
        total = 0.0
        for process in psutil.process_iter():
            try:
                if process.cwd().startswith(str(self.folder)):
                    total += processor_seconds(process)
            except psutil.Error:
                continue
        return total


def processor_seconds(process: psutil.Process) -> float:
    """Processor seconds of one process, in user and system mode."""
    times = process.cpu_times()
    return float(times.user + times.system)
