from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy_proxy.authentication.token_header import LONGEST, checked
from policy_proxy.errors import Unauthenticated

CHALLENGE = (("WWW-Authenticate", 'Keystone uri="http://keystone/v3"'),)


@pytest.mark.parametrize("token", ["gAAAAABm-_=", "0" * LONGEST, "a.b.c", "a-b_c~d+e/f=="])
def test_what_can_be_a_token_passes(token):
    assert checked(f" {token} ", CHALLENGE) == token


@pytest.mark.parametrize(
    "value",
    [
        None,
        "",
        " ",
        "  ",
        "a,b",
        "a, b",
        "a b",
        "a:b",
        '"a"',
        "a=b",
        "a\tb",
        "\ta",
        "a\x00",
        "a\n",
        "é",
        "\x7f",
        "\xa0",
        "0" * (LONGEST + 1),
    ],
)
def test_what_cannot_is_refused_with_a_challenge(value):
    with pytest.raises(Unauthenticated) as refused:
        checked(value, CHALLENGE)
    assert refused.value.headers == CHALLENGE


@given(st.text())
def test_whatever_passes_is_printable_ascii_without_comma_or_space(value):
    try:
        token = checked(value, CHALLENGE)
    except Unauthenticated:
        return
    assert token
    assert all("!" <= c <= "~" and c != "," for c in token)
