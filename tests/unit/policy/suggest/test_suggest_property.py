"""Whatever the policy and the log: the suggestion is good policy, and nobody loses what they used.

The policies are random ones for Placement that lint has nothing against; the logs are what they
decided.
"""

from __future__ import annotations

import itertools

import yaml
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from harness.examples import some
from policy_proxy.cli.policy.log_options import bodies
from policy_proxy.cli.policy.own import own
from policy_proxy.config.policy import PolicySettings
from policy_proxy.model import Identity
from policy_proxy.placement.service import SERVICE
from policy_proxy.placement.targets import optional
from policy_proxy.policy.lint import findings
from policy_proxy.policy.replay.replay import Replay
from policy_proxy.policy.source import Sources
from policy_proxy.policy.suggest.files import suggested
from policy_proxy.policy.suggest.narrow import Wishes, suggestions
from policy_proxy.policy.suggest.usage import Usage
from unit.policy.replay.recorded import recorded

SETTINGS = PolicySettings("policy.yaml", (), "default", True, 1.0, False)
LINT = findings.Service(SERVICE.defaults, SERVICE.attributes, own(), optional())
LISTS = ["placement:traits:list", "placement:resource_classes:list"]
ASKED = [*LISTS, "placement:usages", "placement:allocations:update", "placement:reshaper:reshape"]
HELPERS = ("some", "others")
ROLES = ("admin", "service", "reader", "Reader", "member")
IDS = ("a", "a", "b-1", "b-1", "strange (id", "None")

_owned = ["project_id:%(project_id)s", "user_id:%(user_id)s"]
_leaves = st.sampled_from(
    [*(f"role:{role}" for role in ROLES[:4]), "project_id:a", "user_id:b-1", "project_domain_id:a"]
)
_words = st.sampled_from(["{} and {}", "{} or {}", "{} and not {}", "({} or {}) and role:member"])


def _checks(leaves):
    pairs = st.builds(str.format, _words, leaves, leaves)
    groups = pairs.map("({})".format)
    return st.one_of(leaves, pairs, st.builds(str.format, _words, groups, leaves | groups))


def _with(name, checks):
    """Checks that refer to a helper, so that it is of use."""
    return checks.map(f"rule:{name} or {{}}".format)


_policies = st.one_of(
    st.just({}),
    st.fixed_dictionaries(
        {
            **dict.fromkeys(HELPERS, _checks(_leaves)),
            LISTS[0]: _with("some", _checks(_leaves)),
            LISTS[1]: _with("others", _checks(_leaves)),
        },
        optional={
            "placement:usages": _checks(_leaves | st.sampled_from(_owned)),
            "placement:allocations:update": _with(
                LISTS[0], _checks(_leaves | st.sampled_from(_owned))
            ),
            "service_api": st.just("role:service and project_id:a"),
        },
    ),
)
_ids = st.sampled_from(IDS)
_callers = st.builds(
    Identity,
    user_id=_ids,
    project_id=_ids,
    project_domain_id=st.sampled_from(["", "a"]),
    roles=st.lists(st.sampled_from(ROLES), min_size=1, max_size=3).map(tuple),
    is_admin_project=st.booleans(),
)


def sources_of(rules):
    files = ((SETTINGS.file, yaml.safe_dump(rules).encode()),) if rules else ()
    return Sources(files, (), "before", ())


def lint(sources):
    return findings.lint(sources, SETTINGS, LINT)


def log_of(snapshot, callers, owners, *, read):
    """What the policy says to all of them, as records.

    :param read: whether bodies were read, as they are for a rule that looks at them.
    """
    for identity, rule, project in itertools.product(callers, ASKED, owners):
        whole = {"project_id": project, "user_id": identity.user_id}
        target = {name: whole[name] for name in whole if name in SERVICE.attributes[rule]}
        allowed = snapshot.authorize(rule, target, identity)
        said = {name: target[name] for name in target if read or name not in bodies()[rule]}
        yield recorded(rule, identity, said, allowed=allowed)


@settings(max_examples=some(100), suppress_health_check=[HealthCheck.filter_too_much])
@given(
    rules=_policies,
    callers=st.lists(_callers, min_size=1, max_size=6),
    owners=st.lists(_ids, min_size=1, max_size=2),
    by_account=st.booleans(),
    keep_unused=st.booleans(),
    read=st.booleans(),
)
def test_nobody_loses_what_they_used(rules, callers, owners, by_account, keep_unused, read):
    sources = sources_of(rules)
    linted = lint(sources)
    assume(not linted.problems)
    log = list(log_of(linted.snapshot, callers, owners, read=read))
    usage = Usage(linted.snapshot, bodies(), ["service"])
    for number, entry in enumerate(log):
        usage.take("log", number, entry)

    found = suggestions(usage, Wishes(by_account, keep_unused))
    made = suggested(sources, linted.snapshot, found, lint, "unused", "policy.yaml")

    assert made.problems == ()
    assert lint(made.sources).problems == ()
    replay = Replay(made.snapshot, bodies())
    for number, entry in enumerate(log):
        replay.take("log", number, entry)
    assert (replay.flips.lost, replay.flips.gained) == (0, 0)
    assert not (read and replay.undecided.count)
    assert usage.denied.count == 0
