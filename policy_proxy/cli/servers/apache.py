"""Apache httpd with mod_wsgi.

https://httpd.apache.org/docs/2.4/mod/directives.html and
https://modwsgi.readthedocs.io/en/master/configuration.html have the meaning of directives.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial

from policy_proxy.cli.servers import apache_daemons, looks
from policy_proxy.cli.servers.entry import Entry
from policy_proxy.cli.servers.files import apache as file
from policy_proxy.cli.servers.rule import Environment, Look, Rule, Server
from policy_proxy.cli.servers.seen import Seen


def _read(files: Sequence[str], environment: Environment) -> Iterator[Entry]:
    del environment  # nothing in it counts
    for name in files:
        yield from file.entries(name)


def _not_off(name: str, seen: Seen) -> Iterable[Entry]:
    """A directive that is on unless it is said to be off."""
    entry = seen.last(name.lower())
    if entry is None and seen.file:
        yield seen.absent(name)
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
        partial(_not_off, "MergeSlashes"),
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
        partial(_not_off, "TraceEnable"),
        "Apache answers TRACE by itself, with the headers of the request and the token in them, "
        "and there is no audit record",
        "TraceEnable Off",
        "TraceEnable On\n",
    ),
    "apache-embedded": Rule(
        apache_daemons.no_daemon,
        "the proxy runs within Apache's own processes, which end when Apache thinks fit",
        "WSGIDaemonProcess and WSGIProcessGroup",
        "WSGIScriptAlias / /etc/policy-proxy/proxy.wsgi\n",
    ),
    "apache-home": Rule(
        apache_daemons.in_a_home,
        "its processes start in the home of their user, and not at all where there is none, as "
        "with useradd --no-create-home: every request waits in vain",
        "home=/",
        "WSGIDaemonProcess policy-proxy user=policy-proxy processes=2 threads=32\n",
    ),
    "apache-threads": Rule(
        apache_daemons.few_threads,
        "a process answers one request at a time: one slow client stops it, and its /healthcheck",
        "threads=32",
        "WSGIDaemonProcess policy-proxy processes=2 threads=1\n",
    ),
    "apache-body-readers": Rule(
        apache_daemons.body_readers,
        "[limits] max_body_readers, max_small_bodies and max_streams together are not below its "
        "threads: slow clients could take all of them",
        "raise threads, or lower these",
        "WSGIDaemonProcess policy-proxy threads=4\n",
    ),
    "apache-sub-interpreter": Rule(
        apache_daemons.sub_interpreter,
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
