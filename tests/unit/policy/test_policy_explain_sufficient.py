"""What would be enough, compared with trying every caller and every target there can be."""

from __future__ import annotations

from itertools import chain, combinations, product

import pytest
from hypothesis import assume, given, settings

from harness.examples import some
from policy_proxy.policy import ways as ways_module
from policy_proxy.policy.nodes import And, Foreign, HasRole, Literal, Matches, Not, Or, Reference
from policy_proxy.policy.sufficient import sufficient
from policy_proxy.policy.values import Text
from policy_proxy.policy.world import World
from unit.policy.explained_nodes import (
    FRESH,
    OURS,
    ROLES,
    TARGETS,
    THEIRS,
    VALUES,
    callers,
    rules,
    targets,
)

ANYTHING = (None, *VALUES, ROLES[0], FRESH)


def role(name):
    return HasRole(Text(name))


def matches(name, attribute):
    return Matches((name,), Text(f"%({attribute})s", (attribute,)))


def subsets(values):
    return chain.from_iterable(combinations(values, size) for size in range(len(values) + 1))


def all_callers():
    for project, user, system in product(
        (None, *VALUES, FRESH), (None, *VALUES, FRESH), (None, "all")
    ):
        if project and system:
            continue
        said = {"project_id": project, "user_id": user, "system_scope": system}
        for roles in subsets((*ROLES, *VALUES, FRESH)):
            yield {name: value for name, value in said.items() if value} | {"roles": list(roles)}


def all_targets():
    for values in product(ANYTHING, repeat=len(TARGETS)):
        yield {name: value for name, value in zip(TARGETS, values, strict=True) if value}


EVERYBODY = list(all_callers())
EVERYTHING = list(all_targets())


def allowed(node, creds, target):
    try:
        return node.holds(creds, target)
    except RuntimeError:
        return False


def told(text, creds, target):
    """Whether what is said of a change holds: the words are parsed, not taken from the code."""
    if text.startswith("a target whose "):
        name, _, value = text.removeprefix("a target whose ").partition(" is ")
        wanted = value.removeprefix("not ")
        return (target.get(name) == wanted) is not value.startswith("not ")
    for words, equal in ((" equal to the target's ", True), (" other than the target's ", False)):
        if words in text:
            mine, its = text.split(words)
            return (bool(creds.get(mine)) and creds.get(mine) == target.get(its)) is equal
    for prefix in ("without ", "not "):
        if text.startswith(prefix):
            return not told(text.removeprefix(prefix), creds, target)
    kind, _, value = text.partition(":")
    value = value % {name: target.get(name) for name in TARGETS}
    return value in creds["roles"] if kind == "role" else creds.get(kind) == value


def places(text):
    """Where a change may be made so that what is said holds: whose, and of what name."""
    if text.startswith("a target whose "):
        return {("target", text.removeprefix("a target whose ").partition(" is ")[0])}
    for words in (" equal to the target's ", " other than the target's "):
        if words in text:
            mine, its = text.split(words)
            return {("caller", mine), ("target", its)}
    kind, _, value = text.removeprefix("without ").removeprefix("not ").partition(":")
    named = {("target", name) for name in TARGETS if value == f"%({name})s"}
    return {("caller", "roles" if kind == "role" else kind), *named}


def role_of(text, target):
    """The role that is spoken of, if it is about one."""
    _, is_role, value = text.partition("role:")
    return value % {name: target.get(name) for name in TARGETS} if is_role else None


def applied(changes, creds, target):
    """Everybody and everything that differ in what is said alone."""
    where = set().union(*map(places, changes))
    scopes = {"project_id", "system_scope"}
    for something in EVERYTHING:
        if any(something.get(n) != target.get(n) for n in TARGETS if ("target", n) not in where):
            continue
        named = {role_of(text, something) for text in changes}
        for somebody in EVERYBODY:
            differ = {n for n in (*scopes, "user_id") if somebody.get(n) != creds.get(n)}
            if any(somebody.get(n) and ("caller", n) in where for n in differ & scopes):
                differ = {n for n in differ if n not in scopes or somebody.get(n)}
            if not all(("caller", name) in where for name in differ):
                continue
            if not {*somebody["roles"]} ^ {*creds["roles"]} <= named:
                continue
            if all(told(text, somebody, something) for text in changes):
                yield somebody, something


@settings(max_examples=some(60))
@given(rules(OURS | THEIRS), callers(), targets)
def test_nothing_else_is_needed(made, creds, target):
    """Whoever does what a set says, and no more, is allowed."""
    top = Reference("top", made)
    assume(not allowed(top, creds, target))

    for changes in sufficient(top, World(creds, target, TARGETS), ()).sets:
        made_so = list(applied(changes, creds, target))
        assert made_so
        for somebody, something in made_so:
            assert allowed(top, somebody, something), (changes, somebody, something)


@settings(max_examples=some(100))
@given(rules(OURS | THEIRS), callers(), targets)
def test_brute_force_finds_the_same(made, creds, target):
    """Whoever is allowed has all of one set, and each set is had by somebody who is allowed."""
    top = Reference("top", made)
    assume(not allowed(top, creds, target))

    found = sufficient(top, World(creds, target, TARGETS), ())

    assert found.complete
    for changes in found.sets:
        assert not all(told(text, creds, target) for text in changes)
    unmet = {frozenset(changes) for changes in found.sets}
    assert not any(one < other for one in unmet for other in unmet)
    every = set(unmet)
    for somebody, something in product(EVERYBODY, EVERYTHING):
        if allowed(top, somebody, something):
            met = {one for one in every if all(told(text, somebody, something) for text in one)}
            assert met, (somebody, something)
            unmet -= met
    assert unmet == set()


PROJECT = {"project_id": "alpha", "user_id": "u", "roles": ["member"]}
OWNED = And((role("reader"), matches("project_id", "owner")))
SYSTEM = Matches(("system_scope",), Text("all"))


def sets(node, creds=PROJECT, target=None, *, scopes=(), supplied=TARGETS, own=()):
    """Each set as one text."""
    world = World(creds, target if target is not None else {"owner": "beta"}, supplied, own)
    found = sufficient(node, world, scopes)
    assert found.complete
    return [", ".join(changes) for changes in found.sets]


EQUAL = "project_id equal to the target's owner"


@pytest.mark.parametrize(
    ("node", "expected"),
    [
        (role("admin"), ["role:admin"]),
        (Or((role("admin"), OWNED, role("service"))), None),
        (And((role("member"), role("admin"))), ["role:admin"]),
        (Not(role("MEMBER")), ["without role:MEMBER"]),
        (Not(Or((role("member"), role("x")))), ["without role:member"]),
        (Not(Matches(("roles",), Text("member"))), ["not roles:member"]),
        (Matches(("service_roles",), Text("service")), ["service_roles:service"]),
        (Matches(("system",), Text("all")), ["system:all"]),
        (Literal("'x'", "x", Text("%(size)s", ("size",))), ["a target whose size is x"]),
        (Or((role("a"), And((role("a"), role("b"))))), ["role:a"]),
        (Or((And((role("a"), role("b"))), And((role("b"), role("a"))))), ["role:a, role:b"]),
        (And((matches("project_id", "owner"), matches("user_id", "owner"))), None),
        # what cannot be
        (And((SYSTEM, Matches(("project_id",), Text("x")))), []),
        (And((Matches(("user_id",), Text("x")), Matches(("user_id",), Text("y")))), []),
        (And((role("a"), Not(role("A")))), []),
        (Matches(("no_such",), Text("x")), []),
        (Foreign("x:no", lambda *_: False), []),
    ],
)
def test_examples(node, expected):
    special = {
        Or: ["role:admin", "role:service", f"{EQUAL}, role:reader"],
        And: [f"{EQUAL}, user_id equal to the target's owner"],
    }

    assert sets(node) == (special[type(node)] if expected is None else expected)


def test_what_is_so_already_is_told_where_a_change_could_undo_it():
    alpha = Literal("'alpha'", "alpha", Text("%(owner)s", ("owner",)))
    theirs = HasRole(Text("%(owner)s", ("owner",)))
    other = "project_id other than the target's owner"

    assert sets(And((alpha, Not(matches("project_id", "owner"))))) == [
        f"a target whose owner is alpha, {other}"
    ]
    assert sets(And((role("b"), alpha, Not(theirs))), {"roles": ["b", "ALPHA"]}) == [
        "a target whose owner is alpha, without role:%(owner)s"
    ]
    assert sets(And((Not(alpha), Not(theirs))), {"roles": ["b"]}, {"owner": "alpha"}) == [
        "a target whose owner is not alpha, without role:%(owner)s"
    ]
    assert sets(And((theirs, Not(role("r")))), {"roles": []}, {}) == [
        "role:%(owner)s, without role:r"
    ]
    beta = {"project_id": "beta", "roles": []}
    assert sets(And((alpha, matches("project_id", "owner"))), beta, {"owner": "alpha"}) == [
        f"a target whose owner is alpha, {EQUAL}"
    ]


def test_what_is_so_already_is_not_told():
    assert sets(OWNED, {**PROJECT, "roles": ["reader"]}) == [EQUAL]
    assert sets(OWNED, PROJECT, {"owner": "alpha"}) == ["role:reader"]


def test_values_are_handed_on_from_one_attribute_to_the_next():
    """Only a project and a user and an owner that are all `x` will do."""
    chain_of = And(
        (
            matches("project_id", "owner"),
            matches("user_id", "owner"),
            Literal("'x'", "x", Text("%(owner)s", ("owner",))),
        )
    )

    assert sets(chain_of) == [
        f"a target whose owner is x, {EQUAL}, user_id equal to the target's owner"
    ]


@pytest.mark.parametrize(
    ("creds", "scopes", "expected"),
    [
        (PROJECT, ["project"], ["role:admin"]),
        (PROJECT, ["system"], ["a token scoped to the system, role:admin"]),
        (PROJECT, ["system", "domain"], ["a token scoped to a domain or the system, role:admin"]),
        ({"system_scope": "all", "roles": ["admin"]}, ["project"], ["a token scoped to a project"]),
    ],
)
def test_the_scope_of_the_token_counts(creds, scopes, expected):
    assert sets(role("admin"), creds, scopes=scopes) == expected


def test_a_scope_that_contradicts_the_rule_leaves_nothing():
    assert sets(SYSTEM, scopes=["project"]) == []
    assert sets(Or((SYSTEM, role("a"))), scopes=["project"]) == ["role:a"]


def test_an_attribute_that_no_request_has_is_no_way_out():
    size = Literal("'x'", "x", Text("%(size)s", ("size",)))

    assert sets(Or((role("a"), size, matches("user_id", "size"))), supplied=["owner"]) == ["role:a"]


def test_an_attribute_that_is_the_callers_own_follows_the_caller():
    mine = matches("project_id", "project_id")
    world = {"supplied": ["project_id"], "own": ["project_id"]}

    assert sets(And((mine, role("a"))), PROJECT, {"project_id": "alpha"}, **world) == ["role:a"]
    assert sets(Not(mine), PROJECT, {"project_id": "alpha"}, **world) == ["without a project_id"]
    assert sets(mine, {"roles": [], "system_scope": "all"}, {}, **world) == ["with a project_id"]
    assert sets(And((Not(mine), Matches(("project_id",), Text("x")))), PROJECT, {}, **world) == []


def test_nobody_can_choose_what_is_the_callers_own():
    alpha = Literal("'alpha'", "alpha", Text("%(project_id)s", ("project_id",)))
    me = {"project_id": "beta", "roles": []}
    world = {"supplied": ["project_id"], "own": ["project_id"]}

    assert sets(alpha, me, {"project_id": "beta"}, **world) == ["project_id:alpha"]
    assert sets(Or((alpha, Matches(("project_id",), Text("alpha")))), me, {}, **world) == [
        "project_id:alpha"
    ]
    mine = {"project_id": "alpha"}
    assert sets(Not(alpha), {**me, **mine}, mine, **world) == ["not project_id:alpha"]
    assert sets(matches("user_id", "project_id"), me, {"project_id": "beta"}, **world) == [
        "user_id equal to the caller's own project_id"
    ]


@pytest.mark.parametrize("verdict", [True, False])
def test_a_check_of_an_extension_stays_as_it_is(verdict):
    theirs = Foreign("x:y", lambda *_: verdict)

    assert sets(And((theirs, role("a")))) == (["role:a"] if verdict else [])
    assert sets(And((Not(theirs), role("a")))) == ([] if verdict else ["role:a"])


def test_what_stands_behind_a_check_that_fails_is_no_way_out():
    broken = Foreign("x:bad", _broken)
    other = Not(Matches(("project_id",), Text("alpha")))

    assert sets(Or((broken, role("a")))) == []
    assert sets(Or((role("a"), broken))) == ["role:a"]
    assert sets(Not(And((broken, other)))) == []
    assert sets(Not(And((role("member"), broken)))) == ["without role:member"]
    assert sets(Or((And((role("member"), broken)), role("a")))) == ["role:a, without role:member"]


def test_a_failure_that_a_reference_takes_for_a_no_is_not_solved_and_that_is_said():
    made = {"h": Foreign("x:y", lambda target, creds, asked: creds["is_admin"])}
    found = sufficient(And((Not(Reference("h", made)), role("a"))), World(PROJECT, {}), ())

    assert not found.complete


def _broken(*_):
    raise RuntimeError("broken")


def test_an_extension_that_changes_its_mind_is_asked_before_anything_is_told():
    theirs = Foreign("x:y", lambda target, creds, asked: "a" not in creds["roles"])

    found = sufficient(And((theirs, role("a"))), World(PROJECT, {}), ())

    assert (found.sets, found.complete) == ((), False)


def test_too_many_ways_are_followed_in_part_and_that_is_said():
    digits = range(ways_module.MOST.bit_length())
    pairs = tuple(Or((role(f"a{digit}"), role(f"b{digit}"))) for digit in digits)

    found = sufficient(And(pairs), World(PROJECT, {}), ())

    assert 0 < len(found.sets) <= ways_module.MOST
    assert not found.complete


def test_a_text_made_of_parts_is_not_solved_and_that_is_said():
    joined = Matches(("project_id",), Text("x-%(owner)s", ("owner",)))

    assert sets(joined) == ["project_id:x-%(owner)s"]
    literal = Literal("'x-1'", "x-1", Text("x-%(owner)s", ("owner",)))
    found = sufficient(literal, World(PROJECT, {"owner": "2"}, TARGETS), ())
    assert (found.sets, found.complete) == ((), False)
