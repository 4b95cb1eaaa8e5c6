"""Sealed lines, and the keys that seal them."""

from __future__ import annotations

import hmac
import json
import secrets

import pytest

from policy_proxy.audit import keys
from policy_proxy.audit.keys import KeyFileError
from policy_proxy.audit.seal import FIRST, Seal, sealed


@pytest.fixture
def key_file(tmp_path):
    path = tmp_path / "key"
    path.write_text(f"{keys.made()}\n")
    path.chmod(0o400)
    return path


def test_a_line_is_sealed_by_what_is_written(key_file):
    """As somebody would do it who has nothing but the key and the documentation."""
    (key,) = keys.read(str(key_file))
    seal, last = Seal(key), FIRST
    for number in range(3):
        line, mac = seal.on(b'{"a":"%d"}' % number)
        seal.keep(mac)
        entry = json.loads(line)
        body, _, _ = line.rpartition(b',"mac":"')
        secret = bytes.fromhex(key_file.read_text())
        assert entry["mac"] == hmac.new(secret, last + body, "sha256").hexdigest()
        assert (entry["a"], entry["seq"]) == (str(number), number)
        assert entry["chain"].startswith(f"{key.id}-")
        found = sealed(line)
        assert (found.body, found.seq, found.mac, found.key_id.decode()) == (
            body,
            number,
            mac,
            key.id,
        )
        last = bytes.fromhex(entry["mac"])


def test_what_was_not_written_does_not_count(key_file):
    (key,) = keys.read(str(key_file))
    seal = Seal(key)

    assert seal.on(b'{"a":1}') == seal.on(b'{"a":1}')
    assert not seal.begun


def test_each_writer_has_a_chain_of_its_own(key_file):
    (key,) = keys.read(str(key_file))

    assert Seal(key).on(b'{"a":1}') != Seal(key).on(b'{"a":1}')


def test_the_first_key_seals_and_the_others_verify(key_file):
    old = keys.read(str(key_file))
    key_file.chmod(0o600)
    key_file.write_text(f"{secrets.token_hex(48)}\n\n{key_file.read_text()}")

    new = keys.read(str(key_file))

    assert new[1:] == old
    assert keys.by_id(new).keys() == {key.id.encode() for key in new}


def test_a_key_is_not_shown(key_file):
    (key,) = keys.read(str(key_file))
    secret = key_file.read_text().strip()

    assert secret not in repr(key)
    assert repr(key.secret)[2:-1] not in repr(key)
    assert key.id not in secret


@pytest.mark.parametrize("mode", [0o604, 0o640 | 0o020, 0o777, 0o444, 0o602], ids=oct)
def test_a_key_that_others_can_use_is_refused(key_file, mode):
    key_file.chmod(mode)

    with pytest.raises(KeyFileError, match=f"has mode {mode:04o}"):
        keys.read(str(key_file))


@pytest.mark.parametrize("mode", [0o400, 0o600, 0o440, 0o640], ids=oct)
def test_a_group_may_read_a_key(key_file, mode):
    key_file.chmod(mode)

    assert len(keys.read(str(key_file))) == 1


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "holds no key"),
        ("\n\n", "holds no key"),
        ("abc\n", ":1 is no key"),
        ("ab" * 31, ":1 is no key"),
        ("00" * 32, ":1 is no key"),
        ("é" * 64, ":1 is no key"),
        ("ab12" * 16 + "\nsecret\n", ":2 is no key"),
    ],
    ids=range(7),
)
def test_what_is_no_key_is_told_by_its_line_and_not_shown(key_file, text, why):
    key_file.chmod(0o600)
    key_file.write_text(text)

    with pytest.raises(KeyFileError) as refused:
        keys.read(str(key_file))

    assert why in str(refused.value)
    assert not text.strip() or text.strip().splitlines()[-1] not in str(refused.value)


def test_a_key_that_is_not_there_is_told(tmp_path):
    with pytest.raises(KeyFileError, match="No such file"):
        keys.read(str(tmp_path / "none"))


@pytest.mark.parametrize(
    "change",
    [
        lambda line: line[:-1],
        lambda line: line + b" ",
        lambda line: line.replace(b'"seq":0', b'"seq":00'),
        lambda line: line.replace(b'"seq":0', b'"seq":-0'),
        lambda line: line.replace(b'"seq":0', b'"seq": 0'),
        lambda line: line.replace(b'"seq":0', b'"seq":' + b"9" * 19),
        lambda line: line[:-66] + line[-66:-2].upper() + line[-2:],
        lambda line: line.replace(b'"mac":"', b'"mac":" '),
        lambda _: b'{"a":1}',
        lambda _: b"",
    ],
    ids=range(10),
)
def test_a_seal_has_one_spelling(key_file, change):
    (key,) = keys.read(str(key_file))
    seal = Seal(key)
    line, mac = seal.on(b'{"a":1}')
    while not any(c in mac.hex() for c in "abcdef"):
        line, mac = Seal(key).on(b'{"a":1}')

    assert sealed(line)
    assert sealed(change(line)) is None
