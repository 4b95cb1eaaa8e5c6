"""One decision: our policy in force beside a stock Enforcer that has the same file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from oslo_config import cfg
from oslo_policy import opts, policy

from bench.measure import Candidate, Comparison
from policy_proxy.config.policy import PolicySettings
from policy_proxy.model import Identity
from policy_proxy.placement.rules import list_rules
from policy_proxy.policy.build import build
from policy_proxy.policy.credentials import credentials
from policy_proxy.policy.source import read

CALLS = 500
NOVA = Identity(user_id="nova", project_id="service", roles=("service",))
READER = Identity(user_id="alice", project_id="alpha", roles=("member", "reader"))
CASES = (
    ("placement:resource_providers:list", NOVA, "allowed"),
    ("placement:usages", READER, "allowed"),
    ("placement:allocations:update", READER, "denied"),
)


def comparisons(folder: Path) -> Iterator[Comparison]:
    """One for each of the `CASES`, on Placement's default rules.

    :raises AssertionError: if the two do not agree, since then nothing is compared.
    """
    file = folder / "policy.yaml"
    file.write_text("{}\n", encoding="utf-8")
    settings = PolicySettings(str(file), (), "default", True, 1.0, True)
    snapshot = build(read(settings), settings, list_rules)
    enforcer = _stock(file)
    for rule, identity, verdict in CASES:
        target = {"project_id": identity.project_id}
        given = credentials(identity)
        asked = (rule, target, identity)
        assert snapshot.authorize(*asked) == bool(enforcer.authorize(rule, target, given))
        yield Comparison(
            f"{rule}, {verdict}",
            Candidate("Snapshot.authorize", lambda asked=asked: snapshot.authorize(*asked), CALLS),
            Candidate(
                "Enforcer.authorize",
                lambda rule=rule, target=target, given=given: enforcer.authorize(
                    rule, target, given
                ),
                CALLS,
            ),
        )


def _stock(file: Path) -> policy.Enforcer:
    """As services use it: it looks at its file's time in each call."""
    conf = cfg.ConfigOpts()
    conf([], project="bench", default_config_files=[], default_config_dirs=[])
    opts.set_defaults(conf, policy_file=str(file))
    enforcer = policy.Enforcer(conf)
    enforcer.suppress_default_change_warnings = True
    enforcer.register_defaults(list_rules())
    return enforcer
