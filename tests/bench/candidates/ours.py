"""`policy-proxy serve --workers 1`, with everything on: audit file, sanitizing, a policy file."""

from __future__ import annotations

import sys
import sysconfig
from collections.abc import Mapping, Sequence
from pathlib import Path

from bench.candidates import granian_apps
from bench.processes import Running
from bench.world import World
from policy_proxy import config
from policy_proxy.embedded import ports, state, users

COMMAND = (str(Path(sysconfig.get_path("scripts"), "policy-proxy")),)
Sections = Mapping[str, Mapping[str, str]]
NOTHING: Sections = {}
DEFAULTS = "{}\n"
"""A policy file that keeps Placement's own rules."""


def start(
    world: World,
    *,
    name: str = "ours",
    backend: str = "",
    policy: str = DEFAULTS,
    workers: int = 1,
    program: Sequence[str] = COMMAND,
    more: Sections = NOTHING,
) -> Running:
    """Start it in front of `backend`, or of the canned one."""
    folder = folder_of(world, name)
    path = configuration(world, folder, backend or world.backend, policy, more)
    port = ports.free()
    where = ["--config-file", str(path), "--port", str(port), "--workers", str(workers)]
    variables = granian_apps.environment({"BENCH_LAYERS": str(layers_file(world))})
    child = world.children.start(
        name, [*program, "serve", *where], folder / "policy-proxy.log", variables
    )
    return Running(f"http://{ports.LOOPBACK}:{port}", (child,))


def trying(world: World) -> Running:
    """The same with a candidate policy on trial, which every request is decided by as well."""
    name = "ours, a candidate on trial"
    folder = folder_of(world, name)
    candidate = folder / "candidate.yaml"
    state.write(candidate, many_rules(0))
    return start(world, name=name, more={"policy": {"candidate_file": str(candidate)}})


def timed(world: World) -> Running:
    """The same, with a clock at each layer that writes to `layers_file`."""
    layers_file(world).unlink(missing_ok=True)
    return start(world, name="ours, timed", program=(sys.executable, "-m", "bench.apps.timed"))


def layers_file(world: World) -> Path:
    """Where `timed` says what each layer has used, in nanoseconds of CPU."""
    return world.folder / "layers.json"


def folder_of(world: World, name: str) -> Path:
    """A folder for the files of one candidate, made now if there is none."""
    folder = world.folder / name.replace(" ", "-").replace(",", "")
    folder.mkdir(exist_ok=True)
    return folder


def configuration(
    world: World, folder: Path, backend: str, policy: str, more: Sections = NOTHING
) -> Path:
    """Write its files into `folder`; the audit file begins anew.

    :param more: sections beside those that it needs.
    """
    state.write(folder / "policy.yaml", policy)
    audit = folder / "audit.jsonl"
    audit.unlink(missing_ok=True)
    path = folder / "policy-proxy.conf"
    state.write_ini(
        path,
        "Written by `make bench`.",
        {
            "backend": {"url": backend},
            "audit": {"file": str(audit)},
            "oslo_policy": {"policy_file": str(folder / "policy.yaml")},
            "keystone_authtoken": world.authtoken(users.PROXY),
            **more,
        },
    )
    return path


def threads(world: World) -> int:
    """How many requests one worker of ours handles at once by default."""
    folder = world.folder / "defaults"
    folder.mkdir(exist_ok=True)
    path = configuration(world, folder, world.backend, DEFAULTS)
    return config.load([str(path)]).server.threads


def many_rules(count: int) -> str:
    """A policy of `count` rules: Placement's own, one of which is changed, and helpers."""
    changed = '"placement:traits:list": "role:admin or role:service or rule:site:team_0"\n'
    helpers = (
        f'"site:team_{n}": "role:team_{n} and project_id:%(project_id)s or role:ops_{n % 97}"\n'
        for n in range(count)
    )
    return changed + "".join(helpers)
