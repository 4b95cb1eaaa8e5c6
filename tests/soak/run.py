"""One soak, from the start of the stack to its figures."""

from __future__ import annotations

import os
import platform
import threading
import time
import uuid
from collections import Counter
from pathlib import Path
from typing import Any

from harness import secrets
from soak import findings, growth
from soak.clients import Client
from soak.site import CALLERS, PROJECTS, Site, site
from soak.troubles import Troublemaker, change_policies

SHOWN = 20
"""Findings of each kind that are told; all are counted."""


def soak(folder: Path, length: float, *, clients: int, workers: int, seed: int) -> dict[str, Any]:
    """
    :param folder: empty; for everything that the stack keeps.
    :param length: seconds.
    :return: the figures, `failed` among them: the names of those that are not as wanted.
    """
    with site(folder, workers=workers, seed=seed) as made:
        askers = _clients(made, clients)
        maker = Troublemaker(made, length)
        samples = _loaded(made, askers, maker, length)
        result = _result(made, askers, maker, samples, length)
    machine = f"{os.cpu_count()} CPUs, {platform.machine()}, Linux {platform.release()}"
    return {"seed": seed, "machine": machine} | result


def _clients(site: Site, count: int) -> list[Client]:
    projects = {name: site.credentials(name)["project_id"] for name in PROJECTS}
    made = []
    for number in range(count):
        host = str(uuid.uuid4())
        site.placement("/resource_providers", "POST", {"name": f"host-{number}", "uuid": host})
        inventory = {"resource_provider_generation": 0, "inventories": {"VCPU": {"total": 10**6}}}
        site.placement(f"/resource_providers/{host}/inventories", "PUT", inventory)
        made.append(
            Client(site.served.port, site.token, CALLERS, projects, host, site.seed + number)
        )
    return made


def _loaded(
    site: Site, clients: list[Client], maker: Troublemaker, length: float
) -> list[growth.Sample]:
    over, failed = threading.Event(), []

    def guarded(work: Any, *arguments: Any) -> None:
        try:
            work(*arguments, over)
        except BaseException as error:  # noqa: BLE001  whatever it is, the soak has not been one
            failed.append(error)

    jobs = [(client.run,) for client in clients]
    jobs += [(maker.run,), (change_policies, site, max(1.0, min(4.0, length / 20)))]
    threads = [threading.Thread(target=guarded, args=job) for job in jobs]
    for thread in threads:
        thread.start()
    try:
        samples = _watched(site, clients, maker, length, failed)
    finally:
        over.set()
        for thread in threads:
            thread.join()
    if failed:
        raise failed[0]
    return samples


def _watched(
    site: Site, clients: list[Client], maker: Troublemaker, length: float, failed: list[Any]
) -> list[growth.Sample]:
    samples, began, told = [], time.monotonic(), 0.0
    while (at := time.monotonic() - began) < length and not failed:
        taken = growth.sample(site.served.process.pid, site.served.worker_pids(), at)
        if taken:
            samples.append(taken)
        if at - told >= 5 and taken:
            told = at
            _tell(at, clients, taken, maker)
        time.sleep(0.5)
    return samples


def _tell(at: float, clients: list[Client], taken: growth.Sample, maker: Troublemaker) -> None:
    asked = [len(client.asked) for client in clients]
    statuses = Counter(one.status for client in clients for one in client.asked if one.ended)
    counts = " ".join(f"{status or '---'}:{count}" for status, count in sorted(statuses.items()))
    sizes = " ".join(f"{taken.values[f'worker {name}']:.0f} {name}" for name in growth.ALLOWED)
    print(
        f"{at:6.0f} s {sum(asked):7} requests  {counts}  {taken.workers} workers: {sizes}  "
        f"{maker.now}",
        flush=True,
    )


def _result(
    site: Site,
    clients: list[Client],
    maker: Troublemaker,
    samples: list[growth.Sample],
    length: float,
) -> dict[str, Any]:
    asked = [one for client in clients for one in client.asked]
    records = findings.recorded(site)
    errors, explained = findings.client_errors(asked, maker.done)
    sound, said = site.verified()
    sizes = growth.thirds(samples, length, site.workers)
    wrong = {
        "wrong decisions": [*findings.wrong_decisions(site, asked, records)],
        "lost or doubled writes": [*findings.lost_or_doubled(site, clients)],
        "unrecorded requests": [*findings.unrecorded(site, asked, records)],
        "client errors": errors,
        "broken seals": [] if sound else said.splitlines(),
        "secrets in outputs": [
            f"line {hit.line} of {hit.file}" for hit in secrets.searched(site.folder).hits
        ],
        "growth": growth.grown(sizes) if sizes else ["nothing was measured"],
    }
    return {
        "seconds": length,
        "requests": len(asked),
        "writes done": sum(one.writes and 200 <= one.status < 300 for one in asked),
        "denied": sum(one.status == 403 for one in asked),
        "writes at Placement": sum(site.backend.writes.values()),
        "audit records": sum(map(len, records.values())),
        "policies put in force": len(site.in_force),
        "troubles": dict(Counter(one.name for one in maker.done)),
        **{name: len(found) for name, found in wrong.items()},
        "explained client errors": {why: dict(said) for why, said in explained.items()},
        "audit verify": said.splitlines()[-1:],
        "sizes": sizes,
        "findings": {name: found[:SHOWN] for name, found in wrong.items() if found},
        "failed": [name for name, found in wrong.items() if found],
    }
