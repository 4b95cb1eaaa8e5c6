"""gunicorn in front of policy_proxy.wsgi:application. docs/gunicorn.md says more.

    POLICY_PROXY_CONFIG_FILE=/etc/policy-proxy/policy-proxy.conf \\
      gunicorn --config /etc/policy-proxy/gunicorn.conf.py policy_proxy.wsgi:application

https://gunicorn.org/reference/settings/
"""

import gc
import logging.config
import sys

from gunicorn import glogging
from gunicorn.arbiter import Arbiter
from gunicorn.http import message

from policy_proxy.errors import ConfigurationError
from policy_proxy.telemetry import logs

bind = ["127.0.0.1:8778"]

# A process keeps one core busy; most of its threads wait for Placement.
worker_class = "gthread"
workers = 2
threads = 32

# What is longer is refused with 414 and 431. gunicorn's own limit of a request line is 8190 bytes,
# or none at all: nova's are four times as long, so the limit itself has to be moved.
message.MAX_REQUEST_LINE = 65535
limit_request_line = 65535
limit_request_fields = 100
limit_request_field_size = 32768

# Seconds: an idle connection stays open; requests in flight get to finish after SIGTERM.
keepalive = 75
graceful_timeout = 30

# Nobody who connects may say where the application is mounted, or that TLS was used: see
# [server] public_url. Header fields with underscores are dropped: they could be taken for others.
forwarded_allow_ips = ""
forwarder_headers = ""
secure_scheme_headers = {}
header_map = "drop"

# Nothing of the proxy is made before the fork, and nothing but signals controls the server.
preload_app = False
control_socket_disable = True


class OneFormat(glogging.Logger):
    """gunicorn's own lines look like those of the proxy."""

    error_fmt = "%(asctime)s %(levelname)s %(process)d gunicorn %(message)s"
    datefmt = None


logger_class = OneFormat
logging.config.dictConfig(logs.configuration("info"))


DRAINED = 65536
"""Bytes of an unread body of which gunicorn disposes; of more it does not, and hangs up."""


def pre_request(_worker, request):
    """Have an answer say if it is the last one on its connection. gunicorn would hang up without a
    word, and a server in front send its next request into nothing.
    """
    reader, decided = request.body.reader, request.should_close
    request.should_close = lambda: decided() or more_than_drained(reader)


def more_than_drained(reader):
    """Of a body with a length, that is known; of one in chunks, whether the last one was read."""
    unended = getattr(reader, "parser", None) is not None
    return unended or getattr(reader, "length", 0) > DRAINED


def post_worker_init(worker):
    """Open the proxy before the first request: if it cannot be, gunicorn ends, and says why."""
    try:
        worker.wsgi.opened()
    except ConfigurationError as error:
        for problem in error.problems:
            worker.log.error("%s", problem)
        sys.exit(Arbiter.WORKER_BOOT_ERROR)
    gc.freeze()  # what is here stays: to look through it again and again costs time
