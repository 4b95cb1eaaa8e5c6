from __future__ import annotations

import pytest

from policy_proxy.policy.compiled import text
from policy_proxy.policy.mentions import Mentions, mentions
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
    leaves_of,
    parts_of,
)

ROLE = HasRole(text("Reader"))
OWNER = Matches(("project_id",), text("%(project_id)s"))
SIZE = Literal("'5'", "5", text("%(size)s"))


@pytest.mark.parametrize(
    ("node", "written"),
    [
        (Always(), "@"),
        (Never(), "!"),
        (ROLE, "role:Reader"),
        (OWNER, "project_id:%(project_id)s"),
        (Matches(("token", "user"), text("x")), "token.user:x"),
        (SIZE, "'5':%(size)s"),
        (Foreign("house:rule", print), "house:rule"),
        (Reference("owner", {}), "rule:owner"),
        (Not(ROLE), "not role:Reader"),
        (
            Not(Or((ROLE, And((OWNER, Never()))))),
            "not (role:Reader or (project_id:%(project_id)s and !))",
        ),
    ],
)  # fmt: skip
def test_a_node_is_written_as_a_check_string(node, written):
    assert str(node) == written


def test_a_path_into_a_text_is_an_error_and_no_absence():
    """It would otherwise let everyone in under `not`."""
    with pytest.raises(TypeError, match="attribute of a str"):
        Not(Matches(("a", "b"), text("x"))).holds({"a": "text"}, {})


def test_a_check_of_somebody_elses_is_told_the_rule_that_was_asked_for():
    told = []
    foreign = Foreign("house:rule", lambda *given: told.append(given))
    rules = {"inner": Not(Or((Never(), foreign)))}
    outer = And((Always(), Reference("inner", rules)))
    assert outer.holds({"roles": []}, {"a": "x"}, Asked("outer")) is True
    assert told == [({"a": "x"}, {"roles": []}, Asked("outer"))]


def test_a_reference_takes_a_check_that_misses_something_for_a_no():
    rules = {"admin": Foreign("house:admin", lambda target, creds, asked: creds["is_admin"])}
    assert Reference("admin", rules).holds({}, {}) is False
    assert Not(Reference("admin", rules)).holds({}, {}) is True
    with pytest.raises(KeyError):
        Not(rules["admin"]).holds({}, {})


def test_parts_and_leaves():
    reference = Reference("owner", {})
    node = Not(Or((ROLE, And((reference, SIZE)))))
    assert parts_of(node) == (node.part,)
    assert parts_of(node.part) == node.part.parts
    assert parts_of(ROLE) == ()
    assert list(leaves_of(node)) == [ROLE, reference, SIZE]


def test_mentions_follow_references_in_circles_and_to_nowhere():
    rules = {}
    rules |= {
        "a": And((Reference("b", rules), SIZE)),
        "b": Or((Reference("a", rules), Reference("nowhere", rules), OWNER)),
        "c": HasRole(text("%(role)s")),
        "d": Foreign("house:%(x)s", print),
    }
    assert mentions(rules) == {
        "a": Mentions(frozenset({"size", "project_id"})),
        "b": Mentions(frozenset({"size", "project_id"})),
        "c": Mentions(frozenset({"role"})),
        "d": Mentions(anything=True),
    }
