"""One decision: our policy in force beside a stock Enforcer that has the same file."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from oslo_config import cfg
from oslo_policy import opts, policy

from bench.parts import Setting
from bench.rounds import Run, Scene, Values
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


def scenes(setting: Setting) -> Iterator[Scene]:
    """One for each of the `CASES`, on Placement's default rules.

    :raises RuntimeError: if the two do not agree, since then nothing is compared.
    """
    file = setting.folder / "decisions.yaml"
    file.write_text("{}\n", encoding="utf-8")
    settings = PolicySettings(str(file), (), "default", True, 1.0, True)
    snapshot = build(read(settings), settings, list_rules)
    enforcer = stock(file)
    for rule, identity, verdict in CASES:
        target = {"project_id": identity.project_id}
        ours = (rule, target, identity)
        theirs = (rule, target, credentials(identity))
        if snapshot.authorize(*ours) != bool(enforcer.authorize(*theirs)):
            raise RuntimeError(f"the two do not agree on {rule}")
        yield Scene(
            f"decision/{rule}",
            f"{rule}, {verdict}",
            (
                Run("compiled", timed(lambda ours=ours: snapshot.authorize(*ours), CALLS)),
                Run(
                    "Enforcer.authorize",
                    timed(lambda theirs=theirs: enforcer.authorize(*theirs), CALLS),
                ),
            ),
        )


def timed(call: Callable[[], object], calls: int) -> Callable[[], Values]:
    """A round of so many calls: milliseconds and CPU milliseconds of one."""

    def measure() -> Values:
        gc.collect()
        gc.freeze()  # or each collection would look at all that the benchmark has in memory
        began, used = time.perf_counter(), time.process_time()
        for _ in range(calls):
            call()
        used, took = time.process_time() - used, time.perf_counter() - began
        gc.unfreeze()
        return {
            "time": took / calls * 1000,
            "cpu": used / calls * 1000,
        }

    return measure


def stock(file: Path) -> policy.Enforcer:
    """As services use it: it looks at its file's time in each call."""
    conf = cfg.ConfigOpts()
    conf([], project="bench", default_config_files=[], default_config_dirs=[])
    opts.set_defaults(conf, policy_file=str(file))
    enforcer = policy.Enforcer(conf)
    enforcer.suppress_default_change_warnings = True
    enforcer.register_defaults(list_rules())
    return enforcer
