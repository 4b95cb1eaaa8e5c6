"""Front ends that ask ours as their authorizer, from the files in etc/."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import urlsplit

from bench import nginx
from bench.candidates import ours
from bench.processes import Running
from bench.world import World
from harness.front_ends import COMMANDS, addresses
from harness.nginx import authorizing
from harness.servers import ETC
from policy_proxy.embedded import ports
from policy_proxy.embedded.processes import Child

NAMES = {
    "nginx": "nginx + ours",
    "envoy": "Envoy + ours",
    "caddy": "Caddy + ours",
    "traefik": "Traefik + ours",
}
SETTINGS = {"envoy": {"body": "whole"}}
"""What the front ends' files say that `[authorizer]` needs beside their names."""


def start(world: World, front_end: str) -> Running:
    """The front end in front of the canned backend, with its authorizer."""
    asked = _authorizer(world, front_end)
    folder = ours.folder_of(world, NAMES[front_end])
    port = ports.free()
    child = (
        _nginx(world, folder, asked.url, port)
        if front_end == "nginx"
        else _other(world, front_end, folder, asked.url, port)
    )
    children = (*asked.children, child)
    # `/healthcheck` is no operation: what needs no token is the version document
    url = f"http://{ports.LOOPBACK}:{port}"
    return Running(url, children, ready="/", behind=(f"{asked.url}/healthcheck",))


def _authorizer(world: World, front_end: str) -> Running:
    section = {"front_end": front_end, **SETTINGS.get(front_end, {})}
    return ours.start(world, name=f"ours for {front_end}", more={"authorizer": section})


def _nginx(world: World, folder: Path, authorizer: str, port: int) -> Child:
    text = (ETC / "nginx-authorizer.conf").read_text(encoding="utf-8")
    for written, meant in authorizing(authorizer, world.backend).items():
        text = text.replace(written, meant.format(port=port))
    return nginx.start(world.children, folder, "nginx-ours", text)


def _other(world: World, front_end: str, folder: Path, authorizer: str, port: int) -> Child:
    behind = [urlsplit(url).port or 0 for url in (authorizer, world.backend)]
    command = COMMANDS[front_end](folder, addresses(port, *behind))
    environment = {"HOME": str(folder), "PATH": os.environ["PATH"]}
    return world.children.start(front_end, command, folder / f"{front_end}.log", environment)
