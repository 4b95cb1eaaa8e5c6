#!/usr/bin/env python3
"""waitress in front of policy_proxy.wsgi:application. docs/waitress.md says more.

    POLICY_PROXY_CONFIG_FILE=/etc/policy-proxy/policy-proxy.conf \\
      python /etc/policy-proxy/waitress_server.py --listen 127.0.0.1:8778

`waitress-serve` would do, but for one thing: it ends in the middle of what it is doing.
"""

import argparse
import gc
import logging.config
import os
import pkgutil
import re
import signal
import sys
import time

from waitress import channel, create_server, parser, wasyncore

from policy_proxy.errors import ConfigurationError
from policy_proxy.serving.notify import teller
from policy_proxy.telemetry import logs

# https://docs.pylonsproject.org/projects/waitress/en/stable/arguments.html
SETTINGS = {
    "connection_limit": 1000,
    "asyncore_use_poll": True,  # select() ends at descriptor 1023
    # Bytes. A larger header is refused with 431, a larger body with 413, before the proxy sees it;
    # the proxy's own limits are in [limits], and the one for bodies should be the same one.
    "max_request_header_size": 131_072,
    "max_request_body_size": 8_388_609,
    # Bytes of an answer that may wait in memory for a slow client, before they go to a file, and
    # before the proxy reads no more of it.
    "outbuf_overflow": 1_048_576,
    "outbuf_high_watermark": 1_048_576,
    # Forwarded and X-Forwarded-* tell nothing, whoever sends them.
    "trusted_proxy": None,
    "clear_untrusted_proxy_headers": True,
}
DRAIN_TIMEOUT = 30
"""Seconds that requests in flight get to finish after SIGTERM."""


class Strict(parser.HTTPRequestParser):
    """Refuses a header that waitress would mend: others could read another request in it
    (RFC 9112, sections 5.2, 6.1 and 6.3).
    """

    FOLDED = re.compile(rb"\r\n[ \t]")
    FRAMING = re.compile(
        rb"\r\n(?:content-length|transfer-encoding):[ \t]*([^\r\n]*)", re.IGNORECASE
    )

    def parse_header(self, header_plus):
        framing = self.FRAMING.findall(header_plus)
        if self.FOLDED.search(header_plus):
            raise parser.ParsingError("A header field is folded")
        if len(framing) > 1 or b"," in b"".join(framing):
            raise parser.ParsingError("The framing of the body is ambiguous")
        super().parse_header(header_plus)


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("application", nargs="?", default="policy_proxy.wsgi:application")
    arguments.add_argument("--listen", default="127.0.0.1:8778", help="address:port, or several")
    arguments.add_argument("--threads", default=32, type=int)
    given = arguments.parse_args()
    channel.HTTPChannel.parser_class = Strict
    logging.config.dictConfig(logs.configuration("info"))
    application = pkgutil.resolve_name(given.application)
    try:
        chain = application.opened()
    except ConfigurationError as error:
        for problem in error.problems:
            logging.getLogger("waitress").error("%s", problem)
        sys.exit(1)
    signal.signal(signal.SIGHUP, lambda *_: chain.reload())  # reads the policy files at once
    gc.freeze()  # what is here stays: to look through it again and again costs time
    name = given.listen.split()[0].rpartition(":")[0]  # in Location, without [server] public_url
    given_settings = {"listen": given.listen, "server_name": name, "threads": given.threads}
    serve(application, {**SETTINGS, **given_settings})


def serve(application, settings):
    """Serve until SIGTERM or SIGINT, then until nothing is in flight."""
    sockets = {}
    try:
        create_server(application, map=sockets, **settings)
    except (OSError, ValueError) as error:  # the address is in use, or is none
        problem = f"cannot listen at {settings['listen']}: {error}: choose another with --listen"
        logging.getLogger("waitress").error("%s", problem)
        sys.exit(1)
    listeners = [one for one in sockets.values() if one.accepting]
    told = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: told.append(time.monotonic()))
    systemd = teller(os.environ.get("NOTIFY_SOCKET"))
    systemd(READY=1)
    while not told:
        wasyncore.loop(timeout=0.5, use_poll=True, map=sockets, count=1)
    systemd(STOPPING=1)
    for listener in listeners:  # nobody gets in any more; who connected before is served
        listener.del_channel(sockets)
        listener.socket.close()
    while busy(listeners) and time.monotonic() < told[0] + DRAIN_TIMEOUT:
        wasyncore.loop(timeout=0.1, use_poll=True, map=sockets, count=1)


def busy(listeners):
    channels = [one for listener in listeners for one in listener.active_channels.values()]
    return any(one.requests or one.request or one.total_outbufs_len for one in channels)


if __name__ == "__main__":
    main()
