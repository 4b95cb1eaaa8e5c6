"""Debian's nginx as a child process, with a configuration of `etc/` or of a test."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from docs_from_code import ROOT
from harness.children import listening
from harness.programs import missing
from harness.serve import free_port

PROGRAM = shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin")
LACKING = "nginx is not installed: apt-get install nginx-light"
_MAIN = """
daemon off;
{user}
worker_processes 1;
pid '{folder}/nginx.pid';
error_log stderr notice;
events {{ worker_connections 256; }}
http {{
    access_log off;
    client_body_temp_path '{folder}/body';
    proxy_temp_path '{folder}/proxy';
    fastcgi_temp_path '{folder}/fastcgi';
    uwsgi_temp_path '{folder}/uwsgi';
    scgi_temp_path '{folder}/scgi';
    include '{site}';
}}
"""


def command(site: Path) -> list[str | Path]:
    """What runs nginx in the foreground with one file in its `http` block, as a distribution's
    nginx.conf has it; it writes into the folder of that file.
    """
    if PROGRAM is None:
        missing(LACKING)
    folder, main = site.parent, site.with_name("main.conf")
    user = "user root;" if os.geteuid() == 0 else ""  # who may write into the folder
    main.write_text(_MAIN.format(user=user, folder=folder, site=site))
    return [PROGRAM, "-p", folder, "-e", "stderr", "-c", main]


@contextmanager
def serving(folder: Path, file: str, addresses: Mapping[str, str]) -> Iterator[str]:
    """Run nginx with a file of `etc/`; gives its base URL.

    :param addresses: what stands in the file -> what is to stand there. `{port}` is nginx's own.
    """
    port = free_port()
    text = (ROOT / "etc" / file).read_text()
    for written, meant in addresses.items():
        assert written in text, written
        text = text.replace(written, meant.format(port=port))
    site = folder / Path(file).name
    site.write_text(text)
    with listening(command(site), port, folder / "nginx.log"):
        yield f"http://127.0.0.1:{port}"


def authorizing(authorizer: str, placement: str) -> dict[str, str]:
    """The addresses in `nginx-authorizer.conf`, for two base URLs."""
    return {
        "127.0.0.1:8777": urlsplit(authorizer).netloc,
        "127.0.0.1:8780": urlsplit(placement).netloc,
        "listen 8778;": "listen 127.0.0.1:{port};",
        "controller:8778": "127.0.0.1:{port}",
    }
