"""What the service depends on, each as a look that says what is wrong with it."""

from __future__ import annotations

import json

from keystoneauth1 import discover, exceptions
from oslo_config import cfg

from policy_proxy.backend.client import Backend
from policy_proxy.backend.messages import Outbound
from policy_proxy.config import authtoken
from policy_proxy.errors import Refusal
from policy_proxy.telemetry.readiness import Look

_CORRECT = "see that it runs, and check [keystone_authtoken] auth_url"
_LARGEST_DOCUMENT = 64 * 1024


def keystone(conf: cfg.ConfigOpts) -> Look:
    """Whether Keystone answers version discovery at `auth_url`.

    https://docs.openstack.org/api-ref/identity/v3/#list-versions
    """
    url = conf[authtoken.login_group(conf)].auth_url
    session = authtoken.session(conf, authtoken.GROUP)

    def look() -> str:
        try:
            versions = discover.Discover(session, url).version_data()
        except exceptions.MissingAuthPlugin:
            return f"{url} asks for a token, so it is not Keystone: {_CORRECT}"
        except exceptions.ClientException as error:
            return f"Keystone does not answer at {url}: {_innermost(error)}: {_CORRECT}"
        return "" if versions else f"Keystone at {url} offers no API version: {_CORRECT}"

    return look


def _innermost(error: BaseException) -> BaseException:
    """What it all began with, which says the same as the layers above it in fewer words."""
    return _innermost(error.__context__) if error.__context__ else error


def backend(client: Backend, url: str) -> Look:
    """Whether the backend shows its version document.

    https://docs.openstack.org/api-ref/placement/#list-versions
    """

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
