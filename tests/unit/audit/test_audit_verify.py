"""Any one change to a sealed log is found, and none in what writers leave, whatever happens."""

from __future__ import annotations

import gzip
import pickle
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy_proxy.audit import keys, logs
from policy_proxy.audit.seal import Seal
from policy_proxy.audit.verify import Verification
from unit.audit.audit_files import Writer, new_key

NAMES = ("audit.jsonl.1", "audit.jsonl")


def written(folder):
    """Two workers, one rotation, a clean end: the lines of both files."""
    path = folder / "audit.jsonl"
    key = new_key(folder / "key")
    first, second = Writer(path, key), Writer(path, key)
    first.put(1, 2, 3)
    second.put(10, 11)
    first.put(4)
    path.rename(folder / "audit.jsonl.1")
    for writer in (first, second):
        writer.to.reopen()
    second.put(12, 13)
    first.put(5, 6)
    second.put(14)
    for writer in (first, second):
        writer.close()
    return key, [(folder / name).read_bytes().splitlines(keepends=True) for name in NAMES]


with TemporaryDirectory() as made:
    KEY, LOG = written(Path(made))
    OTHER_KEY = new_key(Path(made) / "other")
BYTES = [b"".join(lines) for lines in LOG]


def verified(files, *used):
    """The findings and the chains of these files."""
    with TemporaryDirectory() as folder:
        paths = []
        for number, content in enumerate(files):
            path = Path(folder) / f"{number}"
            path.write_bytes(content)
            paths.append(str(path))
        verification = Verification(keys.by_id(used or (KEY,)))
        found = [each for line in logs.lines(paths) for each in verification.take(line)]
        more, chains = verification.finish()
        return [each._replace(file=Path(each.file).name) for each in found + more], chains


def is_good(files):
    try:
        found, chains = verified(files)
    except logs.LogError:  # what was put in made it look like a compressed file that it is not
        return False
    return not found and len(chains) == 2 and all(chain.ended for chain in chains)


def test_what_was_written_is_good_in_any_order_of_files():
    for files in (BYTES, BYTES[::-1]):
        found, chains = verified(files)
        assert found == []
        assert sorted((chain.first, chain.next, chain.ended) for chain in chains) == [
            (0, 8, True),
            (0, 9, True),
        ]
    assert is_good([gzip.compress(BYTES[0]), BYTES[1]])


@given(st.data())
def test_any_byte_that_is_another_is_found(data):
    file = data.draw(st.integers(0, 1))
    at = data.draw(st.integers(0, len(BYTES[file]) - 1))
    byte = data.draw(st.integers(0, 255).filter(lambda one: one != BYTES[file][at]))
    changed = [*BYTES]
    changed[file] = BYTES[file][:at] + bytes([byte]) + BYTES[file][at + 1 :]

    assert not is_good(changed)


@given(st.data())
def test_any_piece_that_is_missing_is_found(data):
    file = data.draw(st.integers(0, 1))
    start = data.draw(st.integers(0, len(BYTES[file]) - 1))
    end = data.draw(st.integers(start + 1, len(BYTES[file])))
    changed = [*BYTES]
    changed[file] = BYTES[file][:start] + BYTES[file][end:]

    assert not is_good(changed) or (file, start, end) == (0, 0, len(BYTES[0]))


@given(st.data(), st.binary(min_size=1, max_size=40) | st.sampled_from([*LOG[0], *LOG[1]]))
def test_anything_that_is_put_in_is_found(data, piece):
    file = data.draw(st.integers(0, 1))
    at = data.draw(st.integers(0, len(BYTES[file])))
    changed = [*BYTES]
    changed[file] = BYTES[file][:at] + piece + BYTES[file][at:]

    assert not is_good(changed)


def test_a_file_that_looks_compressed_in_a_way_that_is_not_known_is_not_good():
    assert not is_good([b"\x28\xb5\x2f\xfd" + BYTES[0], BYTES[1]])


@given(st.data())
def test_lines_of_one_chain_in_another_order_are_found(data):
    """Which of two chains' lines came first, no seal says: nothing depends on it."""
    file = data.draw(st.integers(0, 1))
    lines = [*LOG[file]]
    one = data.draw(st.integers(0, len(lines) - 1))
    other = data.draw(st.integers(0, len(lines) - 1))
    lines[one], lines[other] = lines[other], lines[one]
    chains = [[line for line in of if chain in line] for of in (lines, LOG[file]) for chain in IDS]
    changed = [*BYTES]
    changed[file] = b"".join(lines)

    assert is_good(changed) == (chains[:2] == chains[2:])


IDS = sorted({line.split(b'"chain":"')[1][:25] for line in LOG[0]})


@given(st.data())
def test_a_line_that_moved_to_the_other_file_is_found(data):
    file = data.draw(st.integers(0, 1))
    at = data.draw(st.integers(0, len(LOG[file]) - 1))
    to = data.draw(st.integers(0, len(LOG[1 - file])))
    lines = [[*LOG[0]], [*LOG[1]]]
    lines[1 - file].insert(to, lines[file].pop(at))
    changed = [b"".join(each) for each in lines]

    ours = [chain for chain in IDS if chain in LOG[file][at]]
    joined = b"".join(line for each in lines for line in each if ours[0] in line)
    before = b"".join(line for each in LOG for line in each if ours[0] in line)
    assert is_good(changed) == (joined == before)


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (lambda a, _: a.pop(2), ("0", 3, "number 2 of its chain is missing before it")),
        (lambda a, _: [a.pop(2) for _ in "12"], ("0", 6, "of its chain are missing before it")),
        (lambda a, _: a.__setitem__(2, a[2].replace(b"2", b"3", 1)), ("0", 3, "is altered")),
        (lambda a, _: a.__setitem__(2, a[2].replace(b":2,", b":7,")), ("0", 3, "numbers 2 to 6")),
        (lambda a, _: a.insert(3, a[2]), ("0", 4, "comes again or too late")),
        (lambda a, _: a.insert(3, b"\n"), ("0", 4, "is empty")),
        (lambda a, _: a.insert(3, b"words\n"), ("0", 4, "has no seal")),
        (lambda a, _: a.insert(4, b'{"version":3,"ev'), ("0", 5, "a piece of another line")),
        (lambda a, _: a.append(a.pop()[:-1]), ("0", 8, "is torn: it does not end")),
        (lambda _, b: b.pop(0), ("1", 1, "number 3 of its chain is missing before it")),
        (lambda a, _: a.pop(0), ("0", 1, "is the first of its chain")),
        (lambda a, _: a.pop(), ("1", 4, "number 4 of its chain is missing before it")),
        (lambda _, b: b.append(b[3]), ("1", 10, "comes again or too late")),
    ],
    ids=range(13),
)
def test_a_finding_names_file_and_line(change, found):
    lines = [[*LOG[0]], [*LOG[1]]]
    change(*lines)
    findings, _ = verified([b"".join(each) for each in lines])

    file, number, why = found
    assert [each for each in findings if each[:2] == (file, number) and why in each.why], findings


def test_what_is_cut_off_at_the_end_leaves_chains_open():
    found, chains = verified([BYTES[0], b"".join(LOG[1][:-2])])

    assert found == []
    assert [chain.ended for chain in chains] == [False, False]


def test_files_of_long_ago_need_not_be_there():
    found, chains = verified([BYTES[1]])

    assert found == []
    assert all(chain.first > 0 and chain.ended for chain in chains)


def test_a_file_that_is_there_twice_is_found():
    found, _ = verified([BYTES[0], BYTES[1], BYTES[0]])

    assert len(found) == 2
    assert all("has already" in each.why for each in found)


def test_another_key_verifies_nothing():
    found, chains = verified(BYTES, OTHER_KEY)

    assert chains == []
    assert [each.why for each in found] == [
        f"is sealed with the key {KEY.id}, which is none of those given"
    ] * 2


def test_a_key_of_the_same_name_does_not_help(tmp_path):
    """Who has no key can make chains, but none that is right."""
    forged = keys.Key(KEY.id, OTHER_KEY.secret)
    writer = Writer(tmp_path / "audit.jsonl", forged)
    writer.put(1, 2)
    writer.close()
    found, _ = verified([*BYTES, (tmp_path / "audit.jsonl").read_bytes()])

    assert [each.why for each in found] == [
        "is altered, or the line before it in its chain was replaced"
    ] * 4


def test_copying_and_emptying_keeps_a_chain_together(tmp_path):
    path = tmp_path / "audit.jsonl"
    writer = Writer(path, KEY)
    writer.put(1, 2)
    copied = path.read_bytes()
    path.write_bytes(b"")
    writer.put(3)
    writer.close()
    rest = path.read_bytes()

    assert verified([copied, rest])[0] == []
    assert verified([rest, copied])[0] == []
    assert len(verified([rest])[0]) == 1


def test_a_chain_that_is_opened_anew_in_the_same_file_goes_on(tmp_path):
    path = tmp_path / "audit.jsonl"
    writer = Writer(path, KEY)
    for number in range(3):
        writer.put(number)
        writer.to.reopen()
    writer.close()
    found, chains = verified([path.read_bytes()])

    assert found == []
    assert [(chain.next, chain.ended) for chain in chains] == [(8, True)]


def test_nothing_comes_after_the_end(tmp_path):
    path = tmp_path / "audit.jsonl"
    writer = Writer(path, KEY)
    writer.put(1)
    writer.close()
    writer.put(2)
    found, _ = verified([path.read_bytes()])

    assert {each.why for each in found} == {"comes after the end of its chain"}


def test_a_long_log_takes_no_more_memory_than_a_short_one(tmp_path):
    def kept(count):
        path, seal = tmp_path / f"{count}", Seal(KEY)
        with path.open("wb") as file:
            for number in range(count):
                line, mac = seal.on(b'{"version":3,"number":%d}' % number)
                seal.keep(mac)
                file.write(line + b"\n")
        verification = Verification(keys.by_id((KEY,)))
        for line in logs.lines([str(path)]):
            assert not list(verification.take(line))
        assert verification.sealed == count
        return len(pickle.dumps(verification))

    assert kept(20_000) < kept(2_000) + 100
