"""What every transfer is told: nothing that libcurl would do for comfort is left to its defaults.

Meanings: https://curl.se/libcurl/c/curl_easy_setopt.html
"""

from __future__ import annotations

import ssl
from typing import Any
from urllib.parse import urlsplit

import pycurl

from policy_proxy.backend import outgoing
from policy_proxy.backend.messages import Outbound
from policy_proxy.config.backend import BackendSettings

BUFFER_BYTES = 8 * 1024
"""What libcurl reads at a time. It hands over some twenty times as much before it lets go: the most
that a streamed answer holds in memory."""

DNS_SECONDS = 5
"""How long an address is kept for new connections, so that they follow a name that moves."""

Options = list[tuple[int, Any]]


def fixed(settings: BackendSettings) -> Options:
    """The options that are the same for every request to this backend."""
    parts = urlsplit(settings.url)
    return [
        (pycurl.URL, f"{parts.scheme}://{parts.netloc}/"),
        (pycurl.PROTOCOLS, pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS),
        (pycurl.HTTP_VERSION, pycurl.CURL_HTTP_VERSION_1_1),
        (pycurl.HTTP09_ALLOWED, 0),
        (pycurl.PATH_AS_IS, 1),
        (pycurl.FOLLOWLOCATION, 0),
        (pycurl.PROXY, ""),
        (pycurl.NOPROXY, "*"),
        (pycurl.NETRC, pycurl.NETRC_IGNORED),
        (pycurl.HTTP_CONTENT_DECODING, 0),
        (pycurl.NOSIGNAL, 1),
        (pycurl.TCP_NODELAY, 1),
        (pycurl.BUFFERSIZE, BUFFER_BYTES),
        (pycurl.DNS_CACHE_TIMEOUT, DNS_SECONDS),
        (pycurl.CONNECTTIMEOUT_MS, int(settings.connect_timeout * 1000)),
        (pycurl.TIMEOUT_MS, int(settings.total_timeout * 1000)),
        *_tls(settings),
        *([(pycurl.UNIX_SOCKET_PATH, settings.unix_socket)] if settings.unix_socket else []),
    ]


def of(outbound: Outbound, prefix: str) -> Options:
    """The options of one request; `prefix` is the path of the base URL, without a slash at its end.

    Anything but a GET gets a connection of its own: libcurl sends a request a second time when a
    connection that it used before turns out to be dead, whatever the method (`Curl_retry_request`
    in its lib/transfer.c), and never does so on a fresh one.

    All of them are set for every request, since the handle was used before. HTTPGET takes a body of
    an earlier one away.
    """
    body = outgoing.body(outbound)
    return [
        (pycurl.HTTPGET, 1) if body is None else (pycurl.POSTFIELDS, body),
        (pycurl.CUSTOMREQUEST, outbound.method),
        (pycurl.REQUEST_TARGET, prefix + outbound.target),
        (pycurl.HTTPHEADER, outgoing.header_lines(outbound.headers)),
        (pycurl.FRESH_CONNECT, int(outbound.method != "GET")),
    ]


def _tls(settings: BackendSettings) -> Options:
    """Certificates are always verified, against `cafile` alone or else the system's authorities.

    libcurl's own idea of the system's authorities is that of the machine it was built on. A file is
    preferred to a directory because libcurl keeps only a file's authorities from one connection to
    the next (https://curl.se/libcurl/c/CURLOPT_CA_CACHE_TIMEOUT.html).
    """
    system = ssl.get_default_verify_paths()
    cafile = settings.cafile or system.cafile
    named = [
        (pycurl.CAINFO, cafile),
        (pycurl.SSLCERT, settings.certfile),
        (pycurl.SSLKEY, settings.keyfile),
    ]
    return [
        (pycurl.SSL_VERIFYPEER, 1),
        (pycurl.SSL_VERIFYHOST, 2),
        (pycurl.SSLVERSION, pycurl.SSLVERSION_TLSv1_2),
        (pycurl.CAPATH, None if cafile else system.capath),
        *((option, path) for option, path in named if path),
    ]
