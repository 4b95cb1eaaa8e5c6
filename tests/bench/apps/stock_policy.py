"""What an engineer writes in a day to guard Placement: the decision.

keystonemiddleware validates, oslo.policy decides with Placement's own rules, and a table of
patterns says which rule a request needs. BENCH_CONFIG names a configuration with
`[keystone_authtoken]` and `[oslo_policy]`.
"""

from __future__ import annotations

import os
import re
from urllib.parse import urlsplit

from keystonemiddleware import auth_token
from oslo_config import cfg
from oslo_context import context
from oslo_policy import opts, policy
from placement import policies

_PARAMETER = re.compile(r"{\w+}")


def configured():
    conf = cfg.ConfigOpts()
    conf([], project="bench", default_config_files=[os.environ["BENCH_CONFIG"]])
    opts.set_defaults(conf)
    return conf


def authenticated(app, conf):
    """`app` behind keystonemiddleware, as its documentation shows it."""
    return auth_token.AuthProtocol(app, {"oslo_config_config": conf})


class Policy:
    """Which rule a request needs, and whether the caller of an environ may."""

    def __init__(self, conf):
        self._enforcer = policy.Enforcer(conf)
        self._enforcer.suppress_default_change_warnings = True
        self._enforcer.register_defaults(policies.list_rules())
        self._routes = [
            (operation["method"], _pattern(operation["path"]), rule.name)
            for rule in policies.list_rules()
            for operation in getattr(rule, "operations", [])
        ]

    def allows(self, environ, method, target):
        path = urlsplit(target).path
        rule = self._rule(method, path)
        if rule is None:
            return False
        caller = context.RequestContext.from_environ(environ)
        about = {"project_id": caller.project_id, "user_id": caller.user_id}
        return self._enforcer.authorize(rule, about, caller)

    def _rule(self, method, path):
        for wanted, pattern, rule in self._routes:
            if wanted == method and pattern.fullmatch(path):
                return rule
        return None


def _pattern(template):
    pieces = _PARAMETER.split(template)
    return re.compile("[^/]+".join(re.escape(piece) for piece in pieces))
