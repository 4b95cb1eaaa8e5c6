"""`policy-proxy serve`: the proxy on the built-in server, in the foreground."""

from __future__ import annotations

import dataclasses
import logging.config
import os
import sys
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click

from policy_proxy.cli.check import inspected, looked_at
from policy_proxy.cli.output import fail
from policy_proxy.config import Settings, backend
from policy_proxy.config.server import WORKERS, workers_of
from policy_proxy.errors import ConfigurationError
from policy_proxy.serving import listener, notify
from policy_proxy.serving.supervisor import Supervisor
from policy_proxy.telemetry import logs

_LOG = logging.getLogger(__name__)
_FIXED = ("host", "port", "unix_socket", "unix_socket_mode", "unix_socket_group", "workers")


class _Workers(click.ParamType):  # type: ignore[type-arg]  # click 8.1 has none
    name = "[auto|INTEGER]"

    def convert(self, value: Any, param: Any, ctx: Any) -> int:
        try:
            return workers_of(WORKERS(str(value)))
        except ValueError:
            self.fail(f"{value!r} is not {WORKERS.type_name}", param, ctx)


@click.command(short_help="Run the proxy until SIGTERM or Ctrl-C.")
@click.option("--config-file", required=True, type=click.Path(), help="Configuration to run with.")
@click.option("--host", help="Address to listen on, instead of [server] host.")
@click.option("--port", type=click.IntRange(0, 65535), help="Port, instead of [server] port.")
@click.option("--workers", type=_Workers(), help="Processes, instead of [server] workers.")
def serve(config_file: str, host: str | None, port: int | None, workers: int | None) -> None:
    """Run the proxy in the foreground until SIGTERM or Ctrl-C; requests in flight are finished.

    On SIGHUP every worker reads the policy files at once, and opens the audit file anew;
    connections stay open. On SIGUSR2 new workers start with the configuration as it is then, and
    take over when they are ready; if they cannot, the old ones stay.
    """
    path = str(Path(config_file).resolve())
    given = {"host": host, "port": port, "workers": workers}
    settings, problems = inspected(path, offline=True)
    settings = _with(settings, given)
    problems += _asks_itself(settings)
    try:
        listens = listener.opened(settings.server)
    except ConfigurationError as error:
        fail([*problems, *error.problems])
    if problems:
        listens.remove()
        fail(problems)
    listener.end_unread(listens, settings.backend.total_timeout)
    logging.config.dictConfig(logs.configuration(settings.server.log_level))
    _LOG.info("main process %s listens at %s", os.getpid(), listens.name)
    tell = notify.teller(os.environ.pop("NOTIFY_SOCKET", None))
    read = partial(_again, path, given, settings)
    sys.exit(Supervisor(settings, listens, read, tell).run())


def _asks_itself(settings: Settings) -> list[str]:
    """Whether it would be its own backend, where every request waits for the next one."""
    server, url = settings.server, settings.backend.url
    if settings.authorizer.front_end or server.unix_socket or not url:
        return []
    host = f"[{server.host}]" if ":" in server.host else server.host
    if not backend.leads_to(settings.backend, f"http://{host}:{server.port}{urlsplit(url).path}"):
        return []
    sentence = (
        f"[backend] url = {url} is where this proxy itself listens: name the address that "
        "Placement itself listens on, or another [server] port"
    )
    return [sentence]


def _with(settings: Settings, given: dict[str, Any]) -> Settings:
    """What the command line says counts, at a restart as well."""
    chosen = {name: value for name, value in given.items() if value is not None}
    return dataclasses.replace(settings, server=dataclasses.replace(settings.server, **chosen))


def _again(path: str, given: dict[str, Any], first: Settings) -> Settings:
    """The configuration as it is now, for new workers.

    :raises ConfigurationError: with every problem of it.
    """
    settings, problems = looked_at(path, offline=True)
    if problems:
        raise ConfigurationError(problems)
    settings = _with(settings, given)
    fixed = {name: getattr(first.server, name) for name in _FIXED}
    for name, value in fixed.items():
        if getattr(settings.server, name) != value:
            _LOG.warning("[server] %s stays as it was until the service is stopped", name)
    return _with(settings, fixed)
