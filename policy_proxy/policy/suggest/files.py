"""Suggestions → the policy files as they would be, and proof that these say what is suggested."""

from __future__ import annotations

import difflib
import itertools
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from policy_proxy.policy.lint.findings import Linted
from policy_proxy.policy.listing import check_string, expanded
from policy_proxy.policy.nodes import Never, Reference, leaves_of
from policy_proxy.policy.problem import Problem
from policy_proxy.policy.snapshot import PolicySnapshot
from policy_proxy.policy.source import Sources
from policy_proxy.policy.suggest.edit import Line, edited, in_lines, without_line
from policy_proxy.policy.suggest.narrow import Suggestion

Lint = Callable[[Sources], Linted]
Texts = dict[str, str]

_UNUSED = "PP205"
_OF_NO_USE = ("PP202", _UNUSED)
"""What lint says of a rule that may go: it says what its default says, or decides nothing."""
_IDLE = "PP210"
_NO_END = "\n\\ No newline at end of file\n"


class NotSuggested(Exception):
    """There is no good set of files that says it; the text tells what is wrong with them."""


@dataclass(frozen=True, slots=True)
class Suggested:
    """
    :param sources: the policy files as they would be.
    :param snapshot: the policy that they make.
    :param problems: what lint finds in them, and did not find before.
    """

    sources: Sources
    snapshot: PolicySnapshot
    problems: tuple[Problem, ...]


def suggested(
    sources: Sources,
    before: PolicySnapshot,
    found: Sequence[Suggestion],
    lint: Lint,
    silence: str,
    new: str,
) -> Suggested:
    """The files with the suggestions in them, and without what is of no use then.

    :param sources: the policy files as they are, the policy file first.
    :param silence: why a rule may allow no one.
    :param new: the path of the policy file, if there is no file at all.
    :raises NotSuggested: if lint finds an error in them, or they do not mean what is suggested.
    :raises PolicyError: if a file written as JSON cannot be taken apart.
    """
    order = [one.rule for one in found]
    texts = {file: in_lines(file, content, order) for file, content in sources.files}
    texts = _written(texts or {new: ""}, before, found, silence)
    known = {(p.code, p.rule, p.text) for p in lint(sources).problems}
    while True:
        made = _sources(sources, texts)
        linted = lint(made)
        more = tuple(p for p in linted.problems if (p.code, p.rule, p.text) not in known)
        tidied = _tidied(texts, more, _needed(linted))  # which has less to take away each time
        if tidied == texts:
            break
        texts = tidied
    if linted.snapshot is None:
        raise NotSuggested("\n".join(map(str, more)))
    _prove(before, linted.snapshot, found)
    return Suggested(made, linted.snapshot, more)


def diff(before: Sources, after: Sources, named: Callable[[str], str]) -> str:
    """A unified diff, for `patch -p0`; empty if nothing changes.

    :param named: how a path is shown.
    """
    old = {file: content.decode() for file, content in before.files}
    pieces: list[str] = []
    for file, content in after.files:
        lines = difflib.unified_diff(
            old.get(file, "").splitlines(keepends=True),
            content.decode().splitlines(keepends=True),
            named(file) if file in old else "/dev/null",
            named(file),
        )
        pieces += (line if line.endswith("\n") else f"{line}{_NO_END}" for line in lines)
    return "".join(pieces)


def _written(
    texts: Texts, before: PolicySnapshot, found: Sequence[Suggestion], silence: str
) -> Texts:
    changed: dict[str, list[Line]] = {file: [] for file in texts}
    added: list[Line] = []
    for one in found:
        if one.node is not None:
            comment = f"lint: allow PP204 {silence}" if isinstance(one.node, Never) else ""
            line = Line(one.rule, check_string(one.node), comment)
            rule = before.origins.get(one.rule)
            (changed[rule.file] if rule else added).append(line)
    main = next(iter(texts))
    return {
        file: edited(text, changed[file], added if file == main else (), ())
        for file, text in texts.items()
    }


def _sources(sources: Sources, texts: Mapping[str, str]) -> Sources:
    """A file of which no rule is left says that the defaults are meant."""
    files = tuple((file, (text or "{}\n").encode()) for file, text in texts.items())
    return replace(sources, files=files)


def _needed(linted: Linted) -> frozenset[str]:
    """Rules that another one refers to, be that one of use or not."""
    rules = linted.snapshot.rules.values() if linted.snapshot else ()
    leaves = itertools.chain.from_iterable(map(leaves_of, rules))
    return frozenset(leaf.name for leaf in leaves if isinstance(leaf, Reference))


def _tidied(texts: Texts, problems: Sequence[Problem], needed: Collection[str]) -> Texts:
    """Without what the suggestions have made useless; line numbers hold for one change a file.

    :param needed: rules without which others would refer to nothing.
    """
    tidied = dict(texts)
    for problem in problems:
        file = problem.file
        if tidied.get(file) != texts.get(file) or file not in texts:
            continue
        if problem.code == _UNUSED and problem.rule in needed:
            continue
        if problem.code in _OF_NO_USE and _stands_once(problem.rule, texts):
            tidied[file] = edited(texts[file], (), (), [problem.rule])
        elif problem.code == _IDLE:
            tidied[file] = without_line(texts[file], problem.line)
    return tidied


def _stands_once(rule: str, texts: Mapping[str, str]) -> bool:
    """Of a rule that stands twice, another would come to light."""
    return sum(f'"{rule}"' in text or f"\n{rule}:" in f"\n{text}" for text in texts.values()) == 1


def _prove(before: PolicySnapshot, after: PolicySnapshot, found: Sequence[Suggestion]) -> None:
    """
    :raises NotSuggested: for a rule that does not say what it should.
    """
    for rule, wanted in _wanted(before, found):
        if check_string(expanded(after.rules[rule])) != wanted:
            raise NotSuggested(f"{rule} would not say what it should: {wanted}")


def _wanted(before: PolicySnapshot, found: Sequence[Suggestion]) -> Iterator[tuple[str, str]]:
    for one in found:
        node = before.rules[one.rule] if one.node is None else one.node
        yield one.rule, check_string(expanded(node))
