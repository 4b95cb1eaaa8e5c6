"""The WSGI servers that the proxy is at home in, each started as its page in docs/ says.

Each is one small module here with a `WSGIServer` in it, which `launched()` starts: the real server,
from the very files in etc/ that operators copy, with nothing but addresses, paths and sizes of its
own.
"""

from __future__ import annotations

from collections.abc import Mapping

from harness.servers.apache import Apache
from harness.servers.granian import Granian
from harness.servers.gunicorn import Gunicorn
from harness.servers.launching import ETC, Options, WSGIServer, launched
from harness.servers.running import Running
from harness.servers.uwsgi import Uwsgi, UwsgiBehindNginx
from harness.servers.waitress import Waitress

__all__ = ["ETC", "SERVERS", "Gunicorn", "Options", "Running", "WSGIServer", "launched"]

SERVERS: Mapping[str, WSGIServer] = {
    server.name: server
    for server in (Granian(), Gunicorn(), Uwsgi(), UwsgiBehindNginx(), Apache(), Waitress())
}
