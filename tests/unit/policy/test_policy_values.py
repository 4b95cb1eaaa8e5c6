from __future__ import annotations

import pytest

from policy_proxy.policy.compiled import text
from policy_proxy.policy.values import found


@pytest.mark.parametrize(
    ("form", "target", "filled"),
    [
        ("plain", {}, "plain"),
        ("100%%", {}, "100%"),
        ("%(a)s/%(b.c)s%%", {"a": "x", "b.c": "y"}, "x/y%"),
        ("%(a)s", {}, None),
        ("%(a)s", {"a": ""}, None),
        ("%(a)s", {"a": None}, None),
        ("%(a)s", {"a": 0}, "0"),
        ("%(a)s", {"a": False}, "False"),
        ("%(a)s%(b)s", {"a": "x"}, None),
    ],
)
def test_an_attribute_that_is_absent_fills_nothing(form, target, filled):
    assert text(form).filled(target) == filled


@pytest.mark.parametrize("form", ["%s", "%(a)d", "%", "50%", "%(a)", "%()s", "%(a)s %(b)r"])
def test_other_conversions_are_refused(form):
    with pytest.raises(ValueError, match="names no attribute"):
        text(form)


@pytest.mark.parametrize(
    ("creds", "path", "values"),
    [
        ({"a": "x"}, ("a",), ["x"]),
        ({"a": ""}, ("a",), []),
        ({"a": None}, ("a",), []),
        ({}, ("a",), []),
        ({"a": ["x", None, "y"]}, ("a",), ["x", "y"]),
        ({"a": [{"b": "x"}, {}, {"b": ["y"]}]}, ("a", "b"), ["x", "y"]),
        ({"a": {"b": {"c": 0}}}, ("a", "b", "c"), [0]),
        ({"a": [["x"]]}, ("a",), [["x"]]),
    ],
)
def test_a_path_leads_to_every_value(creds, path, values):
    assert list(found(creds, path)) == values
