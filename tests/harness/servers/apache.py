"""Apache httpd with mod_wsgi, from etc/apache2/policy-proxy.conf."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

import psutil

from harness.servers.launching import APPLICATION, ETC, Launch, Options, for_proxy
from harness.servers.running import HOST, Running
from harness.stack import eventually

SITE = ETC / "apache2" / "policy-proxy.conf"
SCRIPT = ETC / "wsgi" / "policy_proxy_app.py"
HTTPD = shutil.which("apache2", path="/usr/sbin:/usr/bin")
MODULES = Path("/usr/lib/apache2/modules")
NEEDED = ("mpm_event", "authz_core", "reqtimeout")
"""Those that Debian's Apache has switched on without being asked to."""


@dataclass(frozen=True, slots=True)
class Daemons(Running):
    """The workers are the processes that run Python."""

    def worker_pids(self) -> list[int]:
        found = []
        for child in psutil.Process(self.process.pid).children():
            with suppress(psutil.Error):  # it has just ended
                found += [child.pid] if "(wsgi:" in " ".join(child.cmdline()) else []
        return found

    def reload(self) -> None:
        """One after the other, as the page says; returns when the last one has been told."""
        before = self.worker_pids()
        for pid in before:
            os.kill(pid, signal.SIGUSR1)
            eventually(lambda gone=pid: self._replaced(gone, len(before)))

    def _replaced(self, pid: int, count: int) -> bool:
        now = self.worker_pids()
        return pid not in now and len(now) == count


class Apache:
    name = "Apache"

    def missing(self) -> str:
        if HTTPD is None:
            return "Apache is not installed: apt-get install apache2-bin apache2-dev"
        if not find_spec("mod_wsgi"):
            return "mod_wsgi is not installed: make install-servers"
        return ""

    def version(self) -> str:
        assert HTTPD
        said = subprocess.run([HTTPD, "-v"], stdout=subprocess.PIPE, check=True).stdout.decode()
        found = re.search(r"Apache/(\S+)", said)
        assert found
        return f"{found[1]} + mod_wsgi {metadata.version('mod-wsgi')}"

    def launch(self, options: Options, port: int, over: ExitStack) -> Launch:
        public = over.enter_context(_public_folder())
        script = public / SCRIPT.name
        shutil.copy(SCRIPT, script)
        if options.application != APPLICATION:
            module, name = options.application.split(":")
            script.write_text(f"from {module} import {name} as application\n")
        conf = _httpd_conf(options, public, _site(options, script, port))
        given = options.configured(options.fewer_waiting())
        return Launch(
            [*_command(), "-DFOREGROUND", "-f", conf],
            for_proxy(given) | {"APACHE_LOG_DIR": str(options.folder)},
            reload_signal=signal.SIGUSR1,
            stop_signal=signal.SIGWINCH,
            kind=Daemons,
        )


def _command() -> list[str]:
    """Root may not run mod_wsgi, so somebody else does, who may touch what belongs to root."""
    assert HTTPD
    if os.geteuid() != 0:
        return [HTTPD]
    somebody = ["setpriv", "--reuid", "www-data", "--regid", "www-data", "--clear-groups"]
    return [*somebody, "--inh-caps", "+dac_override", "--ambient-caps", "+dac_override", HTTPD]


@contextmanager
def _public_folder() -> Iterator[Path]:
    """One that whoever runs Apache may write to, with a path short enough for a socket."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o777)
        yield folder


def _site(options: Options, script: Path, port: int) -> Path:
    """etc/apache2/policy-proxy.conf with other addresses, paths and sizes."""
    text = SITE.read_text()
    for pattern, given in {
        r"\bplacement\.example:8778\b": f"{HOST}:{port}",
        r"\b127\.0\.0\.1:8778\b": f"{HOST}:{port}",
        r"\*:8778\b": f"*:{port}",
        r"/etc/policy-proxy/policy_proxy_app\.py": str(script),
        r"user=policy-proxy group=policy-proxy ": "",
        r"processes=2 threads=32": f"processes={options.processes} threads={options.threads}",
        r"\$\{APACHE_LOG_DIR\}/policy-proxy\.log": str(options.log),
    }.items():
        text, count = re.subn(pattern, given, text)
        assert count, f"{pattern} is not in {SITE}"
    path = options.folder / "site.conf"
    path.write_text(text)
    return path


def _httpd_conf(options: Options, public: Path, site: Path) -> Path:
    """What a distribution has around a site."""
    modules = "\n".join(f"LoadModule {name}_module {MODULES}/mod_{name}.so" for name in NEEDED)
    express = Path(sys.executable).with_name("mod_wsgi-express")
    ours = subprocess.run([express, "module-config"], stdout=subprocess.PIPE, check=True)
    path = options.folder / "httpd.conf"
    path.write_text(
        f"ServerRoot {options.folder}\nPidFile {public}/pid\nDefaultRuntimeDir {public}\n"
        f"Mutex file:{public}\nWSGISocketPrefix {public}/wsgi\n"
        f"ErrorLog {options.log}\nServerName placement.example\nStartServers 1\n"
        f"{modules}\n{ours.stdout.decode()}\nInclude {site}\n"
    )
    return path
