"""What `WSGIDaemonProcess` and its neighbours say of the processes that mod_wsgi runs the proxy in.

https://modwsgi.readthedocs.io/en/master/configuration.html has the meaning of directives.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from policy_proxy.cli.servers.entry import Entry
from policy_proxy.cli.servers.seen import Seen

_THREADS = re.compile(r"threads=(\d+)")
_USER, _HOME = re.compile(r"\buser="), re.compile(r"\bhome=")
DEFAULT_THREADS = 15
"""Of a WSGIDaemonProcess that does not say."""


def no_daemon(seen: Seen) -> Iterable[Entry]:
    if seen.file and not any(seen.all("wsgidaemonprocess")):
        yield seen.absent("WSGIDaemonProcess")


def in_a_home(seen: Seen) -> Iterable[Entry]:
    for entry in seen.all("wsgidaemonprocess"):
        if _USER.search(entry.value) and not _HOME.search(entry.value):
            yield entry


def _threads(seen: Seen) -> Iterator[tuple[Entry, int]]:
    for entry in seen.all("wsgidaemonprocess"):
        given = _THREADS.search(entry.value)
        yield entry, int(given[1]) if given else DEFAULT_THREADS


def few_threads(seen: Seen) -> Iterable[Entry]:
    return (entry for entry, count in _threads(seen) if count == 1)


def body_readers(seen: Seen) -> Iterable[Entry]:
    return (e for e, count in _threads(seen) if 1 < count <= seen.ours.limits.waiting)


def sub_interpreter(seen: Seen) -> Iterable[Entry]:
    given = [*seen.all("wsgiapplicationgroup"), *_script_groups(seen)]
    if seen.file and not given:
        yield seen.absent("WSGIApplicationGroup")
    yield from (e for e in given if "%{GLOBAL}" not in e.value)


def _script_groups(seen: Seen) -> Iterator[Entry]:
    return (e for e in seen.all("wsgiscriptalias") if "application-group=" in e.value)
