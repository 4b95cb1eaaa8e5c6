"""Serve one of these applications on granian: `python -m bench.apps NAME PORT THREADS`.

With the settings of `policy-proxy serve`, so that the server is the same for all.
"""

from __future__ import annotations

import sys

from granian import Granian
from granian.constants import HTTPModes, Interfaces


def main(name: str, port: int, threads: int) -> None:
    Granian(
        f"bench.apps.{name}:application",
        address="127.0.0.1",
        port=port,
        interface=Interfaces.WSGI,
        workers=1,
        blocking_threads=threads,
        http=HTTPModes.http1,
        websockets=False,
        log_enabled=False,
    ).serve()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
