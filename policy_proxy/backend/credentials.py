"""The proxy's own token, for a backend that is asked in the name of the proxy."""

from __future__ import annotations

import threading
from typing import Any

from keystoneauth1 import exceptions, loading
from oslo_config import cfg

from policy_proxy.backend import keystone
from policy_proxy.errors import Unavailable

_SENTENCE = "The identity service cannot be reached. Try again in a moment."


class ServiceCredentials:
    """A token of the service user, got and renewed by keystoneauth.

    :param section: the configuration section with the keystoneauth options of the user.
    """

    def __init__(self, conf: cfg.ConfigOpts, section: str) -> None:
        self._plugin: Any = loading.load_auth_from_conf_options(conf, section)
        self._session = keystone.session(conf, section)
        self._renewing = threading.Lock()

    def token(self) -> str:
        """A token that is still valid for some time.

        :raises Unavailable: if Keystone gives none.
        """
        try:
            return str(self._plugin.get_token(self._session))
        except exceptions.ClientException as error:
            raise Unavailable(_SENTENCE, headers=(("Retry-After", "5"),)) from error

    def renewed(self, refused: str) -> str:
        """Another token than the one that was refused. Threads that were refused the same one
        share what the first of them gets.
        """
        with self._renewing:
            if self.token() == refused:
                self._plugin.invalidate()
            return self.token()
