"""The proxy whose policy it is: asked, worker by worker, what is in force."""

from __future__ import annotations

import http.client
import json
import ssl
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import click

from policy_proxy.config.server import ServerSettings
from policy_proxy.errors import ConfigurationError
from policy_proxy.policy.promotion.workers import (
    Heard,
    Untold,
    agreed,
    differs,
    heard,
    too_few,
)
from policy_proxy.telemetry.health import DETAILED, PATH

_PATIENCE = 2.0
"""Seconds for one answer, which costs a worker next to nothing."""
_PAUSE = 0.05
"""Seconds, after an answer that is not the one that is waited for."""
_LARGEST = 1024 * 1024
_END = "-----END CERTIFICATE-----"
_ANY = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  not listened on, but asked


@dataclass(frozen=True, slots=True)
class Proxy:
    """
    :param url: scheme, host and port.
    :param workers: how many there are.
    :param trust: whose certificate is taken; None for plain HTTP.
    """

    url: str
    workers: int
    trust: ssl.SSLContext | None = None

    def in_force(self, timeout: float) -> str:
        """The revision that all workers have in force; empty if none is.

        :param timeout: seconds after which they must agree.
        :raises ConfigurationError: if the proxy does not answer, or its workers differ.
        """
        try:
            revision = self._ask().revision
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise ConfigurationError([self._silent(error)]) from None
        self.wait_for(revision, timeout)
        return revision

    def wait_for(self, revision: str, timeout: float) -> None:
        """Return when every worker has reported this revision as the one in force.

        :param timeout: seconds.
        :raises ConfigurationError: if they have not by then, or one of them refuses it.
        """
        deadline = time.monotonic() + timeout
        streak: list[Heard] = []
        while not agreed(streak, self.workers):
            trouble = self._trouble(streak, revision)
            if time.monotonic() > deadline:
                why = trouble or too_few(streak, self.workers)
                raise ConfigurationError([f"{self.url}: {why}, after {timeout:g} seconds"])
            if trouble:
                streak.clear()
                time.sleep(_PAUSE)

    def _trouble(self, streak: list[Heard], revision: str) -> str:
        """Why the next answer does not belong to the others; it is added to them if it does."""
        try:
            answer = self._ask()
        except (OSError, http.client.HTTPException, ValueError) as error:
            return self._silent(error)
        if revision and answer.refused == revision:
            refused = f"{self.url}: worker {answer.worker} refuses revision {revision}"
            raise ConfigurationError([refused, *answer.because])
        streak.append(answer)
        return differs(answer, revision)

    def _ask(self) -> Heard:
        """One answer, on a connection of its own: on the same one the same worker would answer.

        :raises ValueError: for an answer that does not tell what was asked.
        """
        parts = urlsplit(self.url)
        host, port = parts.hostname or "", parts.port
        connection = (
            http.client.HTTPSConnection(host, port, timeout=_PATIENCE, context=self.trust)
            if parts.scheme == "https"
            else http.client.HTTPConnection(host, port, timeout=_PATIENCE)
        )
        try:
            connection.request("GET", f"{PATH}?{DETAILED}", headers={"Connection": "close"})
            body = connection.getresponse().read(_LARGEST)
        finally:
            connection.close()
        try:
            document = json.loads(body)
        except ValueError:
            document = None
        return heard(document)

    def _silent(self, error: Exception) -> str:
        if isinstance(error, Untold):
            return str(error)
        return f"the proxy does not answer at {self.url} ({error})"


def configured(server: ServerSettings, url: str | None, workers: int | None) -> Proxy:
    """
    :param url: of the proxy, instead of where `serve` listens by this configuration.
    :param workers: how many, instead of what it says.
    :raises click.UsageError: for a URL that is none.
    :raises ConfigurationError: if the certificate of the configuration cannot be read.
    """
    count = workers or server.workers
    if url is None:
        _can_be_asked(server)
        trust = _only(server.tls_certfile) if server.tls_certfile else None
        host = _ANY.get(server.host, server.host)
        at = f"[{host}]:{server.port}" if ":" in host else f"{host}:{server.port}"
        return Proxy(f"{'https' if trust else 'http'}://{at}", count, trust)
    try:
        parts = urlsplit(url)
        good = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        good = False
    if not good or parts.path.strip("/") or parts.query or parts.username:
        raise click.UsageError(f"--url {url} is no URL of scheme, host and port")
    trust = ssl.create_default_context() if parts.scheme == "https" else None
    return Proxy(f"{parts.scheme}://{parts.netloc}", count, trust)


def _can_be_asked(server: ServerSettings) -> None:
    for name in ("unix_socket", "tls_client_ca"):
        if getattr(server, name):
            raise ConfigurationError(
                [f"[server] {name}: this command cannot ask the proxy there: name a URL with --url"]
            )


def _only(certificates: str) -> ssl.SSLContext:
    """Takes the proxy's own certificate, the first of its chain, and no other. It names the host as
    clients know it, which is not where it is asked here.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    try:
        first = Path(certificates).read_text(encoding="ascii").partition(_END)
        context.load_verify_locations(cadata="".join(first[:2]))
    except (OSError, ValueError) as error:
        raise ConfigurationError(
            [f"[server] tls_certfile = {certificates} cannot be read ({error}): check it"]
        ) from None
    return context
