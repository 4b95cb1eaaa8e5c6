"""uWSGI from etc/uwsgi.ini: alone, and behind nginx from etc/uwsgi-nginx.conf."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from importlib import metadata
from pathlib import Path

from harness import nginx
from harness.children import end
from harness.servers.launching import APPLICATION, ETC, Launch, Options, for_proxy
from harness.servers.running import HOST, Running

INI = ETC / "uwsgi.ini"
SCRIPT = ETC / "wsgi" / "policy_proxy_app.py"
UWSGI = Path(sys.executable).with_name("uwsgi")
_RELOAD = signal.SIGHUP


@dataclass(frozen=True, slots=True)
class Chained(Running):
    """Its workers are replaced one after the other, by a word to the master."""

    def reload(self) -> None:
        self.log.with_name("uwsgi.fifo").write_text("c")


class Uwsgi:
    name = "uWSGI"

    def missing(self) -> str:
        return "" if UWSGI.exists() else "uWSGI is not installed: make install-servers"

    def version(self) -> str:
        return metadata.version("uwsgi")

    def launch(self, options: Options, port: int, over: ExitStack) -> Launch:
        return Launch(
            [UWSGI, "--ini", _ini(options, f"http-socket = {HOST}:{port}")],
            for_proxy(_as_the_page_says(options, port)),
            reload_signal=_RELOAD,
            kind=Chained,
        )


@dataclass(frozen=True, slots=True)
class Behind(Chained):
    """nginx answers at `port`; the workers are those of the process behind it."""

    behind: subprocess.Popen[bytes] | None = None

    def worker_pids(self) -> list[int]:
        assert self.behind is not None
        return Running(self.port, self.behind, self.log).worker_pids()


class UwsgiBehindNginx:
    name = "nginx + uWSGI"

    def missing(self) -> str:
        return Uwsgi().missing() if nginx.PROGRAM else nginx.LACKING

    def version(self) -> str:
        assert nginx.PROGRAM
        asked = [nginx.PROGRAM, "-v"]
        said = subprocess.run(asked, stderr=subprocess.PIPE, check=True).stderr.decode()
        return f"{said.strip().partition('/')[2]} + {Uwsgi().version()}"

    def launch(self, options: Options, port: int, over: ExitStack) -> Launch:
        socket = options.folder / "uwsgi.sock"
        with options.folder.joinpath("uwsgi.log").open("wb") as output:
            behind = subprocess.Popen(
                [UWSGI, "--ini", _ini(options, _behind(socket))],
                stdout=output,
                stderr=output,
                env={**os.environ, **for_proxy(_as_the_page_says(options, port))},
            )
        # one that is told to stop while its workers load does not hear it
        over.callback(end, behind, patience=60)
        return Launch(
            nginx.command(_site(options.folder, socket, port)),
            reload_signal=_RELOAD,
            stop_signal=signal.SIGQUIT,
            kind=partial(Behind, behind=behind),
        )


def _ini(options: Options, listening: str) -> Path:
    """etc/uwsgi.ini with other addresses, paths and sizes."""
    application = options.application
    loading = f"wsgi-file = {SCRIPT}" if application == APPLICATION else f"module = {application}"
    return _copied(
        INI,
        options.folder / "uwsgi.ini",
        {
            r"http-socket = .*": listening,
            r"wsgi-file = .*": loading,
            r"processes = .*": f"processes = {options.processes}",
            r"threads = .*": f"threads = {options.threads}",
            r"master-fifo = .*": f"master-fifo = {options.folder}/uwsgi.fifo",
        },
    )


def _behind(socket: Path) -> str:
    """The lines that the file's comment puts in the place of `http-socket`."""
    comment = re.search(r"(?ms)^; Behind nginx.*?\n(.*?)^[^;]", INI.read_text())
    assert comment
    lines = comment[1].replace(";   ", "")
    return re.sub(r"(?m)^socket = .*$", f"socket = {socket}", lines).strip()


def _site(folder: Path, socket: Path, port: int) -> Path:
    """etc/uwsgi-nginx.conf with other addresses."""
    return _copied(
        ETC / "uwsgi-nginx.conf",
        folder / "site.conf",
        {
            r"    server unix:.*": f"    server 'unix:{socket}';",
            r"    listen .*": f"    listen {HOST}:{port};",
            r"    server_name .*": "    server_name placement.example;",
        },
    )


def _copied(source: Path, copy: Path, changes: Mapping[str, str]) -> Path:
    """A copy in which the one line that each pattern fits is another."""
    text = source.read_text()
    for pattern, line in changes.items():
        text, count = re.subn(f"(?m)^{pattern}$", line, text)
        assert count == 1, f"{pattern} is in {count} lines of {source}"
    copy.write_text(text)
    return copy


def _as_the_page_says(options: Options, port: int) -> Path:
    """A copy of the configuration that knows what uWSGI does not tell the proxy."""
    given = "public_url" in options.configuration.read_text()
    address = "" if given else f"[server]\npublic_url = http://{HOST}:{port}\n"
    return options.configured(address + options.fewer_waiting())
