from __future__ import annotations

import pytest

from policy_proxy.placement.rules import NOUNS, list_rules


def test_the_rules_are_made_anew_each_time():
    first, second = list_rules(), list_rules()

    assert [rule.name for rule in first] == [rule.name for rule in second]
    assert not {id(rule) for rule in first} & {id(rule) for rule in second}
    for one, other in zip(first, second, strict=True):
        if one.deprecated_rule:
            assert one.deprecated_rule is not other.deprecated_rule


def test_what_one_caller_does_to_the_rules_is_not_seen_by_the_next():
    for rule in list_rules():
        rule.scope_types = ["system"]

    assert not any(rule.scope_types == ["system"] for rule in list_rules())


def test_no_name_is_declared_twice():
    names = [rule.name for rule in list_rules()]

    assert len(names) == len(set(names))


@pytest.mark.parametrize("rule", list_rules(), ids=lambda rule: rule.name)
def test_each_rule_says_in_a_sentence_what_it_is_for(rule):
    assert rule.description[0].isupper()
    assert rule.description.endswith(".")


def test_each_file_of_a_noun_is_in_the_list():
    assert sum(len(noun.list_rules()) for noun in NOUNS) == len(list_rules())
    assert all(noun.list_rules() for noun in NOUNS)
