"""The backend of every candidate but Placement's own: nginx with canned answers.

It answers 20,000 and more requests a second, several times as many as any candidate but nginx
itself passes on. Where it shall take its time, `echo_sleep` of
https://github.com/openresty/echo-nginx-module waits in nginx's event loop: that costs no thread and
no CPU, and a hundred requests can wait at once.
"""

from __future__ import annotations

import json
from pathlib import Path

from bench import nginx, system, work
from policy_proxy.embedded import ports
from policy_proxy.embedded.processes import Children

STREAM_BYTES = 20_000_000
CLASSES = 9
"""Inventories in the answer, which make 1 kB."""
_VERSIONS = '{"versions": [{"id": "v1.0", "min_version": "1.0", "max_version": "1.39"}]}'


def start(children: Children, folder: Path) -> str:
    """Start it, wait until it answers, and give its base URL."""
    _write_candidates(folder / "allocation_candidates.json")
    port = ports.free()
    slow = "".join(_slow(delay) for delay in work.DELAYS if delay)
    http = f"""
    server {{
        listen 127.0.0.1:{port} backlog=4096;
        root {folder};
        sendfile on;
        location = / {{ return 200 '{_VERSIONS}'; }}
        location = /allocations {{ return 204; }}
        location /allocations/ {{ return 204; }}
        location = /allocation_candidates {{ try_files /allocation_candidates.json =404; }}
        location = /canned {{ return 200 '{answer().decode()}'; }}
        location /resource_providers/ {{ return 200 '{answer().decode()}'; }}
{slow}    }}"""
    child = nginx.start(children, folder, "backend", http, modules=(system.ECHO_MODULE,))
    url = f"http://{ports.LOOPBACK}:{port}"
    child.wait_for(url + "/")
    return url


def answer() -> bytes:
    """What a GET of inventories gets."""
    return work.inventories(CLASSES)


def _slow(delay: int) -> str:
    where = f"/resource_providers/{work.provider(delay)}/"
    return f"        location {where} {{ echo_sleep {delay / 1000}; echo_exec /canned; }}\n"


def _write_candidates(path: Path) -> None:
    """An answer of `GET /allocation_candidates`: one request again and again, up to its size."""
    one = {
        "allocations": {work.provider(0): {"resources": {"VCPU": 1, "MEMORY_MB": 512}}},
        "mappings": {"": [work.provider(0)]},
    }
    whole = json.dumps({"allocation_requests": [one], "provider_summaries": {}})
    head, _, tail = whole.partition("[")
    item = json.dumps(one)
    count = (STREAM_BYTES - len(head) - len(tail)) // (len(item) + 1)
    end = tail[tail.rindex("]") :]
    path.write_text(f"{head}[{','.join([item] * count)}{end}", encoding="utf-8")
