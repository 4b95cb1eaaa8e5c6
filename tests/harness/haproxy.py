"""Debian's HAProxy as a child process, with etc/haproxy.cfg."""

from __future__ import annotations

import os
import re
import shutil
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from docs_from_code import ROOT
from harness.certificates import Certificate
from harness.children import listening
from harness.programs import missing
from harness.serve import Served, free_port

PROGRAM = shutil.which("haproxy", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin")
_SERVER = re.compile(r"(?m)^(    server proxy-)\d .*\n")


@contextmanager
def serving(
    folder: Path, proxies: Sequence[int], certificate: Certificate, *, more: str = ""
) -> Iterator[Served]:
    """Run HAProxy with the file as it is, but for addresses and paths; it listens with TLS.

    :param proxies: ports on loopback.
    :param more: of each proxy, what stands after its address.
    """
    if PROGRAM is None:
        missing("there is no HAProxy: apt-get install haproxy")
    port = free_port()
    log = folder / "haproxy.log"
    command = [PROGRAM, "-db", "-f", str(_written(folder, port, proxies, certificate, more))]
    # SIGTERM would have it wait for whoever is still connected
    with listening(command, port, log, by=signal.SIGKILL) as process:
        yield Served(port, process, log)


def _written(
    folder: Path, port: int, proxies: Sequence[int], certificate: Certificate, more: str
) -> Path:
    text = (ROOT / "etc" / "haproxy.cfg").read_text()
    both = folder / "placement.pem"
    both.write_text(Path(certificate.cert).read_text() + Path(certificate.key).read_text())
    lines = [
        f"    server proxy-{number} 127.0.0.1:{address} {more}\n"
        for number, address in enumerate(proxies, 1)
    ]
    assert len(_SERVER.findall(text)) == 2
    text = _SERVER.sub("", text) + "".join(lines)
    for written, meant in {
        "/etc/haproxy/placement.pem": str(both),
        "bind :8778 ": f"bind 127.0.0.1:{port} ",
    }.items():
        assert text.count(written) == 1, written
        text = text.replace(written, meant)
    if os.geteuid() != 0:
        text = re.sub(r"(?m)^    (user|group) .*\n", "", text)
    path = folder / "haproxy.cfg"
    path.write_text(text)
    return path
