"""No more requests at a time than can be handled well; the others wait for their turn, or go."""

from __future__ import annotations

from collections.abc import Iterable

from policy_proxy.errors import Unavailable
from policy_proxy.model import Environ, StartResponse, WSGIApp
from policy_proxy.places import Places

_RETRY = (("Retry-After", "2"),)


class InTurn:
    """Early refusal instead of slow death: whoever has no turn in time may as well try again later.

    A request has its place until its answer begins: who takes a large one slowly holds none.

    :param places: for the requests that are handled.
    """

    def __init__(self, app: WSGIApp, places: Places) -> None:
        self._app = app
        self._places = places

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        if not self._places.take():
            raise Unavailable("The proxy has too many other requests.", headers=_RETRY)
        try:
            return self._app(environ, start_response)
        finally:
            self._places.give_back()
