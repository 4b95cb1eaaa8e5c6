from __future__ import annotations

import contextlib
import itertools
import logging

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oslo_policy import policy

from policy_proxy.policy.checks import MAX_DEPTH, depth, faults, leaves

BAD = {
    "word": ("admin", "'admin', which is no check"),
    "word under not": ("not admin", "no check"),
    "old true": ("True", "no check"),
    "quoted word": ("'role:admin'", "no check"),
    "dangling and": ("role:a and", "cannot be parsed"),
    "two checks": ("role:a role:b", "cannot be parsed"),
    "only not": ("not", "cannot be parsed"),
    "open": ("(role:a", "cannot be parsed"),
    "closed": ("role:a)", "cannot be parsed"),
    "nothing in parentheses": ("()", "cannot be parsed"),
    "attribute without s": ("project_id:%(project_id)", "cannot be parsed"),
    "attribute without s, inside": ("project_id:%(project_id)x", "cannot be evaluated"),
    "attribute cut": ("project_id:%(project_id", "cannot be evaluated"),
    "bare %s": ("project_id:%s", "cannot be evaluated"),
    "bare %r under not": ("not project_id:%r", "cannot be evaluated"),
    "bare %a": ("project_id:%a", "cannot be evaluated"),
    "bare %": ("role:50%", "cannot be evaluated"),
    "number of a text": ("role:%(x)d", "cannot be evaluated"),
    "character of a text": ("role:%(x)c", "cannot be evaluated"),
    "width from nowhere": ("role:%(x)*s", "cannot be evaluated"),
    "open quote on the left": ("'a:%(x)s", "cannot be evaluated"),
    "half a number": ("1a:%(x)s", "cannot be evaluated"),
    "nothing on the left": (":%(x)s", "cannot be evaluated"),
    "attribute on the left": ("%(x)s:admin", "cannot be evaluated"),
    "unhashable literal": ("{[]}:x", "cannot be evaluated"),
    "part of a text": ("project_id.name:x", "cannot be evaluated"),
    "part of a list": ("roles.name:x", "cannot be evaluated"),
    "unknown attribute": ("rol:admin", "no token has an attribute rol"),
    "unknown attribute under not": ("not rol:admin", "no token has an attribute rol"),
    "unknown dotted attribute": ("user.id:x", "no token has an attribute user"),
    "absent token attribute": ("project_id:None", "compares with None"),
    "absent token attribute under not": ("not project_id:None", "compares with None"),
    "absent target attribute": ("None:%(project_id)s", "compares with None"),
    "http": ("http://localhost/%(x)s", "remote server"),
    "https under not": ("role:a and not https://localhost/", "remote server"),
    "many nots": ("not " * 5000 + "role:x", "nested too deeply"),
    "more nots than may be": ("not " * MAX_DEPTH + "role:x", "nested too deeply"),
}


@pytest.mark.parametrize(("check", "text"), BAD.values(), ids=BAD)
def test_a_malformed_check_is_refused_and_nothing_is_logged(check, text, caplog):
    found = faults(check)
    assert text in found[0].text
    assert found[0].remedy
    assert caplog.records == []


@pytest.mark.parametrize(
    "check",
    [
        "!", "@", "( @ )", "role:admin", "role:x OR role:y",
        "role:admin AND NOT role:reader", "role:%(x)s", "project_id:%(project_id)s",
        "user_id:%(inventory.total)s", "'p':%(x)s", "True:%(enabled)s", "1:%(count)s",
        "is_admin_project:True", "system_scope:all", "system:all", "service_roles:service",
        "rule:other", "role:100%%", "not not role:a", "((role:a or (role:b)) and not (role:c))",
        "role:a\n  or\trole:b", "not " * (MAX_DEPTH - 1) + "role:x",
        " or ".join(f"project_id:{n}" for n in range(2000)),
    ],
)  # fmt: skip
def test_a_well_formed_check_has_no_fault(check):
    assert faults(check) == []


def test_each_fault_of_a_check_is_told():
    assert len(faults("project_id:%s or http://x or project_id:%d or role:x")) == 3


def _given_up(text: str) -> bool:
    """oslo.policy's own verdict: it answers "nobody" to what it cannot parse, and logs that."""
    with _silence():
        return str(policy.RuleDefault("x", text).check) == "!"


@contextlib.contextmanager
def _silence():
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)


_WORDS = ("role:a", "and", "or", "not", "(", ")")


def test_the_grammar_is_oslo_policys_for_every_short_check():
    texts = [
        " ".join(sequence)
        for length in range(1, 6)
        for sequence in itertools.product(_WORDS, repeat=length)
    ]
    assert [text for text in texts if _given_up(text) != bool(faults(text))] == []


@settings(max_examples=500, deadline=None)
@given(st.lists(st.sampled_from(_WORDS), min_size=6, max_size=14).map(" ".join))
def test_the_grammar_is_oslo_policys_for_longer_checks(text):
    assert _given_up(text) == bool(faults(text))


def test_leaves_and_depth_reach_under_every_connective():
    tree = policy.RuleDefault("x", "not (role:a and (role:b or not rule:c)) or @").check
    assert [str(leaf) for leaf in leaves(tree)] == ["role:a", "role:b", "rule:c"]
    assert depth(tree) == 6
