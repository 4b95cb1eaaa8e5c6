"""Apache httpd with mod_wsgi.

https://httpd.apache.org/docs/2.4/mod/directives.html and
https://modwsgi.readthedocs.io/en/master/configuration.html have the meaning of directives.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial

from policy_proxy.cli.servers import looks
from policy_proxy.cli.servers.entry import Entry
from policy_proxy.cli.servers.files import apache as file
from policy_proxy.cli.servers.rule import Environment, Look, Rule, Server
from policy_proxy.cli.servers.seen import Seen

_THREADS = re.compile(r"threads=(\d+)")
_USER, _HOME = re.compile(r"\buser="), re.compile(r"\bhome=")
DEFAULT_THREADS = 15
"""Of a WSGIDaemonProcess that does not say."""


def _read(files: Sequence[str], environment: Environment) -> Iterator[Entry]:
    del environment  # nothing in it counts
    for name in files:
        yield from file.entries(name)


def _no_daemon(seen: Seen) -> Iterable[Entry]:
    if seen.file and not any(seen.all("wsgidaemonprocess")):
        yield seen.absent("WSGIDaemonProcess")


def _in_a_home(seen: Seen) -> Iterable[Entry]:
    for entry in seen.all("wsgidaemonprocess"):
        if _USER.search(entry.value) and not _HOME.search(entry.value):
            yield entry


def _threads(seen: Seen) -> Iterator[tuple[Entry, int]]:
    for entry in seen.all("wsgidaemonprocess"):
        given = _THREADS.search(entry.value)
        yield entry, int(given[1]) if given else DEFAULT_THREADS


def _few_threads(seen: Seen) -> Iterable[Entry]:
    return (entry for entry, count in _threads(seen) if count == 1)


def _body_readers(seen: Seen) -> Iterable[Entry]:
    return (e for e, count in _threads(seen) if 1 < count <= seen.ours.limits.waiting)


def _sub_interpreter(seen: Seen) -> Iterable[Entry]:
    given = [*seen.all("wsgiapplicationgroup"), *_script_groups(seen)]
    if seen.file and not given:
        yield seen.absent("WSGIApplicationGroup")
    yield from (e for e in given if "%{GLOBAL}" not in e.value)


def _script_groups(seen: Seen) -> Iterator[Entry]:
    return (e for e in seen.all("wsgiscriptalias") if "application-group=" in e.value)


def _merged(seen: Seen) -> Iterable[Entry]:
    entry = seen.last("mergeslashes")
    if entry is None and seen.file:
        yield seen.absent("MergeSlashes")
    elif entry is not None and entry.value.lower() != "off":
        yield entry


def _traced(seen: Seen) -> Iterable[Entry]:
    entry = seen.last("traceenable")
    if entry is None and seen.file:
        yield seen.absent("TraceEnable")
    elif entry is not None and entry.value.lower() != "off":
        yield entry


def _remote_ip(seen: Seen) -> Iterable[Entry]:
    if not any(seen.all("remoteipinternalproxy", "remoteiptrustedproxy")):
        yield from seen.all("remoteipheader")


def _wsgi_proxies(seen: Seen) -> Iterable[Entry]:
    if not any(seen.all("wsgitrustedproxies")):
        yield from seen.all("wsgitrustedproxyheaders")


def _limit(name: str, default: int, need: looks.Need) -> partial[Iterable[Entry]]:
    return partial(_limited, looks.below(name.lower(), default, need, zero=True, every=True), name)


def _limited(look: Look, name: str, seen: Seen) -> Iterable[Entry]:
    """An absent directive under the name that is written."""
    for entry in look(seen):
        yield entry if entry.words else seen.absent(name)


_TREATED_ALIKE = "requests that could be read in two ways are answered instead of refused"

RULES: Mapping[str, Rule] = {
    "apache-request-line": Rule(
        _limit("LimitRequestLine", 8190, looks.request_line),
        "Apache refuses the long requests of nova by itself, without the proxy's error and with "
        "no audit record",
        "LimitRequestLine 65536, before the first <VirtualHost>",
        "LimitRequestLine 8190\n",
    ),
    "apache-header-line": Rule(
        _limit("LimitRequestFieldSize", 8190, looks.header_line),
        "Apache refuses by itself what [limits] max_header_bytes allows",
        "LimitRequestFieldSize 32768, before the first <VirtualHost>",
        "LimitRequestFieldSize 8190\n",
    ),
    "apache-header-count": Rule(
        _limit("LimitRequestFields", 100, lambda ours: ours.limits.max_headers),
        "Apache refuses by itself as many headers as [limits] max_headers allows",
        "LimitRequestFields 100",
        "LimitRequestFields 20\n",
    ),
    "apache-body": Rule(
        _limit("LimitRequestBody", 1_073_741_824, looks.body),
        "Apache refuses by itself bodies that [limits] max_body_bytes allows",
        "raise it to max_body_bytes, or take it away",
        "LimitRequestBody 1048576\n",
    ),
    "apache-encoded-slashes": Rule(
        looks.says("allowencodedslashes", "on"),
        f"%2F in a path becomes a slash: {_TREATED_ALIKE}",
        "AllowEncodedSlashes NoDecode, which leaves it to the proxy to refuse it",
        "AllowEncodedSlashes On\n",
    ),
    "apache-merge-slashes": Rule(
        _merged,
        f"doubled slashes in a path are made one: {_TREATED_ALIKE}",
        "MergeSlashes Off",
        "MergeSlashes On\n",
    ),
    "apache-protocol": Rule(
        looks.names("httpprotocoloptions", r"\bunsafe\b"),
        "Apache takes requests that break HTTP's grammar: what is in front may read them otherwise",
        "HttpProtocolOptions Strict",
        "HttpProtocolOptions Unsafe\n",
    ),
    "apache-trace": Rule(
        _traced,
        "Apache answers TRACE by itself, with the headers of the request and the token in them, "
        "and there is no audit record",
        "TraceEnable Off",
        "TraceEnable On\n",
    ),
    "apache-embedded": Rule(
        _no_daemon,
        "the proxy runs within Apache's own processes, which end when Apache thinks fit",
        "WSGIDaemonProcess and WSGIProcessGroup",
        "WSGIScriptAlias / /etc/policy-proxy/proxy.wsgi\n",
    ),
    "apache-home": Rule(
        _in_a_home,
        "its processes start in the home of their user, and not at all where there is none, as "
        "with useradd --no-create-home: every request waits in vain",
        "home=/",
        "WSGIDaemonProcess policy-proxy user=policy-proxy processes=2 threads=32\n",
    ),
    "apache-threads": Rule(
        _few_threads,
        "a process answers one request at a time: one slow client stops it, and its /healthcheck",
        "threads=32",
        "WSGIDaemonProcess policy-proxy processes=2 threads=1\n",
    ),
    "apache-body-readers": Rule(
        _body_readers,
        "[limits] max_body_readers, max_small_bodies and max_streams together are not below its "
        "threads: slow clients could take all of them",
        "raise threads, or lower these",
        "WSGIDaemonProcess policy-proxy threads=4\n",
    ),
    "apache-sub-interpreter": Rule(
        _sub_interpreter,
        "libraries that the proxy needs, cryptography among them, do not work in an interpreter "
        "beside the main one",
        "WSGIApplicationGroup %{GLOBAL}",
        "WSGIApplicationGroup policy-proxy\n",
    ),
    "apache-authorization": Rule(
        looks.says("wsgipassauthorization", "on"),
        "passwords that are meant for Apache reach the proxy, which has no use for them",
        "WSGIPassAuthorization Off",
        "WSGIPassAuthorization On\n",
    ),
    "apache-remote-ip": Rule(
        _remote_ip,
        "any client may say from which address it comes, and the audit record will repeat it",
        "name those in front with RemoteIPInternalProxy",
        "RemoteIPHeader X-Forwarded-For\n",
    ),
    "apache-wsgi-proxies": Rule(
        _wsgi_proxies,
        "any client may say from where it comes, and that TLS was used",
        "name those in front with WSGITrustedProxies",
        "WSGITrustedProxyHeaders X-Forwarded-For\n",
    ),
    "apache-log": Rule(
        looks.tells_secrets("logformat", "customlog", "errorlogformat"),
        "whoever reads the log can use the tokens in it",
        "take the header out of the format",
        'LogFormat "%h %{X-Auth-Token}i" tokens\n',
    ),
}

SERVER = Server(
    words="Apache httpd with mod_wsgi",
    file="apache.conf",
    read=_read,
    rules=RULES,
    knows=lambda seen: any(seen.all("wsgidaemonprocess", "wsgiscriptalias", "wsgiimportscript")),
    unseen=("files that it includes, and Apache's main configuration: name them as well",),
)
