"""uWSGI: https://uwsgi-docs.readthedocs.io/en/latest/Options.html has the meaning of options."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from policy_proxy.cli.servers import looks
from policy_proxy.cli.servers.entry import Entry
from policy_proxy.cli.servers.files import uwsgi as file
from policy_proxy.cli.servers.rule import Rule, Server
from policy_proxy.cli.servers.seen import Seen
from policy_proxy.config import Settings

LARGEST_BUFFER = 65_535
"""uWSGI counts its length in 16 bits."""
OURS = re.compile(r"(/\S*=)?policy_proxy\.wsgi(:(application|authorize))?")
_LOADS = ("module", "wsgi", "wsgi-file", "mount", "file", "paste", "ini-paste")
_LOOPBACK = re.compile(r"(127\.\d+\.\d+\.\d+|\[::1\]|localhost):\d+")


def _buffer(ours: Settings) -> int:
    return min(LARGEST_BUFFER, looks.request_line(ours) + looks.header_line(ours))


def _no_threads(seen: Seen) -> Iterable[Entry]:
    if seen.last("threads") is None:
        yield from looks.not_on("enable-threads")(seen)


def _open_socket(seen: Seen) -> Iterable[Entry]:
    """An address of the network, where the uwsgi protocol is spoken."""
    for entry in seen.all("socket", "uwsgi-socket"):
        if ":" in entry.value and not _LOOPBACK.fullmatch(entry.value):
            yield entry


def _to_disk(seen: Seen) -> Iterable[Entry]:
    """Behind nginx, which speaks the uwsgi protocol and takes bodies whole, it costs nothing."""
    if any(seen.all("http-socket", "http")) or not any(seen.all("socket", "uwsgi-socket")):
        yield from (entry for entry in seen.all("post-buffering") if entry.value != "0")


def _shared_by_fork(seen: Seen) -> Iterable[Entry]:
    for entry in seen.all(*_LOADS):
        if not OURS.fullmatch(entry.value) and not any(looks.says("lazy-apps", *looks.YES)(seen)):
            yield entry


def _cut_off(seen: Seen) -> Iterable[Entry]:
    for entry in seen.all("harakiri"):
        if entry.value.isdigit() and 0 < int(entry.value) < seen.ours.backend.total_timeout:
            yield entry


RULES: Mapping[str, Rule] = {
    "uwsgi-http11-socket": Rule(
        lambda seen: seen.all("http11-socket"),
        "what is in a chunked body is taken for the next request of its connection: whatever is in "
        "front sees one request, and uWSGI two",
        "http-socket in its place, which ends each connection",
        "[uwsgi]\nhttp11-socket = 127.0.0.1:8778\n",
    ),
    "uwsgi-buffer-size": Rule(
        looks.below("buffer-size", 4096, _buffer),
        "uWSGI drops requests whose line and headers together are longer, without an answer that "
        "says so and with no audit record",
        f"buffer-size = {LARGEST_BUFFER}",
        "[uwsgi]\nbuffer-size = 4096\nbuffer-size = 8192\n",
        environment={"UWSGI_BUFFER_SIZE": "4096"},
    ),
    "uwsgi-enable-threads": Rule(
        _no_threads,
        "the threads that watch policy files and look after the backend do not run: a change of "
        "policy is never in force",
        "enable-threads = true, or threads = 32",
        "[uwsgi]\nprocesses = 2\n",
    ),
    "uwsgi-threads": Rule(
        looks.few_threads("threads"),
        "a worker answers one request at a time: one slow client stops it, and its /healthcheck",
        "threads = 32",
        "[uwsgi]\nthreads = 1\n",
    ),
    "uwsgi-body-readers": Rule(
        looks.all_threads_wait("threads"),
        "[limits] max_body_readers, max_small_bodies and max_streams together are not below it: "
        "slow clients could take every thread",
        "raise threads, or lower these",
        "[uwsgi]\nthreads = 4\n",
    ),
    "uwsgi-worker-model": Rule(
        lambda seen: seen.all("gevent", "asyncio", "async", "ugreen", "greenlet", "tornado"),
        "libcurl, which asks the backend, does not know such workers: a request that waits stops "
        "all others of its worker",
        "threads = 32 in its place",
        "[uwsgi]\ngevent = 100\n",
    ),
    "uwsgi-lazy-apps": Rule(
        _shared_by_fork,
        "what this module opens at its import, workers share: sockets, locks and random state",
        "lazy-apps = true, or module = policy_proxy.wsgi:application, which opens later",
        "[uwsgi]\nmodule = site_wsgi:application\n",
    ),
    "uwsgi-die-on-term": Rule(
        looks.not_on("die-on-term"),
        "SIGTERM, with which systemd stops services, starts uWSGI anew instead",
        "die-on-term = true",
        "[uwsgi]\nmaster = true\n",
    ),
    "uwsgi-need-app": Rule(
        looks.not_on("need-app"),
        "uWSGI runs on when the proxy cannot be imported, and answers 500 to everyone",
        "need-app = true",
        "[uwsgi]\nmaster = true\n",
    ),
    "uwsgi-master": Rule(
        looks.not_on("master"),
        "nobody starts a worker that has ended again, and none of them is replaced gracefully",
        "master = true",
        "[uwsgi]\nprocesses = 2\n",
    ),
    "uwsgi-strict": Rule(
        looks.not_on("strict"),
        "an option that is misspelt is passed over without a word",
        "strict = true",
        "[uwsgi]\nbufer-size = 65535\n",
    ),
    "uwsgi-post-buffering": Rule(
        _to_disk,
        "bodies are written to disk before the proxy has a say: one that is refused, too",
        "take it away",
        "[uwsgi]\npost-buffering = 8192\n",
    ),
    "uwsgi-limit-post": Rule(
        looks.below("limit-post", 2**62, looks.body, zero=True),
        "uWSGI refuses by itself bodies that [limits] max_body_bytes allows",
        "take it away: the proxy has a limit of its own",
        "[uwsgi]\nlimit-post = 1048576\n",
    ),
    "uwsgi-harakiri": Rule(
        _cut_off,
        "it is shorter than [backend] total_timeout: workers are killed in the middle of a write, "
        "with all other requests that they have",
        "raise it above total_timeout, or take it away",
        "[uwsgi]\nharakiri = 30\n",
    ),
    "uwsgi-open-socket": Rule(
        _open_socket,
        "whoever reaches it may say anything of a request, and have uWSGI load other code: the "
        "uwsgi protocol is for the server in front alone",
        "socket = a path, readable for that server alone",
        "[uwsgi]\nsocket = 0.0.0.0:3031\n",
    ),
    "uwsgi-tracebacks": Rule(
        looks.says("catch-exceptions", *looks.YES),
        "a traceback, with paths and values, goes to the client",
        "take it away",
        "[uwsgi]\ncatch-exceptions = true\n",
    ),
    "uwsgi-log": Rule(
        looks.tells_secrets("log-format", "logformat"),
        "whoever reads the log can use the tokens in it",
        "take the variable out of the format",
        "[uwsgi]\nlog-format = %(addr) %(var.HTTP_X_AUTH_TOKEN)\n",
    ),
}

SERVER = Server(
    words="uWSGI, by HTTP or behind nginx",
    file="uwsgi.ini",
    read=file.entries,
    rules=RULES,
    knows=lambda seen: any(seen.all(*_LOADS)),
    unseen=(
        "uWSGI's command line, unless the file is the systemd unit with it",
        "what the file includes",
    ),
    always=(
        (
            "chunked bodies are a 411, with http-chunked-input and without: uWSGI hands them on "
            "empty"
        ),
    ),
)
