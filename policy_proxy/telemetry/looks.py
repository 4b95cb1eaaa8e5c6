"""What the service depends on, each as a look that says what is wrong with it."""

from __future__ import annotations

import json
from dataclasses import replace

from keystoneauth1 import discover, exceptions
from oslo_config import cfg

from policy_proxy.backend import keystone as transport
from policy_proxy.backend.client import Backend
from policy_proxy.backend.messages import Outbound
from policy_proxy.config import authtoken
from policy_proxy.config.backend import BackendSettings
from policy_proxy.errors import Refusal, beginning_of
from policy_proxy.telemetry.readiness import Look

_CORRECT = "see that it runs, and check [keystone_authtoken] auth_url"
_LARGEST_DOCUMENT = 64 * 1024
PATIENCE = 5.0
"""Seconds that the backend may take for its version document, which costs it next to nothing."""


def keystone(conf: cfg.ConfigOpts) -> Look:
    """Whether Keystone answers version discovery at `auth_url`.

    https://docs.openstack.org/api-ref/identity/v3/#list-versions
    """
    url = conf[authtoken.login_group(conf)].auth_url
    session = transport.session(conf, authtoken.GROUP)

    def look() -> str:
        try:
            versions = discover.Discover(session, url).version_data()
        except exceptions.MissingAuthPlugin:
            return f"{url} asks for a token, so it is not Keystone: {_CORRECT}"
        except exceptions.ClientException as error:
            return f"Keystone does not answer at {url}: {beginning_of(error)}: {_CORRECT}"
        return "" if versions else f"Keystone at {url} offers no API version: {_CORRECT}"

    return look


def backend(settings: BackendSettings) -> Look:
    """Whether the backend shows its version document, within a few seconds.

    https://docs.openstack.org/api-ref/placement/#list-versions
    """
    url = settings.url
    client = Backend(
        replace(
            settings,
            read_timeout=min(settings.read_timeout, PATIENCE),
            total_timeout=min(settings.total_timeout, PATIENCE),
        )
    )

    def look() -> str:
        try:
            answer = client.exchange(Outbound("GET", "/", (("Accept", "application/json"),), None))
            document = json.loads(b"".join(answer.body)[:_LARGEST_DOCUMENT])
            newest = document["versions"][0]["max_version"]
        except Refusal as error:
            why = error.private or error.detail
            return f"{url} does not answer: {why}: see that it runs, and check [backend] url"
        except (ValueError, LookupError, TypeError):
            return f"{url} does not show Placement's version document: check [backend] url"
        return "" if isinstance(newest, str) else f"{url} names no microversion"

    return look
