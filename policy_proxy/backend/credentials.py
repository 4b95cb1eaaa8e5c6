"""The proxy's own token, for a backend that is asked in the name of the proxy."""

from __future__ import annotations

import math
import threading
import time
from typing import Any

from keystoneauth1 import exceptions, loading
from oslo_config import cfg

from policy_proxy.backend import keystone
from policy_proxy.config import authtoken
from policy_proxy.errors import Unavailable

PAUSE = 1.0
"""Seconds for which nobody asks after a failure."""
_RETRY = (("Retry-After", "5"),)
_SENTENCE = "The identity service cannot be reached. Try again in a moment."


class ServiceCredentials:
    """A token of the service user, got and renewed by keystoneauth.

    :param section: the configuration section with the keystoneauth options of the user.
    """

    def __init__(self, conf: cfg.ConfigOpts, section: str) -> None:
        self._plugin: Any = loading.load_auth_from_conf_options(conf, section)
        self._transport = keystone.transport(conf, section)
        self._session = keystone.session(conf, section, self._transport)
        self._timeout = authtoken.timeout(conf, section)
        self._failures = 0
        self._failed_at = -math.inf
        self._renewing = threading.Lock()

    def token(self) -> str:
        """A token that is still valid for some time.

        :raises Unavailable: if Keystone gives none.
        """
        if time.monotonic() - self._failed_at < PAUSE:
            raise Unavailable(_SENTENCE, private="Keystone has just failed", headers=_RETRY)
        before = self._failures
        try:
            # the plugin lets one thread ask at a time: those behind it fail with it, all at once
            with self._transport.within(self._timeout, lambda: self._failures == before):
                return str(self._plugin.get_token(self._session))
        except exceptions.ClientException as error:
            self._failures += 1
            self._failed_at = time.monotonic()
            raise Unavailable(_SENTENCE, headers=_RETRY) from error

    def renewed(self, refused: str) -> str:
        """Another token than the one that was refused. Threads that were refused the same one
        share what the first of them gets.
        """
        with self._renewing:
            if self.token() == refused:
                self._plugin.invalidate()
            return self.token()
