"""The descriptions of a change are the change: tried on everybody in a small universe.

Checks that fail, and that cannot be looked into, are part of it; so are targets that are the
caller's own.
"""

from __future__ import annotations

import functools
import itertools
from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st

from harness.examples import some
from policy_proxy.model import Identity
from policy_proxy.policy.compiled import text
from policy_proxy.policy.credentials import credentials
from policy_proxy.policy.diff.atoms import ANY_TARGET, Fails, Misses, Opaque, TargetFacts
from policy_proxy.policy.diff.cubes import cubes, models, needed
from policy_proxy.policy.diff.realise import realised
from policy_proxy.policy.diff.space import Space
from policy_proxy.policy.nodes import (
    Always,
    And,
    Asked,
    Foreign,
    HasRole,
    Literal,
    Matches,
    Never,
    Not,
    Or,
    Reference,
)
from policy_proxy.policy.snapshot import scope_of

_MINE = frozenset({"user_id", "project_id", "project_domain_id"})
OWN = TargetFacts(_MINE | {"t"}, own=_MINE)


def _asking(url):
    return Foreign(url, lambda target, creds, asked: asked.ask(url, {}))


ASKING = [_asking("https://a.example"), _asking("ext:b")]
WITHIN_TEXTS = [
    Matches(("project_id", "x"), text("p")),
    Matches(("roles", "x"), text("%(t)s")),
    Matches(("nothing", "x"), text("p")),
]
_DARK = {str(leaf): leaf for leaf in (*ASKING, *WITHIN_TEXTS)}
_RIGHT = st.sampled_from(
    ["p", "admin", "%(t)s", "%(s)s", "%(project_id)s", "%(user_id)s", "%(project_domain_id)s"]
)
_TEXTS = st.sampled_from(
    ["project_id", "user_id", "domain_id", "project_domain_id", "user_domain_id", "service_user_id"]
)
SINGLES = st.one_of(
    st.sampled_from([Always(), Never(), *ASKING, *WITHIN_TEXTS]),
    st.sampled_from(["admin", "Admin", "reader", "été", "%(t)s", "%(user_id)s"]).map(
        lambda name: HasRole(text(name))
    ),
    st.builds(
        lambda name, value: Matches((name,), text(value)),
        st.sampled_from(["roles", "service_roles"]),
        st.sampled_from(["admin", "Admin", "ÉTÉ", "%(t)s"]),
    ),
    st.builds(lambda name, value: Matches((name,), text(value)), _TEXTS, _RIGHT),
    st.sampled_from(
        [
            Matches(("system_scope",), text("all")),
            Matches(("system",), text("%(t)s")),
            Matches(("is_admin_project",), text("True")),
            Matches(("is_admin_project",), text("%(t)s")),
            Matches(("nothing",), text("p")),
            Matches(("user_id",), text("x-%(t)s")),
            Matches(("project_id",), text("%(t)s%(s)s")),
        ]
    ),
    st.builds(
        lambda value, wanted: Literal(repr(value), value, text(wanted)),
        st.sampled_from(["p", "Admin", "True", "all", "x-p"]),
        st.sampled_from(["%(t)s", "%(s)s", "%(project_id)s", "x-%(t)s", "%%%(t)s"]),
    ),
)


def _trees(singles, most):
    return st.recursive(
        singles,
        lambda inner: st.one_of(
            inner.map(Not),
            st.builds(lambda *parts: And(parts), inner, inner),
            st.builds(lambda *parts: Or(parts), inner, inner),
        ),
        max_leaves=most,
    )


@st.composite
def rules(draw):
    """A rule that may refer to another one."""
    others = {"helper": draw(_trees(SINGLES, 3))}
    return draw(_trees(SINGLES | st.just(Reference("helper", others)), 5))


_SCOPES = [
    {"project_id": "p"},
    {"project_id": "q", "project_domain_id": "p"},
    {"project_id": "admin", "project_domain_id": "q"},
    {"domain_id": "p"},
    {"system_scope": "all"},
]
_ROLES = [("other",), ("Admin",), ("reader", "ADMIN"), ("p", "admin"), ("ÉTÉ",)]
_SERVICE = {"service_user_id": "p", "service_roles": ("Admin", "p")}
_TARGETS = [
    {"t": "p", "s": "p", "project_id": "p", "user_id": "p"},
    {"t": "p", "project_id": "admin"},
    {"t": "q", "s": "p", "user_id": "admin"},
    {"t": "Admin", "s": "q"},
    {"t": "admin", "project_id": "q"},
    {"t": "True", "s": "p"},
    {"t": "all"},
    {},
]


@dataclass(frozen=True)
class World:
    """A caller, a target, and what others answer: an error if they do not."""

    identity: Identity
    target: dict
    answers: dict

    def value(self, node):
        """Or the error that it fails with."""
        try:
            return node.holds(credentials(self.identity), self.target, Asked("a", self._ask))
        except (OSError, KeyError, TypeError) as error:
            return error

    def allowed(self, node, scopes):
        return (not scopes or scope_of(self.identity) in scopes) and self.value(node) is True

    def _ask(self, url, payload):
        answer = self.answers[url]
        if isinstance(answer, Exception):
            raise answer
        return answer


_ANSWERS = {
    "https://a.example": [True, OSError(), False],
    "ext:b": [True, OSError(), KeyError(), False],
}


def _people():
    scoped = [*itertools.product(_SCOPES, _ROLES), ({}, ())]
    for (scope, roles), user in itertools.product(scoped, ["p", "admin", "u"]):
        yield Identity(user_id=user, roles=roles, **scope)
        yield Identity(user_id=user, roles=roles, is_admin_project=True, **scope, **_SERVICE)


def _targets(identity, facts):
    if facts is ANY_TARGET:
        return _TARGETS
    mine = {name: getattr(identity, name) for name in OWN.own if getattr(identity, name)}
    return [{"t": value, **mine} for value in ("p", "Admin", "all")] + [mine]


@functools.cache
def worlds(own):
    """Everybody, with each target; the answers of remote servers change from one to the next."""
    answers = itertools.cycle(
        dict(zip(_ANSWERS, each, strict=True)) for each in itertools.product(*_ANSWERS.values())
    )
    return [
        World(identity, target, next(answers))
        for identity in _people()
        for target in _targets(identity, OWN if own else ANY_TARGET)
    ]


def _meets(cube, world, is_true):
    return all(_true(atom, world, is_true) is holds for atom, holds in cube.items())


def _true(atom, world, is_true):
    if isinstance(atom, Opaque | Fails | Misses):
        value = world.value(_DARK[atom.written])
        if isinstance(value, Exception):
            return type(atom) is (Misses if isinstance(value, KeyError) else Fails)
        return isinstance(atom, Opaque) and value
    return is_true(atom, world.identity, world.target)


SCOPE_TYPES = st.sampled_from(["", "project", "system domain", "project system"]).map(str.split)
FACTS = st.sampled_from([ANY_TARGET, OWN])


def _gained(space, old, new, scopes):
    before, after = (
        space.diagrams.all([space.function(n), space.scoped(scopes)]) for n in (old, new)
    )
    return space.diagrams.all([after, space.diagrams.not_(before)])


@settings(max_examples=some(80), deadline=None)
@given(old=rules(), new=rules(), scopes=SCOPE_TYPES, facts=FACTS)
def test_the_descriptions_together_are_the_change(is_true, old, new, scopes, facts):
    space = Space([old, new], facts)
    wanted = _gained(space, old, new, scopes)
    described = needed(space, cubes(space, wanted), wanted)
    for world in worlds(facts is OWN):
        gains = world.allowed(new, scopes) and not world.allowed(old, scopes)
        assert gains is any(_meets(cube, world, is_true) for cube in described), (world, described)


@settings(max_examples=some(80), deadline=None)
@given(old=rules(), new=rules(), scopes=SCOPE_TYPES, facts=FACTS)
def test_nothing_of_a_description_can_be_spared(old, new, scopes, facts):
    """Each is as short as can be, and there is somebody whom only this one describes."""
    space = Space([old, new], facts)
    wanted = _gained(space, old, new, scopes)
    described = needed(space, cubes(space, wanted), wanted)
    outside = space.diagrams.all([space.seen, space.diagrams.not_(wanted)])
    for cube in described:
        for atom in cube:
            shorter = {other: holds for other, holds in cube.items() if other != atom}
            assert space.diagrams.meets(outside, space.answers(shorter))
    for cube in described:
        rest = space.diagrams.any(space.of(other) for other in described if other is not cube)
        assert (
            space.diagrams.all([space.seen, wanted, space.diagrams.not_(rest)])
            != space.diagrams.never
        )


@settings(max_examples=some(50), deadline=None)
@given(node=rules(), facts=FACTS)
def test_the_facts_are_true_of_everybody(is_true, node, facts):
    """A fact that were not would hide changes."""
    space = Space([node], facts)
    for world in worlds(facts is OWN):
        case = [_true(atom, world, is_true) for atom in space.atoms]
        answers = dict(enumerate(case))
        assert space.diagrams.meets(space.possible, answers), world
        assert space.diagrams.meets(space.function(node), answers) is (world.value(node) is True), (
            world
        )


@settings(max_examples=some(80), deadline=None)
@given(node=rules(), facts=FACTS)
def test_somebody_made_for_a_case_is_possible(is_true, node, facts):
    """An example contradicts no fact, whether or not it is the case that it was made for."""
    space = Space([node], facts)
    for case in itertools.islice(models(space, space.diagrams.always), 8):
        identity, target = realised(case, facts)
        assert identity.user_id
        scopes = [identity.project_id, identity.domain_id, identity.system_scope]
        assert sum(map(bool, scopes)) == bool(identity.roles)
        assert not identity.project_domain_id or identity.project_id
        assert "" not in target.values()
        for name in facts.own:
            assert target.get(name, "") == getattr(identity, name)
