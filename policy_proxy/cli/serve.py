"""`policy-proxy serve`: the proxy on the built-in server, in the foreground."""

from __future__ import annotations

import dataclasses
import gc
import logging.config
import multiprocessing
import os
import resource
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import click
from granian import Granian
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings

from policy_proxy import config, lifetime, wsgi
from policy_proxy.cli import unread_answers
from policy_proxy.cli.check import inspected
from policy_proxy.cli.output import fail
from policy_proxy.config.server import ServerSettings
from policy_proxy.cores import Cores, OnOneCore
from policy_proxy.errors import ConfigurationError
from policy_proxy.telemetry import logs

_LOG = logging.getLogger(__name__)
_CONNECTIONS = 1024
"""That granian accepts, and lets wait."""
_REMINDER = 0.5
"""Seconds."""


@click.command(short_help="Run the proxy until SIGTERM or Ctrl-C.")
@click.option("--config-file", required=True, type=click.Path(), help="Configuration to run with.")
@click.option("--host", help="Address to listen on, instead of [server] host.")
@click.option("--port", type=click.IntRange(0, 65535), help="Port, instead of [server] port.")
@click.option("--workers", type=click.IntRange(1), help="Processes, instead of [server] workers.")
def serve(config_file: str, host: str | None, port: int | None, workers: int | None) -> None:
    """Run the proxy in the foreground until SIGTERM or Ctrl-C; requests in flight are finished.

    On SIGHUP every worker reads the policy files at once; connections stay open.
    """
    path = str(Path(config_file).resolve())
    settings, problems = inspected(path, offline=True)
    given: dict[str, Any] = {"host": host, "port": port, "workers": workers}
    server = dataclasses.replace(
        settings.server, **{name: value for name, value in given.items() if value is not None}
    )
    problems += _port_problems(server.host, server.port)
    if problems:
        fail(problems)
    os.environ[config.ENVIRONMENT_VARIABLE] = path
    logging.config.dictConfig(logs.configuration(server.log_level))
    os.register_at_fork(after_in_child=_end_at_once)
    # Python 3.14 would start new interpreters, in which nothing of what is made here is left
    multiprocessing.set_start_method("fork", force=True)
    threads = settings.limits.threads(server.threads)
    _raise_descriptors(_CONNECTIONS + 2 * threads)
    granian = _granian(server, threads)
    granian.on_startup(_pass_on_reloads)
    granian.on_startup(partial(_stop_for_certain, granian))
    cores = Cores() if server.one_core else None
    unread = partial(unread_answers.end, server.port, settings.backend.total_timeout)
    granian.serve(target_loader=partial(_loaded, os.getpid(), cores, unread))


def _raise_descriptors(needed: int) -> None:
    """Have as many file descriptors as may be needed, as far as the hard limit allows it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if resource.RLIM_INFINITY not in {soft, hard} and soft < min(needed, hard):
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(needed, hard), hard))


def _granian(server: ServerSettings, threads: int) -> Any:
    return Granian(
        "policy_proxy.wsgi:application",
        address=server.host,
        port=server.port,
        interface=Interfaces.WSGI,
        workers=server.workers,
        backlog=_CONNECTIONS,
        blocking_threads=threads,
        http=HTTPModes.http1,
        http1_settings=HTTP1Settings(header_read_timeout=15_000),
        websockets=False,
        log_dictconfig=logs.configuration(server.log_level),
        ssl_cert=Path(server.tls_certfile) if server.tls_certfile else None,
        ssl_key=Path(server.tls_keyfile) if server.tls_keyfile else None,
        workers_kill_timeout=server.drain_timeout,
        respawn_failed_workers=True,
    )


def _end_at_once() -> None:
    """A worker that is told to stop while it starts has nothing to finish. It would inherit the
    parent's handlers, which only note the signal for a loop that is not the worker's, and be waited
    for in vain; granian sets the worker's own ones just before it serves.
    """
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)


def _stop_for_certain(granian: Any) -> None:
    """Whoever is told to stop tells the workers again until they have stopped: one that is just
    about to serve forgets what it is told in that moment (granian 2.8).
    """
    obey = signal.getsignal(signal.SIGTERM)

    def remind() -> None:
        while True:
            time.sleep(_REMINDER)
            for worker in granian.wrks:
                with suppress(ProcessLookupError):
                    os.kill(worker.inner.pid, signal.SIGTERM)

    def stop(*arguments: Any) -> None:
        obey(*arguments)  # type: ignore[operator,misc]  # granian's own, set just before
        threading.Thread(target=remind, daemon=True).start()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)


def _pass_on_reloads() -> None:
    """SIGHUP goes on to the workers. granian, which has set its own handler by now, would replace
    them one after the other, and close their connections.
    """

    def pass_on(*_: object) -> None:
        for worker in multiprocessing.active_children():
            if worker.pid is not None:
                os.kill(worker.pid, signal.SIGHUP)

    signal.signal(signal.SIGHUP, pass_on)


def _loaded(supervisor: int, cores: Cores | None, unread: Callable[[], None], target: str) -> Any:
    """What a worker serves, opened before its first request; `target` is what granian calls it.

    :param supervisor: the main process. Without it nobody would stop the worker, or start another
        one, so it is then told to finish what it is doing.
    :param cores: one of which the worker is to keep to.
    :param unread: to be run in a thread once the worker listens.
    """
    del target
    lifetime.end_with(supervisor)
    try:
        chain = wsgi.application.opened()
    except ConfigurationError as error:
        for problem in error.problems:
            _LOG.error("%s", problem)
        sys.exit(1)
    signal.signal(signal.SIGHUP, lambda *_: chain.reload())
    threading.Thread(target=unread, daemon=True).start()
    gc.collect()
    gc.freeze()  # what is here stays: to look through it again and again costs a tenth of a request
    core = cores.take() if cores else None
    return wsgi.application if core is None else OnOneCore(wsgi.application, core)


def _port_problems(host: str, port: int) -> list[str]:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            sentence = (
                f"{host} port {port} cannot be listened on ({error.strerror}): choose another "
                "with --host and --port, or stop what uses it"
            )
            return [sentence]
    return []
