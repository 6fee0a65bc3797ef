"""Every secret that this process issues, one a line, if ``EMULATOR_LEDGER`` names a file.

For tests that search logs and pages for what must not be in them. The file outlives resets and killed processes.
"""

import os
from pathlib import Path

VARIABLE = "EMULATOR_LEDGER"


def issued(secret: str) -> str:
    """Write the secret down if somebody asked for that, and return it."""
    path = os.environ.get(VARIABLE)
    if path:
        with Path(path).open("a") as ledger:
            ledger.write(f"{secret}\n")
    return secret
