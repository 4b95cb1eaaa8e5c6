"""Every way of deploying: where it is described, what it covers, and what it was measured to do."""

from __future__ import annotations

import json
import statistics
from dataclasses import dataclass
from pathlib import Path

from .markdown import document, origin, table

DOCS = Path(__file__).parents[2] / "docs"
MEASURED = DOCS / "performance" / "results.json"
ORIGIN = "tests/docs_from_code/deploying.py and docs/performance/results.json"
NOT_MEASURED = "not measured yet"


@dataclass(frozen=True, slots=True)
class Way:
    """
    :param pages: of docs/, the best first; the first that there is is linked.
    :param scene: of the benchmark, in which `candidate` was measured.
    """

    name: str
    pages: tuple[str, ...]
    scene: str
    candidate: str


ALONE = "its own processes; Placement on an address that only they reach"
WITHIN = "none needed: there is no way past Placement's own process"
ASKED = "the front end's processes; Placement on an address that only they reach"
MOSTLY = (
    "token, policy, audit, path, query and headers; bodies with Envoy alone; Placement's own "
    "errors as far as the front end can"
)
KINDS = {
    "The proxy": (
        ALONE,
        "everything: bodies, errors, answers; a service user's credentials if you like",
        (
            Way("`policy-proxy serve`", ("serve.md", "installing.md"), "servers", "ours"),
            Way("gunicorn", ("gunicorn.md",), "servers", "ours on gunicorn"),
            Way("uWSGI", ("uwsgi.md",), "servers", "ours on uWSGI"),
            Way("nginx and uWSGI", ("uwsgi.md",), "servers", "ours on nginx + uWSGI"),
            Way("Apache httpd, mod_wsgi", ("apache.md",), "servers", "ours on Apache"),
            Way("waitress", ("waitress.md",), "servers", "ours on waitress"),
        ),
    ),
    "In Placement's process": (
        WITHIN,
        "everything but a service user's credentials",
        (
            Way(
                "a filter around Placement",
                ("in-process.md", "installing.md"),
                "placement",
                "Placement in ours",
            ),
        ),
    ),
    "A front end that asks": (
        ASKED,
        MOSTLY,
        (
            Way("nginx, `auth_request`", ("nginx.md",), "front ends", "nginx + ours"),
            Way("Envoy, `ext_authz`", ("envoy.md",), "front ends", "Envoy + ours"),
            Way("Caddy, `forward_auth`", ("caddy.md",), "front ends", "Caddy + ours"),
            Way("Traefik, `forwardAuth`", ("traefik.md",), "front ends", "Traefik + ours"),
        ),
    ),
}
"""By the kind of way: what keeps clients from Placement, what is covered, and the ways."""

INTRODUCTION = """
# Ways of deploying

The proxy decides the same in each of them, by the same policy files. What differs is what stands
between a client and Placement, and so what is covered, what it costs, and what has to be kept shut.

## Choosing

- **Start with `policy-proxy serve`.** It covers everything, needs no second configuration, names
  each problem before it starts, and restarts without a gap.
- **On several hosts**, with [HAProxy](haproxy.md) in front, which has TLS and asks each whether it
  is ready: one is restarted after the other, and no request fails.
- **Another WSGI server**, if the rest of the cloud runs in it and those who run it know it.
- **In Placement's process**, if a second service is too much to run: there is no hop, and no direct
  way to close. A fault in one is then a fault in both, they are upgraded together, and the policy
  stands beside what it guards.
- **A front end that asks**, if there is one already, or if large answers weigh more than what
  errors say: answers do not pass Python a second time.

Rules that look into bodies, a service user's credentials, and errors that say nothing of the inside
want the proxy, or Placement's process.
"""

WAYS = """
## The ways

*Isolation* is what keeps a client from asking Placement itself; [isolation.md](isolation.md) has
the means, and a proof for each. *Requests a second* are for a GET of 1 kB over 16 connections with
100 tokens, one process of the proxy, and the share is of what the line above all others in its
scene does: `serve` in front of a canned backend, or, in its process, Placement alone. Load
generator and backend share the machine, so shares say more than numbers
([performance.md](performance.md)).
"""

AFTER = """
## Before clients come

Whatever the way:

1. `policy-proxy check --config-file FILE --server NAME --server-config FILE` finds nothing
   ([what it looks for](check-server.md)).
2. `/healthcheck` of the proxy is 200 ([health.md](health.md)).
3. Somebody who may gets 200, somebody who may not 403, nobody 401, and each is a line in the audit
   file.
4. [Nobody goes around](isolation.md#proof).
5. A restart while requests come loses none: each page says what its server does on SIGTERM.
"""


def page() -> str:
    """docs/deploying.md."""
    return document(
        origin(ORIGIN),
        INTRODUCTION,
        WAYS,
        *(_kind(name, *described) for name, described in KINDS.items()),
        AFTER,
    )


def _kind(name: str, isolation: str, covered: str, ways: tuple[Way, ...]) -> str:
    rows = [(_linked(way), *_measured(way)) for way in ways]
    return document(
        f"### {name}",
        f"*Isolation:* {isolation}.\\\n*Covered:* {covered}.",
        table(("Way", "Requests a second", "Share", "p99, ms"), rows),
    )


def _linked(way: Way) -> str:
    there = [page for page in way.pages if (DOCS / page).exists()]
    return f"[{way.name}]({there[0]})" if there else way.name


def _measured(way: Way) -> tuple[str, str, str]:
    """Throughput, its share of the scene's first candidate, and the latency of a slow request."""
    rounds = next((s["rounds"] for s in _scenes() if s["name"] == way.scene), {})
    if way.candidate not in rounds:
        return NOT_MEASURED, "", ""
    first = statistics.median(next(iter(rounds.values()))["throughput"])
    found = rounds[way.candidate]
    throughput = statistics.median(found["throughput"])
    p99 = statistics.median(found["p99"])
    return f"{throughput:,.0f}", f"{throughput / first:.0%}", f"{p99:.3g}"


def _scenes() -> list[dict[str, dict[str, dict[str, list[float]]]]]:
    return json.loads(MEASURED.read_text(encoding="utf-8"))["scenes"]
