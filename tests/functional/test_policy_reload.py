"""Decisions under load while the policy files are rewritten all the while, in steps.

Loaded file by file into an enforcer in use, the base file is in force for a moment without the
directory that narrows it: who asks then is let in. Here the pieces of two sets also lie mixed on
the disk while one is written over the other.
"""

from __future__ import annotations

import itertools
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from oslo_policy import policy

from policy_proxy.config.policy import PolicySettings
from policy_proxy.model import Identity
from policy_proxy.policy.source import read
from policy_proxy.policy.watch import PolicyWatch

DECISIONS = 100_000
SWAPS = 6
THREADS = 4
INTERVAL = 0.2
DEADLINE = 120.0
ADMIN = Identity(user_id="u", project_id="p", roles=("admin",))
RULES = ("things:guarded", "things:open", "things:turn")

# The base file alone would let admin do the guarded thing. By night the directory forbids it, by
# day the base file itself does; night's base file with day's directory would allow it.
SETS = {
    "night": {
        "policy.yaml": "'things:guarded': 'role:admin'\n'things:open': '@'\n'things:turn': '!'\n",
        "policy.d/10-narrow.yaml": "# nobody\n'things:guarded': '!'\n",
    },
    "day": {
        "policy.yaml": "'things:guarded': '!'\n'things:open': '!'\n'things:turn': 'role:admin'\n",
        "policy.d/10-narrow.yaml": "# whoever works\n'things:open': 'role:admin'\n",
    },
}
VERDICTS = {"night": (False, True, False), "day": (False, True, True)}


def _defaults():
    return [policy.RuleDefault(rule, "!") for rule in RULES]


def _write(root: Path, name: str) -> None:
    """Truncate, write half, write the rest: file by file, as an editor or `cp -r` does."""
    for path, text in SETS[name].items():
        with (root / path).open("w") as file:
            file.write(text[: len(text) // 2])
            file.flush()
            file.write(text[len(text) // 2 :])


@dataclass
class Load:
    """The watch, the revisions of the sets, and what was seen of them."""

    watch: PolicyWatch
    verdicts: dict[str, tuple[bool, ...]]
    wrong: list[tuple[str, tuple[bool, ...]]] = field(default_factory=list)
    served: set[str] = field(default_factory=set)

    def decide(self, rewritten: threading.Event) -> int:
        """What a request does: take the policy once, and keep it for all of its questions."""
        made = 0
        while not rewritten.is_set() or made < DECISIONS // THREADS:
            snapshot = self.watch.current
            found = tuple(snapshot.authorize(rule, {}, ADMIN) for rule in RULES)
            if found != self.verdicts.get(snapshot.revision):
                self.wrong.append((snapshot.revision, found))
            self.served.add(snapshot.revision)
            made += len(RULES)
        return made


@pytest.fixture
def load(tmp_path):
    (tmp_path / "policy.d").mkdir()
    settings = PolicySettings(
        file=str(tmp_path / "policy.yaml"),
        dirs=(str(tmp_path / "policy.d"),),
        default_rule="default",
        enforce_new_defaults=True,
        watch_interval=INTERVAL,
        require_file=True,
    )
    verdicts = {}
    for name in SETS:
        _write(tmp_path, name)
        verdicts[read(settings).revision] = VERDICTS[name]
    watch = PolicyWatch(settings, _defaults)
    watch.load_now()
    watch.start()
    yield Load(watch, verdicts)
    watch.stop()


def _rewrite(root: Path, load: Load, rewritten: threading.Event) -> None:
    """Rewrite without a pause for longer than a look, then rest until the last set is in force:
    each time another one than before.
    """
    revisions = dict(zip(SETS, load.verdicts, strict=True))
    names = itertools.cycle(SETS)
    try:
        for _ in range(SWAPS):
            busy_until = time.monotonic() + 1.5 * INTERVAL
            name = next(names)
            _write(root, name)
            while time.monotonic() < busy_until or load.watch.current.revision == revisions[name]:
                name = next(names)
                _write(root, name)
            deadline = time.monotonic() + DEADLINE
            while load.watch.current.revision != revisions[name]:
                assert time.monotonic() < deadline, load.watch.state
                time.sleep(0.01)
    finally:
        rewritten.set()


def test_no_decision_is_wrong_while_the_files_are_rewritten(tmp_path, load):
    rewritten = threading.Event()
    with ThreadPoolExecutor(THREADS + 1) as pool:
        writer = pool.submit(_rewrite, tmp_path, load, rewritten)
        deciders = [pool.submit(load.decide, rewritten) for _ in range(THREADS)]
        decided = sum(decider.result() for decider in deciders)
        writer.result()
    assert load.wrong == []
    assert decided >= DECISIONS
    assert load.served == set(load.verdicts)
