"""The doors: how a WSGI server, or paste, gets at the chain.

`application` is the proxy; `authorize` is what a front end asks that forwards by itself.
`app_factory` and `filter_factory` are for paste.deploy: the proxy, and the chain around an
application in the same process. Each reads its configuration from the file that
POLICY_PROXY_CONFIG_FILE (or paste's `config_file`) names.
"""

from __future__ import annotations

import atexit
import logging
import os
import threading
from collections.abc import Callable, Iterable

from policy_proxy import chain, config
from policy_proxy.barrier import rendering
from policy_proxy.barrier.request_id import new_request_id
from policy_proxy.errors import ConfigurationError, Unavailable
from policy_proxy.model import Environ, StartResponse, WSGIApp
from policy_proxy.placement.service import SERVICE

_LOG = logging.getLogger(__name__)


def proxy_from_file(path: str) -> chain.Chain:
    """
    :raises ConfigurationError: with every problem of the configuration.
    """
    return _closed_at_exit(chain.proxy(config.load([path]), SERVICE))


def _around_from_file(path: str, app: WSGIApp) -> chain.Chain:
    """
    :raises ConfigurationError: with every problem of the configuration.
    """
    return _closed_at_exit(chain.around(config.load([path], with_backend=False), SERVICE, app))


def _closed_at_exit(built: chain.Chain) -> chain.Chain:
    """The audit file gets its last words when the process ends by itself."""
    atexit.register(built.close)
    return built


def authorizer_from_file(path: str) -> chain.Chain:
    """
    :raises ConfigurationError: with every problem of the configuration.
    """
    return _closed_at_exit(chain.authorizer(config.load([path], authorizing=True), SERVICE))


class Door:
    """An application that is built by its first request, in the process that serves it.

    A server that loads an application and then forks would otherwise share its threads, sockets
    and locks among its workers; one that was opened before the fork is built again after it, since
    no thread looks after it there. While building fails, so does every request: nothing gets in.
    """

    def __init__(self, build: Callable[[], chain.Chain]) -> None:
        self._build = build
        self._building: dict[int, threading.Lock] = {}
        self._built: dict[int, chain.Chain] = {}

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        try:
            app = self.opened()
        except ConfigurationError as error:
            for problem in error.problems:
                _LOG.error("%s", problem)
        except Exception:  # noqa: BLE001  whatever it is, the client must not see it
            _LOG.exception("this service cannot be put together")
        else:
            # the server's own stays as it is: gunicorn's access log fails without the raw target
            return app(environ.copy(), start_response)
        return _closed(start_response)

    def opened(self) -> chain.Chain:
        """The application, built now if it was not yet in this process."""
        process = os.getpid()
        built = self._built.get(process)
        if built is None:
            with self._building.setdefault(process, threading.Lock()):
                built = self._built.get(process)
                if built is None:
                    built = self._built[process] = self._build()
        return built


def _closed(start_response: StartResponse) -> Iterable[bytes]:
    """The answer while the service cannot be built: why is for the log alone."""
    refusal = Unavailable("This service is not configured.", headers=(("Retry-After", "60"),))
    public = rendering.refusal_as_error(refusal, SERVICE.default_code)
    response = rendering.response(public, new_request_id(), refusal.headers)
    start_response(response.status, response.headerlist)
    return [response.body]


def _configured() -> str:
    return os.environ.get(config.ENVIRONMENT_VARIABLE, config.DEFAULT_FILE)


application = Door(lambda: proxy_from_file(_configured()))
authorize = Door(lambda: authorizer_from_file(_configured()))


def app_factory(global_conf: dict[str, str], **local_conf: str) -> Door:
    """paste.deploy's entry point for the proxy; `config_file` names its configuration."""
    path = local_conf.get("config_file") or global_conf.get("config_file") or _configured()
    return Door(lambda: proxy_from_file(path))


def filter_factory(global_conf: dict[str, str], **local_conf: str) -> Callable[[WSGIApp], Door]:
    """paste.deploy's entry point for the chain around another application of the pipeline."""
    path = local_conf.get("config_file") or global_conf.get("config_file") or _configured()

    def filtered(app: WSGIApp) -> Door:
        return Door(lambda: _around_from_file(path, app))

    return filtered
