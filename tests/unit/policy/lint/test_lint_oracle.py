"""What lint has no error for never surprises in oslo.policy itself.

A stock Enforcer reads the same file. Whatever is asked of it then, it does not raise; it has
nothing to log about a rule; and each rule is the text that stands in the file.
"""

from __future__ import annotations

import itertools
import json
import logging
from collections import Counter

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from oslo_config import cfg
from oslo_context.context import RequestContext
from oslo_policy import opts, policy

from harness.examples import some
from policy_proxy.placement.service import SERVICE
from policy_proxy.placement.targets import ATTRIBUTES
from policy_proxy.policy.problem import errors

ASKED = ("placement:traits:list", "placement:usages", "placement:reshaper:reshape", "admin_api")
NAMES = (
    "placement:traits:list",
    "placement:usages",
    "admin_api",
    "service_api",
    "project_reader_api",
    "default",
    "helper",
    "rule:admin_api",
)
LOG = logging.getLogger("oslo_policy")

_lefts = st.sampled_from(
    ["role", "rule", "project_id", "user_id", "system_scope", "roles", "is_admin_project", "Role",
     "tenant", "project_id.x", "roles.name", "'p'", '"p"', "None", "True", "1", "1a", "%(x)s", "",
     "[]", "{[]}", "'", "\0", "-" * 60 + "1", "project_id\u200b", "ünï"]
)  # fmt: skip
_rights = st.sampled_from(
    ["admin", "reader", "helper", "admin_api", "service_api", "%(project_id)s", "%(trait)s",
     "%(x)s", "%(x)d", "%(x)r", "%(x)5s", "%(x", "%(x)", "%()s", "%(a(b))s", "%s", "%", "%%",
     "100%", "a%(x)s%", "None", "", "'admin'", "a:b", "x!", "@", "all", "True", "é", "\ud7ff",
     "(", "a)"]
)  # fmt: skip
_plain = st.sampled_from(
    ["role:admin", "role:Reader", "rule:helper", "rule:admin_api", "!", "@", "roles:Admin",
     "project_id:%(project_id)s", "user_id:u", "'u':%(user_id)s", "is_admin_project:True"]
)  # fmt: skip
_good = _plain | st.builds(
    str.format,
    st.sampled_from(["{} and {}", "{} OR not {}", "not ({} or\n{})", "{}\u00a0or\u2003({})"]),
    _plain,
    _plain,
)
_singles = st.one_of(
    _plain,
    st.builds("{}:{}".format, _lefts, _rights),
    st.sampled_from(["!@", ")!", "()", "'x'", "not", "and", "or", "(", ")", "role", ""]),
    st.text("!@()'\"%:ars ", max_size=5),
)
_odd = st.lists(_singles, min_size=1, max_size=4).flatmap(
    lambda parts: st.sampled_from([" and ", " or ", " OR not ", " ", "\n", "\t", ""]).map(
        lambda separator: separator.join(parts)
    )
)
_policies = st.builds(
    lambda helper, good, name, odd: {"helper": helper, **good, **({name: odd} if odd else {})},
    _good,
    st.dictionaries(st.sampled_from(NAMES), _good, max_size=3),
    st.sampled_from(NAMES),
    st.none() | _odd,
)
_fragments = st.lists(
    st.sampled_from(
        [*(f"{name}: " for name in NAMES[:3]), *(f'"{name}": ' for name in NAMES[:3]), '"', "'",
         "role:admin", "rule:helper", "helper: ", "@", "!", "\n", "\n  ", "- ", "no", "~", "0",
         "{}", "[", "]", "{", "}", ", ", "&x ", "*x", "<<: ", "| ", "> ", "# x",
         "---\n", "...\n", "? ",
         "\t", "\r\n", "\u2028", "\ufeff", "\\", " or ", "%YAML 1.1\n", "!!str "]
    ),
    max_size=16,
).map("".join)  # fmt: skip
_files = st.one_of(
    st.builds(yaml.safe_dump, _policies, default_style=st.sampled_from([None, '"', "'", "|", ">"])),
    st.builds(yaml.safe_dump, _policies, allow_unicode=st.just(True), width=st.just(5)),
    _policies.map(json.dumps),
    _policies.map(lambda rules: "".join(f"{name}: {rules[name]}\n" for name in rules)),
    _fragments,
)


def _credentials(**values):
    """As a service has them: None for what is absent."""
    return dict(RequestContext(overwrite=False, **values).to_policy_values())


ASKERS = [
    _credentials(),
    _credentials(user_id="u", project_id="p", roles=["Admin", "reader"], is_admin_project=False),
    _credentials(user_id="u", domain_id="d", roles=["admin"]),
    _credentials(user_id="u", system_scope="all", roles=["service"], service_roles=["service"]),
    {"roles": []},
]
TARGETS = [
    {},
    dict.fromkeys(ATTRIBUTES),
    dict.fromkeys([*ATTRIBUTES, "x"], "p"),
    {"project_id": "p", "user_id": "u"},
]


@pytest.fixture(scope="module")
def stock(tmp_path_factory):
    """oslo.policy as Placement uses it, on a file."""
    path = tmp_path_factory.mktemp("stock") / "policy.yaml"

    def enforcer(text, *, new_only):
        path.write_bytes(text.encode())
        conf = cfg.ConfigOpts()
        conf([], project="stock", default_config_files=[], default_config_dirs=[])
        opts.set_defaults(conf)  # with values, it would set those of the whole process
        for name, value in {
            "policy_file": str(path),
            "policy_dirs": [],
            "enforce_new_defaults": new_only,
        }.items():
            conf.set_override(name, value, group="oslo_policy")
        made = policy.Enforcer(conf)
        made.suppress_deprecation_warnings = made.suppress_default_change_warnings = True
        made.register_defaults(SERVICE.defaults())
        made.load_rules()
        return made

    return enforcer


@pytest.fixture(scope="module")
def logged():
    """What oslo.policy has to say, a list that grows; but not that a rule is superfluous."""
    said = []

    class Listener(logging.Handler):
        def emit(self, record):
            if "are the same as the defaults" not in record.msg:
                said.append(record.getMessage())

    listener = Listener(logging.WARNING)
    before = LOG.propagate
    LOG.addHandler(listener)
    LOG.propagate = False
    yield said
    LOG.propagate = before
    LOG.removeHandler(listener)


def test_what_has_no_error_is_understood_and_never_raises(stock, linted, logged):
    counted = Counter()

    @settings(max_examples=some(1000))
    @given(_files, st.booleans())
    def holds(text, new_only):
        found = linted(text, enforce_new_defaults=new_only)
        counted[found.snapshot is not None] += 1
        assert (found.snapshot is None) is bool(errors(found.problems))
        if found.snapshot is None:
            return
        written = yaml.safe_load(text) or {}
        assert {name: rule.check for name, rule in found.snapshot.origins.items()} == written
        logged.clear()
        theirs = stock(text, new_only=new_only)
        for rule, creds, target in itertools.product(ASKED, ASKERS, TARGETS):
            assert theirs.authorize(rule, target, dict(creds)) in (True, False)
        assert logged == []
        counted["rules"] += len(written)

    holds()
    assert min(counted.values()) >= some(150), counted
