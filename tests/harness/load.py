"""Clients that send one request after the other and never send one twice."""

from __future__ import annotations

import http.client
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

Connect = Callable[[], http.client.HTTPConnection]


@dataclass(slots=True)
class Load:
    """What became of the requests.

    :param answered: how many by status.
    :param unanswered: what went wrong with each that was sent, or on its way.
    :param refused: how many connections nobody took; no request was sent on them.
    :param last: how many answers said that they were the last on their connection.
    """

    answered: Counter[int] = field(default_factory=Counter)
    unanswered: list[str] = field(default_factory=list)
    refused: int = 0
    last: int = 0


@contextmanager
def load(connect: Connect, token: str, *, kept: int, new: int) -> Iterator[Load]:
    """Reads and writes in turns, from threads, until the block ends.

    :param kept: clients that keep their connection as long as it is kept open for them.
    :param new: clients that have a new connection for each request.
    """
    found, over = Load(), threading.Event()
    arguments = [(number, number < kept) for number in range(kept + new)]
    threads = [
        threading.Thread(target=_ask, args=(connect, token, found, over, *one)) for one in arguments
    ]
    for thread in threads:
        thread.start()
    try:
        yield found
    finally:
        over.set()
        for thread in threads:
            thread.join()


def _ask(
    connect: Connect, token: str, found: Load, over: threading.Event, number: int, keep: bool
) -> None:
    connection = None
    count = 0
    headers = {"X-Auth-Token": token} | ({} if keep else {"Connection": "close"})
    while not over.is_set():
        count += 1
        if connection is None:
            connection = connect()
            try:
                connection.connect()
            except OSError as error:
                if isinstance(error, ConnectionRefusedError | FileNotFoundError):
                    found.refused += 1
                else:
                    found.unanswered.append(f"connecting: {error!r}")
                connection = None
                over.wait(0.02)
                continue
            connection.auto_open = 0  # or http.client would open another one by itself
        method, target = [("GET", "/traits"), ("PUT", f"/traits/CUSTOM_{number}_{count}")][
            count % 2
        ]
        try:
            connection.request(method, target, headers=headers)
            answer = connection.getresponse()
            answer.read()
        except (OSError, http.client.HTTPException) as error:
            found.unanswered.append(f"{method} {target}: {error!r}")
            connection.close()
            connection = None
            continue
        found.answered[answer.status] += 1
        if answer.will_close:
            found.last += keep
            connection.close()
            connection = None
    if connection is not None:
        connection.close()
