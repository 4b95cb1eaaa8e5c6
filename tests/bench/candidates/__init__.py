"""Everything that is measured, by name. Each is started in a world and gives what runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from bench.candidates import (
    bare,
    envoy_front,
    fronts,
    nginx_front,
    ours,
    placement,
    servers,
    stock,
)
from bench.processes import Running
from bench.world import World

RULES = 10_000
LOOKING = '"placement:allocations:update": "role:service and not user_id:%(user_id)s"\n'
"""A rule that needs an attribute from the body; see `work.PUT_ONE`."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """`words` say what it is. `guards`: whether it refuses those who may not."""

    start: Callable[[World], Running]
    words: str
    guards: bool = True


def _ours_with(name: str, section: str, **options: str) -> Candidate:
    said = ", ".join(f"{option} = {value}" for option, value in options.items())
    start = partial(ours.start, name=f"ours, {name}", more={section: options})
    return Candidate(start, f"ours with [{section}] {said}")


CANDIDATES: Mapping[str, Candidate] = {
    "ours": Candidate(ours.start, "policy-proxy serve --workers 1, everything on"),
    "bare": Candidate(
        bare.start, "granian and pycurl, forwards only; as many threads as ours", guards=False
    ),
    "bare, 2 threads": Candidate(
        partial(bare.start, threads=2), "the same with 2 threads", guards=False
    ),
    "bare, 4 threads": Candidate(
        partial(bare.start, threads=4), "the same with 4 threads", guards=False
    ),
    "bare, one core": Candidate(
        partial(bare.start, one_core=True), "the same on one core, as ours", guards=False
    ),
    "stock": Candidate(
        stock.start, "gunicorn gthread, keystonemiddleware, memcached, oslo.policy, requests"
    ),
    "nginx + stock": Candidate(
        nginx_front.with_stock, "nginx auth_request to the stock authorizer on granian"
    ),
    "Envoy + stock": Candidate(
        envoy_front.with_stock, "Envoy ext_authz to the stock authorizer on granian"
    ),
    "nginx plain": Candidate(
        nginx_front.plain, "nginx, forwards only: a loopback hop", guards=False
    ),
    "Placement": Candidate(placement.direct, "Placement with its own middleware and policy"),
    "Placement through ours": Candidate(placement.through_ours, "Placement behind ours"),
    "Placement in ours": Candidate(
        placement.with_ours_around, "Placement with ours around it, in one process"
    ),
    **{
        name: Candidate(partial(servers.start, server=server), f"ours on {server}")
        for server, name in servers.NAMES.items()
    },
    **{
        name: Candidate(partial(fronts.start, front_end=front), f"{front}, asking ours")
        for front, name in fronts.NAMES.items()
    },
    "ours, 2 workers": Candidate(
        partial(ours.start, name="ours, 2 workers", workers=2), "ours with --workers 2"
    ),
    "ours, 10,000 rules": Candidate(
        partial(ours.start, name="ours, 10000 rules", policy=ours.many_rules(RULES - 40)),
        "ours with a policy file of 10,000 rules",
    ),
    "ours, all cores": _ours_with("all cores", "server", one_core="false"),
    "ours, no identity memory": _ours_with("no identity memory", "identity_cache", ttl="0"),
    "ours, no request memory": _ours_with("no request memory", "limits", remembered_requests="0"),
    "ours, a candidate on trial": Candidate(
        ours.trying, "ours with [policy] candidate_file, which decides one rule otherwise"
    ),
    "ours, timed": Candidate(ours.timed, "ours with a clock at each layer"),
    "ours, looking": Candidate(
        partial(ours.start, name="ours, looking", policy=LOOKING),
        "ours with a rule that looks into the body",
    ),
}
