"""gunicorn: https://gunicorn.org/reference/settings/ has the meaning of each setting."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from policy_proxy.cli.servers import looks, versions
from policy_proxy.cli.servers.entry import Entry
from policy_proxy.cli.servers.files import gunicorn as file
from policy_proxy.cli.servers.rule import Rule, Server
from policy_proxy.cli.servers.seen import Seen

OURS = ("policy_proxy.wsgi:application", "policy_proxy.wsgi:authorize", "None")
"""What opens nothing before its first request, and what is told on the command line."""
THREADED = ("gthread", "sync", "gunicorn.workers.gthread.ThreadWorker")


def _worker_model(seen: Seen) -> Iterable[Entry]:
    entry = seen.last("worker_class")
    if entry and entry.value not in THREADED:
        yield entry


def _one_at_a_time(seen: Seen) -> Iterable[Entry]:
    entry, model = seen.last("threads"), seen.last("worker_class")
    if entry and entry.value == "1" and (model is None or model.value in THREADED):
        yield entry


def _request_line(seen: Seen) -> Iterable[Entry]:
    """What gunicorn makes of it: no limit of 0, and at most its own longest of anything else."""
    entry, longest = seen.last("limit_request_line"), seen.last(file.LONGEST)
    if entry and longest and entry.value != "0":
        given, most = int(entry.value), int(longest.value)
        if min(given, most) < looks.request_line(seen.ours):
            yield entry


def _shared_by_fork(seen: Seen) -> Iterable[Entry]:
    app = seen.last("wsgi_app")
    if app and app.value not in OURS:
        yield from looks.says("preload_app", "true")(seen)


def _log_format(seen: Seen) -> Iterable[Entry]:
    return looks.tells_secrets("access_log_format")(seen)


_LAX = {
    "strip_header_spaces": "a name with a space before its colon is taken for another header",
    "permit_obsolete_folding": "a header that goes on in the next line is taken for one line",
    "permit_unconventional_http_method": "methods that no rule knows get further than they should",
    "permit_unconventional_http_version": "requests of versions that do not exist are answered",
    "casefold_http_method": "a method in lower case is taken for another one",
}

RULES: Mapping[str, Rule] = {
    "gunicorn-worker-class": Rule(
        _worker_model,
        "libcurl, which asks the backend, does not know such workers: a request that waits stops "
        "all others of its worker",
        'worker_class = "gthread"',
        'worker_class = "gevent"\n',
        environment={"GUNICORN_CMD_ARGS": "--worker-class gevent"},
    ),
    "gunicorn-threads": Rule(
        _one_at_a_time,
        "a worker answers one request at a time: one slow client stops it, and its /healthcheck",
        "threads = 32",
        "threads = 1\n",
    ),
    "gunicorn-body-readers": Rule(
        looks.all_threads_wait("threads"),
        "[limits] max_body_readers, max_small_bodies and max_streams together are not below it: "
        "slow clients could take every thread",
        "raise threads, or lower these",
        "threads = 4\n",
    ),
    "gunicorn-request-line": Rule(
        _request_line,
        "gunicorn refuses the long requests of nova by itself, without the proxy's error and with "
        "no audit record",
        "limit_request_line = 0, or raise gunicorn.http.message.MAX_REQUEST_LINE with it",
        "limit_request_line = 8190\n",
    ),
    "gunicorn-header-line": Rule(
        looks.below("limit_request_field_size", 8190, looks.header_line),
        "gunicorn refuses by itself what [limits] max_header_bytes allows",
        "limit_request_field_size = 32768, or lower [limits] max_header_bytes",
        "limit_request_field_size = 8190\n",
    ),
    "gunicorn-header-count": Rule(
        looks.below("limit_request_fields", 100, lambda ours: ours.limits.max_headers, zero=True),
        "gunicorn refuses by itself as many headers as [limits] max_headers allows",
        "limit_request_fields = 100",
        "limit_request_fields = 20\n",
    ),
    "gunicorn-header-map": Rule(
        looks.says("header_map", "dangerous"),
        "X_Auth_Token is taken for X-Auth-Token: whoever is in front may have passed it unseen",
        'header_map = "drop" or "refuse"',
        'header_map = "dangerous"\n',
    ),
    "gunicorn-forwarded": Rule(
        looks.trusts_anyone("forwarded_allow_ips"),
        "any client may say where the application is mounted, and that TLS was used",
        "forwarded_allow_ips = the addresses of what stands in front",
        'forwarded_allow_ips = "*"\n',
        environment={"FORWARDED_ALLOW_IPS": "*"},
    ),
    "gunicorn-proxy-protocol": Rule(
        lambda seen: [
            entry
            for entry in looks.trusts_anyone("proxy_allow_ips")(seen)
            if not any(looks.says("proxy_protocol", "off", "false")(seen))
        ],
        "any client may say from which address it comes, and the audit record will repeat it",
        "proxy_allow_ips = the addresses of what stands in front",
        'proxy_protocol = True\nproxy_allow_ips = "*"\n',
    ),
    **{
        f"gunicorn-{name.replace('_', '-')}": Rule(
            looks.says(name, "true"), breaks, "take it away", f"{name} = True\n"
        )
        for name, breaks in _LAX.items()
    },
    "gunicorn-preload": Rule(
        _shared_by_fork,
        "what this module opens at its import, workers share: sockets, locks and random state",
        'preload_app = False, or wsgi_app = "policy_proxy.wsgi:application", which opens later',
        'preload_app = True\nwsgi_app = "site_wsgi:application"\n',
    ),
    "gunicorn-log": Rule(
        _log_format,
        "whoever reads the log can use the tokens in it",
        "take the header out of the format",
        'access_log_format = "%(h)s %({x-auth-token}i)s"\n',
    ),
    "gunicorn-reload": Rule(
        looks.says("reload", "true"),
        "a file that is saved half way ends the workers, with what they are doing",
        "reload = False",
        "reload = True\n",
    ),
    "gunicorn-version": Rule(
        looks.older(22, 0, 0),
        "two readings of Transfer-Encoding let a second request in unseen (GHSA-w3h3-4rj7-4ph4)",
        "upgrade gunicorn",
        version="21.2.0",
    ),
}

SERVER = Server(
    words="gunicorn with gthread workers",
    file="gunicorn.conf.py",
    read=file.entries,
    rules=RULES,
    version=versions.of_distribution("gunicorn"),
    knows=lambda seen: bool(seen.entries),  # whatever is not set has its default
    unseen=("gunicorn's command line, unless the file is the systemd unit with it",),
)
