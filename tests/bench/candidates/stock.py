"""What an engineer writes in a day: gunicorn, keystonemiddleware, memcached, oslo.policy, requests.

Its authorizer alone, on granian, is what nginx and Envoy ask.
"""

from __future__ import annotations

import sys
from pathlib import Path

from bench.candidates import granian_apps
from bench.processes import Running
from bench.world import World
from policy_proxy.embedded import ports, state, users
from policy_proxy.embedded.processes import Child

_AT_ONCE = ("--graceful-timeout", "1")
THREADS = 16
"""Of gunicorn, and of granian for the authorizer, which does best with many, too."""


def start(world: World) -> Running:
    """Start the proxy in front of the canned backend."""
    port = ports.free()
    where = ["--bind", f"{ports.LOOPBACK}:{port}", "--keep-alive", "300", *_AT_ONCE]
    size = ["--workers", "1", "--worker-class", "gthread", "--threads", str(THREADS)]
    command = [sys.executable, "-m", "gunicorn", *where, *size, "bench.apps.stock_proxy"]
    more = {"BENCH_BACKEND": world.backend, "BENCH_CONFIG": str(_configuration(world))}
    child = world.children.start(
        "stock", command, world.folder / "stock.log", granian_apps.environment(more)
    )
    return Running(f"http://{ports.LOOPBACK}:{port}", (child,))


def authorizer(world: World, name: str) -> tuple[str, Child]:
    """Start the authorizer; its base URL and its process."""
    more = {"BENCH_CONFIG": str(_configuration(world))}
    return granian_apps.start(world, "stock_authorizer", THREADS, more, name=f"{name}-authorizer")


def _configuration(world: World) -> Path:
    policy = world.folder / "stock-policy.yaml"
    state.write(policy, "{}\n")
    path = world.folder / "stock.conf"
    authtoken = world.authtoken(users.PROXY, memcached_servers=world.memcached)
    sections = {"keystone_authtoken": authtoken, "oslo_policy": {"policy_file": str(policy)}}
    state.write_ini(path, "Written by `make bench`.", sections)
    return path
