"""Where a request comes from, by what trusted hops say."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy_proxy.barrier.client import READERS, ClientAddress, client_of
from policy_proxy.config.networks import UNIX, parsed
from policy_proxy.model import CLIENT

TRUSTED = tuple(map(parsed, ["10.0.0.0/8", "2001:db8::/32"]))
PEER = "10.0.0.1"


def said(header, value, peer=PEER, trusted=TRUSTED):
    return client_of({"REMOTE_ADDR": peer, READERS[header][0]: value}, header, trusted)


@pytest.mark.parametrize(
    ("value", "client"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("192.0.2.7:4711", "192.0.2.7"),
        ("10.1.1.1, 192.0.2.7", "192.0.2.7"),
        ("192.0.2.7,10.1.1.1", "192.0.2.7"),
        ("192.0.2.7 , 10.1.1.1 , 10.2.2.2", "192.0.2.7"),
        ("6.6.6.6, 192.0.2.7, 10.1.1.1", "192.0.2.7"),
        ("nonsense, 192.0.2.7", "192.0.2.7"),
        ("10.3.3.3, 10.2.2.2", "10.3.3.3"),
        ("2001:DB8::0:7", "2001:db8::7"),
        ("[2001:db9::7]:80", "2001:db9::7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("", PEER),
        (",", PEER),
        ("192.0.2.7,", PEER),
        ("192.0.2.7, nonsense", PEER),
        ("192.0.2.7, nonsense, 10.1.1.1", PEER),
        ("unknown", PEER),
        ("192.0.2.7:99999999", PEER),
        ("fe80::1%eth0", PEER),
        ("0300.0.0.1", PEER),
        ("192.0.2.7\x00", PEER),
        (", ".join(["10.1.1.1"] * 40), PEER),
    ],
)
def test_x_forwarded_for(value, client):
    assert said("x-forwarded-for", value) == client


@pytest.mark.parametrize(
    ("value", "client"),
    [
        ("for=192.0.2.7", "192.0.2.7"),
        ("For=192.0.2.7;Proto=https;by=10.0.0.9", "192.0.2.7"),
        ('proto=http; for="192.0.2.7:4711"', "192.0.2.7"),
        ('for="[2001:db9::7]:4711"', "2001:db9::7"),
        ("for=192.0.2.7, for=10.1.1.1", "192.0.2.7"),
        ('for=", for=192.0.2.7', "192.0.2.7"),
        ('for="6.6.6.6, for=192.0.2.7', "192.0.2.7"),
        ("for=unknown", PEER),
        ('for="_hidden"', PEER),
        ("for=192.0.2.7;for=6.6.6.6", PEER),
        ("proto=https", PEER),
        ("for=192.0.2.7;", PEER),
        ("for=192.0.2.7 proto=http", PEER),
        ('for="192.0.2.7', PEER),
        ('for="a\\"b"', PEER),
        ("192.0.2.7", PEER),
        ('for=192.0.2.7;host="a,b"', PEER),
    ],
)
def test_forwarded(value, client):
    assert said("forwarded", value) == client


@pytest.mark.parametrize("header", READERS)
def test_an_untrusted_peer_is_never_believed(header):
    for value in ("10.1.1.1", "for=10.1.1.1"):
        assert said(header, value, peer="192.0.2.99") == "192.0.2.99"
        assert said(header, value, peer="") == ""


def test_an_ipv4_peer_of_a_socket_for_ipv6_is_the_same():
    assert said("x-forwarded-for", "192.0.2.7", peer="::ffff:10.0.0.1") == "192.0.2.7"


def test_who_comes_over_the_unix_socket_is_trusted_only_where_it_says_so():
    assert said("x-forwarded-for", "192.0.2.7", peer="", trusted=(UNIX,)) == "192.0.2.7"
    assert said("x-forwarded-for", "nonsense", peer="", trusted=(UNIX,)) == ""
    assert said("x-forwarded-for", "192.0.2.7", peer="10.0.0.1", trusted=(UNIX,)) == "10.0.0.1"


def test_the_other_header_has_no_effect():
    environ = {"REMOTE_ADDR": PEER, "HTTP_X_FORWARDED_FOR": "192.0.2.7"}
    assert client_of(environ, "forwarded", TRUSTED) == PEER


ADDRESSES = st.ip_addresses().map(str)


@given(st.text(), ADDRESSES)
def test_whatever_the_client_writes_the_last_trusted_word_counts(written, address):
    """What a proxy adds stands at the end, after a comma. The oracle is that address alone."""
    alone = said("x-forwarded-for", address)
    if ipaddress.ip_address(alone) not in TRUSTED[0] and not alone.startswith("2001:db8:"):
        assert said("x-forwarded-for", f"{written}, {address}") == alone
        quoted = f'for="[{address}]"' if ":" in address else f"for={address}"
        assert said("forwarded", f"{written}, {quoted}") == alone


@given(st.text(), st.sampled_from([*READERS]))
def test_the_result_is_always_an_address(value, header):
    assert str(ipaddress.ip_address(said(header, value))) == said(header, value)


def test_the_layer_leaves_it_beside_the_peers_own():
    seen = []
    layer = ClientAddress(
        lambda environ, start: seen.append(environ) or [], "x-forwarded-for", TRUSTED
    )
    layer({"REMOTE_ADDR": PEER, "HTTP_X_FORWARDED_FOR": "192.0.2.7"}, None)
    assert (seen[0][CLIENT], seen[0]["REMOTE_ADDR"]) == ("192.0.2.7", PEER)
