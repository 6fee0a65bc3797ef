"""Exit 0 if the ``web`` process on $PORT serves requests; ``--wait SECONDS`` gives it that long to start.

It asks as the proxy would, since the application answers to its own host name alone. Standard library only.
"""

import argparse
import http.client
import os
import sys
import time
from urllib.parse import urlsplit


def healthy(port: int, host: str) -> bool:
    """Whether ``/healthz`` answers 200."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/healthz", headers={"Host": host})
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def main() -> int:
    """Ask until it is healthy or the time is over; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--wait", type=float, default=0, help="seconds to keep asking (default: ask once)")
    give_up = time.monotonic() + parser.parse_args().wait
    port, host = int(os.environ["PORT"]), urlsplit(os.environ["PUBLIC_URL"]).netloc
    while not healthy(port, host):
        if time.monotonic() >= give_up:
            return 1
        time.sleep(0.2)
    return 0


if __name__ == "__main__":
    sys.exit(main())
