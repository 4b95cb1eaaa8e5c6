"""uWSGI from etc/uwsgi.ini: alone, and behind nginx from etc/uwsgi-nginx.conf."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from importlib import metadata
from pathlib import Path

from harness.serve import free_port
from harness.servers.running import (
    APPLICATION,
    ETC,
    HOST,
    Running,
    fewer_waiting,
    for_proxy,
    started,
)

INI = ETC / "uwsgi.ini"
SCRIPT = ETC / "wsgi" / "policy_proxy_app.py"
UWSGI = Path(sys.executable).with_name("uwsgi")
NGINX = shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin")
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

    @contextmanager
    def running(
        self,
        configuration: Path,
        folder: Path,
        *,
        application: str = APPLICATION,
        threads: int = 8,
        processes: int = 1,
    ) -> Iterator[Running]:
        port = free_port()
        listening = f"http-socket = {HOST}:{port}"
        ini = _ini(folder, listening, application, threads, processes)
        given = _as_the_page_says(configuration, folder, port, threads)
        with started(
            [UWSGI, "--ini", ini],
            folder / "uwsgi.log",
            port,
            environment=for_proxy(given),
            reload_signal=_RELOAD,
            kind=Chained,
        ) as running:
            yield running


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
        if NGINX is None:
            return "nginx is not installed: apt-get install nginx-light"
        return Uwsgi().missing()

    def version(self) -> str:
        assert NGINX
        said = subprocess.run([NGINX, "-v"], stderr=subprocess.PIPE, check=True).stderr.decode()
        return f"{said.strip().partition('/')[2]} + {Uwsgi().version()}"

    @contextmanager
    def running(
        self,
        configuration: Path,
        folder: Path,
        *,
        application: str = APPLICATION,
        threads: int = 8,
        processes: int = 1,
    ) -> Iterator[Running]:
        assert NGINX
        port = free_port()
        socket = folder / "uwsgi.sock"
        ini = _ini(folder, _behind(socket), application, threads, processes)
        given = _as_the_page_says(configuration, folder, port, threads)
        with (folder / "uwsgi.log").open("wb") as output:
            behind = subprocess.Popen(
                [UWSGI, "--ini", ini],
                stdout=output,
                stderr=output,
                env={**os.environ, **for_proxy(given)},
            )
        try:
            with started(
                [NGINX, "-c", _nginx_conf(folder, socket, port), "-g", "daemon off;"],
                folder / "nginx.log",
                port,
                environment={},
                reload_signal=_RELOAD,
                stop_signal=signal.SIGQUIT,
                kind=partial(Behind, behind=behind),
            ) as running:
                yield running
        finally:
            _end(behind)


def _end(process: subprocess.Popen[bytes]) -> None:
    """One that is told to stop while its workers load does not hear it."""
    process.terminate()
    try:
        process.wait(60)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        raise


def _ini(folder: Path, listening: str, application: str, threads: int, processes: int) -> Path:
    """etc/uwsgi.ini with other addresses, paths and sizes."""
    loading = f"wsgi-file = {SCRIPT}" if application == APPLICATION else f"module = {application}"
    return _copied(
        INI,
        folder / "uwsgi.ini",
        {
            r"http-socket = .*": listening,
            r"wsgi-file = .*": loading,
            r"processes = .*": f"processes = {processes}",
            r"threads = .*": f"threads = {threads}",
            r"master-fifo = .*": f"master-fifo = {folder}/uwsgi.fifo",
        },
    )


def _behind(socket: Path) -> str:
    """The lines that the file's comment puts in the place of `http-socket`."""
    comment = re.search(r"(?ms)^; Behind nginx.*?\n(.*?)^[^;]", INI.read_text())
    assert comment
    lines = comment[1].replace(";   ", "")
    return re.sub(r"(?m)^socket = .*$", f"socket = {socket}", lines).strip()


def _nginx_conf(folder: Path, socket: Path, port: int) -> Path:
    """etc/uwsgi-nginx.conf in the `http` block that a distribution's nginx.conf puts it in."""
    site = _copied(
        ETC / "uwsgi-nginx.conf",
        folder / "site.conf",
        {
            r"    server unix:.*": f"    server 'unix:{socket}';",
            r"    listen .*": f"    listen {HOST}:{port};",
            r"    server_name .*": "    server_name placement.example;",
        },
    )
    temporary = "\n".join(
        f"{kind}_temp_path '{folder}/{kind}';"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    path = folder / "nginx.conf"
    path.write_text(
        f"pid '{folder}/nginx.pid';\nerror_log stderr;\nuser root;\nworker_processes 1;\n"
        f"events {{ worker_connections 256; }}\n"
        f"http {{\naccess_log off;\n{temporary}\ninclude '{site}';\n}}\n"
    )
    return path


def _copied(source: Path, copy: Path, changes: Mapping[str, str]) -> Path:
    """A copy in which the one line that each pattern fits is another."""
    text = source.read_text()
    for pattern, line in changes.items():
        text, count = re.subn(f"(?m)^{pattern}$", line, text)
        assert count == 1, f"{pattern} is in {count} lines of {source}"
    copy.write_text(text)
    return copy


def _as_the_page_says(configuration: Path, folder: Path, port: int, threads: int) -> Path:
    """A copy of the configuration that knows what uWSGI does not tell the proxy."""
    given = folder / "uwsgi-proxy.conf"
    text = configuration.read_text()
    address = "" if "public_url" in text else f"[server]\npublic_url = http://{HOST}:{port}\n"
    given.write_text(f"{text}\n{address}{fewer_waiting(threads)}")
    return given
