"""What the workers of a proxy say of their policy, and whether all of them have said it.

Each worker answers for itself, and which one does is up to the kernel. So it is asked on one fresh
connection after the other, until so many answers in a row agree that no worker can have been passed
over.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

LEAST = 40
"""Answers in a row that must agree, however few workers there are said to be: if there are twice as
many, one that disagrees is passed over once in 10**12 times.
"""
FOR_EACH = 20
"""Answers in a row for each worker: one of many is passed over once in 10**8 times."""


@dataclass(frozen=True, slots=True)
class Heard:
    """One worker's answer.

    :param revision: of the policy in force; empty if none is.
    :param refused: revision of the files that it refuses; empty if it refuses none.
    :param because: why it does.
    """

    worker: int
    revision: str
    refused: str = ""
    because: tuple[str, ...] = ()


class Untold(ValueError):
    """An answer that does not say which worker has which policy in force."""


def heard(document: Any) -> Heard:
    """What `GET /healthcheck?detailed=1` says: see docs/health.md.

    :param document: the answer, from JSON.
    :raises Untold: if it is the answer for those who are not trusted, or none of the proxy's.
    """
    if not isinstance(document, Mapping) or "ready" not in document:
        raise Untold("what answers is no policy-proxy: name its address with --url")
    if "worker" not in document:
        raise Untold(
            "the proxy does not trust this host with what is in force: add its address to [health] "
            "trusted_addresses, or run this on the proxy's own host"
        )
    policy = document["policy"]
    return Heard(
        worker=int(document["worker"]),
        revision=policy["revision"] or "",
        refused=policy.get("refused_revision", ""),
        because=tuple(policy.get("because", ())),
    )


def agreed(streak: Sequence[Heard], workers: int) -> bool:
    """Whether answers in a row, all of one revision, are those of all workers.

    :param workers: how many there are. If there are more, each must have agreed as well, but for
        the odds above.
    """
    return len(streak) >= max(LEAST, FOR_EACH * workers) and len(who(streak)) >= workers


def who(answers: Collection[Heard]) -> list[int]:
    """The workers that have answered."""
    return sorted({answer.worker for answer in answers})


def differs(answer: Heard, revision: str) -> str:
    """Why this worker's answer is not the one that is waited for; empty if it is."""
    if answer.revision == revision:
        return ""
    return f"worker {answer.worker} has revision {answer.revision or 'none'} in force"


def too_few(streak: Collection[Heard], workers: int) -> str:
    """Why answers in a row are not those of all workers, though none differs."""
    found = who(streak)
    if len(found) >= workers:
        return "the workers have not been asked often enough: see --timeout"
    names = ", ".join(map(str, found)) or "none"
    return f"{len(found)} of {workers} workers have answered ({names}): see --workers"
