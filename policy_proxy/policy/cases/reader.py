"""A file of cases → the cases, with every parameter and table written out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from policy_proxy.model import Effect, Identity
from policy_proxy.policy.cases.case import BadCases, Case, CaseFile, Fault
from policy_proxy.policy.cases.filled import Unfilled, filled, of_table, with_parameters
from policy_proxy.policy.cases.located import Located, Path, located
from policy_proxy.policy.cases.schema import faults, faults_of
from policy_proxy.policy.cases.who import Unclear, identity

_SINGULAR = {"identities": "identity", "targets": "target"}
_EFFECTS = {"allow": Effect.ALLOW, "deny": Effect.DENY}


def read(file: str, content: bytes) -> CaseFile:
    """
    :param file: its path, for the faults.
    :raises BadCases: with everything that is wrong with it.
    """
    document = located(file, content)
    found = faults(file, document)
    if found:
        raise BadCases(found)
    return _Reader(file, document).read()


class _Reader:
    """Reads a document that is as the schema says."""

    def __init__(self, file: str, document: Located) -> None:
        self._file = file
        self._document = document
        self._values: Mapping[str, Any] = document.value.get("values", {})
        self._known: dict[str, dict[str, Any]] = {"identities": {}, "targets": {}}
        self._identities: dict[str, Identity] = {}
        self._names = Counter[str]()
        self._faults: list[Fault] = []

    def read(self) -> CaseFile:
        top = self._document.value
        for kind in self._known:
            for name, said in top.get(kind, {}).items():
                self._shared(kind, name, said)
        cases = [] if self._faults else list(self._cases(top))
        if self._faults:
            raise BadCases(self._faults)
        policy = top.get("policy", [])
        policies = (policy,) if isinstance(policy, str) else tuple(policy)
        return CaseFile(self._file, policies, tuple(cases))

    def _shared(self, kind: str, name: str, said: Any) -> None:
        try:
            made = self._known[kind][name] = filled(said, self._values)
            if made != said:
                self._faults += self._faults_of(_SINGULAR[kind], (kind, name), made)
        except Unfilled as error:
            self._fault((kind, name), error.text, error.remedy)

    def _cases(self, top: Mapping[str, Any]) -> Iterator[Case]:
        for number, case in enumerate(top.get("cases", ())):
            yield from self._written_out(("cases", number), case)
        for number, table in enumerate(top.get("tables", ())):
            yield from self._of_table(("tables", number), table)

    def _written_out(self, path: Path, case: Mapping[str, Any]) -> Iterator[Case]:
        try:
            for made in with_parameters(case, self._values):
                if made == case:  # nothing was filled in: it is known to be good
                    yield from self._case(path, made)
                elif found := self._faults_of("case", path, made):
                    self._faults += found
                    return
                else:
                    yield from self._case(path, made)
        except Unfilled as error:
            self._fault(path, error.text, error.remedy)

    def _of_table(self, path: Path, table: Mapping[str, Any]) -> Iterator[Case]:
        try:
            for row, case in of_table(table):
                yield from self._written_out((*path, "expect", row), case)
        except Unfilled as error:
            self._fault((*path, "expect"), error.text, error.remedy)

    def _case(self, path: Path, case: Mapping[str, Any]) -> Iterator[Case]:
        try:
            who = self._identity(case["identity"])
            target = self._target(case.get("target", {}))
        except Unclear as error:
            self._fault(path, error.text, error.remedy)
            return
        yield Case(
            name=self._name(case),
            file=self._file,
            line=self._document.line(path),
            asked=case.get("operation") or case["request"],
            identity=who,
            expect=_EFFECTS[case["expect"]],
            target=target,
            body=case.get("body"),
            decided_by=case.get("decided_by", ""),
            answers=case.get("answers", {}),
        )

    def _identity(self, said: Any) -> Identity:
        if not isinstance(said, str):
            return identity(said, self._known["identities"])
        if said not in self._identities:
            self._identities[said] = identity(said, self._known["identities"])
        return self._identities[said]

    def _target(self, said: Any) -> Mapping[str, str]:
        seen: list[str] = []
        while isinstance(said, str):
            if said not in self._known["targets"] or said in seen:
                there = ", ".join(self._known["targets"]) or "there are none"
                raise Unclear(f"there is no target {said!r}", f"name one of targets: {there}")
            seen.append(said)
            said = self._known["targets"][said]
        return said  # type: ignore[no-any-return]  # by the schema it is one

    def _name(self, case: Mapping[str, Any]) -> str:
        """The name, or what the case says; numbered, if there is another one like it."""
        name = case.get("name") or _described(case)
        self._names[name] += 1
        return f"{name} ({self._names[name]})" if self._names[name] > 1 else name

    def _faults_of(self, kind: str, path: Path, made: Any) -> list[Fault]:
        return faults_of(kind, self._file, self._document, path, made)

    def _fault(self, path: Path, text: str, remedy: str) -> None:
        self._faults.append(Fault(self._file, self._document.line(path), text, remedy))


def _described(case: Mapping[str, Any]) -> str:
    target = case.get("target")
    said = [case.get("operation") or case["request"], "by", _who(case["identity"])]
    if target:
        pairs = {} if isinstance(target, str) else target
        said += ["on", " ".join(f"{k}={v}" for k, v in pairs.items()) or target]
    return " ".join(said)


def _who(said: Any) -> str:
    if isinstance(said, str):
        return said
    pairs = (f"{k}={','.join(v) if isinstance(v, list) else v}" for k, v in said.items())
    return " ".join(pairs).removeprefix("like=") or "nobody"
