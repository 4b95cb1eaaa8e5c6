"""The WSGI servers: which there are, and what each was seen to do."""

from __future__ import annotations

import json
import statistics
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from .markdown import document, origin, table

DOCS = Path(__file__).parents[2] / "docs"
SEEN = DOCS / "servers.json"
MEASURED = DOCS / "performance" / "results.json"
PART = "servers"
"""The part of the benchmark that compares them."""

INTRODUCTION = """
# WSGI servers

The proxy is a WSGI application, `policy_proxy.wsgi:application`, so any WSGI server can run it.
These are tested with it, over sockets, from the files in [etc/](../etc) that their pages tell you
to copy. Under each of them the same is decided, and Placement gets the same bytes. What differs is
what the server refuses before the proxy sees it, and what it does with slow clients, workers and
signals.
"""

CHOICE = """
## What to choose

**`policy-proxy serve`**, unless something speaks for another: it needs no second configuration,
names every problem before it starts, reads policy files on SIGHUP in all workers, is restarted
without losing a request, and lets neither slow headers nor slow bodies keep others waiting. It
takes no chunked bodies; OpenStack's clients send none.

**gunicorn**, where your other services run in it. It takes chunked bodies, and replaces its workers
without losing a request. A client that is slow holds a thread for as long as it likes, so gunicorn
needs a server in front that takes requests whole, such as nginx.

**waitress**, where one process is enough. It takes each request whole before a thread sees it, so
slow clients keep nobody waiting. It uses one core, and cannot replace its process: a restart needs
a second one behind a load balancer, such as [HAProxy](haproxy.md).

**uWSGI behind nginx**, where your other services run in it: nginx takes requests whole, chunked
ones too. On its own, uWSGI takes no chunked bodies and no more than 30,000 bytes of path and query,
uses each connection once, and lets slow headers keep others waiting.

**Apache**, where it is there already, with its certificates and its modules. The proxy has
processes of its own in it. It takes no chunked bodies; and a reload of all of Apache cuts off what
takes longer than three seconds.
"""

LEGEND = """
## What was seen

`make test-servers` runs every test with every server, and Placement's own gabbi suite through it.
These tables are made from what the tests saw (`docs/servers.json`), and CI compares.

- *passes*: the request reached Placement, as what was decided, and its answer came back
- *400 proxy*: the proxy refused it, with an error that has a request id, and a line in the audit
  file
- *400 server*: the server refused it before the proxy saw it: nothing is in the audit file
- *no status*: an answer of HTTP/0.9, which has none: a body alone
- *no answer*: the connection was closed, or nothing came within a second
- *refused*: nothing reached Placement; whether an answer came depends on who was faster
- n/a: there is nothing to test

Whatever is refused has not reached Placement: that is tested, too, in each case.
"""

NOT_MEASURED = """
## Throughput

Not measured yet on a machine that does nothing else: `make bench ARGS="--only servers"`.
"""

MEASURED_SO = """
## Throughput

Requests a second of one worker, by `make bench` ([performance.md](performance.md)): {words}.
"""

HEAD = ("Server", "Tested", "Page", "Configuration", "Processes", "Threads")
PAGES: Mapping[str, tuple[str, str, str, str]] = {
    "granian": ("[serve.md](serve.md)", "etc/policy-proxy.conf", "any", "any"),
    "gunicorn": ("[gunicorn.md](gunicorn.md)", "etc/gunicorn.conf.py", "any", "any"),
    "waitress": ("[waitress.md](waitress.md)", "etc/waitress_server.py", "one", "any"),
    "uWSGI": ("[uwsgi.md](uwsgi.md)", "etc/uwsgi.ini", "any", "any"),
    "nginx + uWSGI": ("[uwsgi.md](uwsgi.md#behind-nginx)", "etc/uwsgi-nginx.conf", "any", "any"),
    "Apache": ("[apache.md](apache.md)", "etc/apache2/policy-proxy.conf", "any", "any"),
}
"""Of each server its page, its configuration, and how many processes and threads it can have."""


def page() -> str:
    """docs/servers.md."""
    kept = json.loads(SEEN.read_text(encoding="utf-8"))
    return document(
        origin("docs/servers.json and tests/docs_from_code/servers.py"),
        INTRODUCTION,
        table(HEAD, _overview(kept)),
        "granian is what `policy-proxy serve` runs.",
        CHOICE,
        _throughput(),
        LEGEND,
        *_tables(kept),
    )


def _overview(kept: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    for name, version in kept["versions"].items():
        where, file, processes, threads = PAGES[name]
        yield name, version, where, f"[{file}](../{file})", processes, threads


def _tables(kept: Mapping[str, Any]) -> Iterator[str]:
    names = [*kept["versions"]]
    for heading, rows in kept["seen"].items():
        cells = ([row, *(seen.get(name, "n/a") for name in names)] for row, seen in rows.items())
        yield f"### {heading}"
        yield table(("", *names), cells)


def _throughput() -> str:
    scenes = json.loads(MEASURED.read_text(encoding="utf-8"))["scenes"]
    found = [scene for scene in scenes if scene["name"] == PART]
    if not found:
        return NOT_MEASURED
    rows = [
        (name, f"{statistics.median(of['throughput']):,.0f}", f"{statistics.median(of['p99']):.3g}")
        for name, of in found[0]["rounds"].items()
    ]
    words = MEASURED_SO.format(words=found[0]["words"])
    return document(words, table(("", "requests a second", "p99, ms"), rows))
