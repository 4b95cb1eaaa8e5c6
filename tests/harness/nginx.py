"""Debian's nginx as a child process, with a configuration of `etc/`."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from docs_from_code import ROOT
from harness.programs import missing
from harness.serve import free_port

PROGRAM = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
MAIN = """
daemon off;
{user}
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log notice;
events {{ worker_connections 256; }}
http {{
    access_log {folder}/access.log;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {file};
}}
"""


@contextmanager
def serving(folder: Path, file: str, addresses: Mapping[str, str]) -> Iterator[str]:
    """Run nginx with a file of `etc/`; gives its base URL.

    :param addresses: what stands in the file -> what is to stand there. `{port}` is nginx's own.
    """
    if PROGRAM is None:
        missing("there is no nginx: install the package nginx")
    port = free_port()
    text = (ROOT / "etc" / file).read_text()
    for written, meant in addresses.items():
        assert written in text, written
        text = text.replace(written, meant.format(port=port))
    (folder / file).write_text(text)
    main = folder / "nginx.conf"
    user = "user root;" if os.geteuid() == 0 else ""  # who may write into the folder
    main.write_text(MAIN.format(user=user, folder=folder, file=folder / file))
    command = [PROGRAM, "-p", str(folder), "-e", str(folder / "error.log"), "-c", str(main)]
    with (folder / "stderr").open("wb") as stderr:
        process = subprocess.Popen(command, stderr=stderr)
    try:
        _wait(process, port, folder)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(30)


def authorizing(authorizer: str, placement: str) -> dict[str, str]:
    """The addresses in `nginx-authorizer.conf`, for two base URLs."""
    return {
        "127.0.0.1:8777": urlsplit(authorizer).netloc,
        "127.0.0.1:8780": urlsplit(placement).netloc,
        "listen 8778;": "listen 127.0.0.1:{port};",
        "controller:8778": "127.0.0.1:{port}",
    }


def _wait(process: subprocess.Popen[bytes], port: int, folder: Path) -> None:
    deadline = time.monotonic() + 20
    while True:
        said = (folder / "stderr").read_text()
        assert process.poll() is None, f"nginx ended:\n{said}"
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except ConnectionRefusedError:
            assert time.monotonic() < deadline, f"nginx does not listen:\n{said}"
            time.sleep(0.02)
        else:
            return
