"""Whatever a file holds, it is read, or it is told what is wrong."""

from __future__ import annotations

import contextlib

import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from harness.examples import some
from policy_proxy.policy.cases.case import BadCases
from policy_proxy.policy.cases.located import located
from policy_proxy.policy.cases.reader import read

FILE = "x.policy-test.yaml"
TEXTS = st.sampled_from(["a", "b", "${a}", "${b}", "$", "$$", "allow", "GET /x", "", "é\x07"])
SCALARS = TEXTS | st.sampled_from([True, False, None, 1, -1.5])
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(TEXTS, inner, max_size=2),
    max_leaves=5,
)


def mapping(**keys):
    """Some of these keys, each with what belongs there or with anything."""
    return st.fixed_dictionaries({}, optional={key: one | VALUES for key, one in keys.items()})


IDENTITIES = mapping(like=TEXTS, roles=st.lists(TEXTS), project=TEXTS, system=st.booleans()) | TEXTS
TARGETS = st.dictionaries(TEXTS, TEXTS, max_size=2) | TEXTS
EFFECTS = st.sampled_from(["allow", "deny", "${a}"])
CASES = st.fixed_dictionaries(
    {"operation": TEXTS, "identity": IDENTITIES, "expect": EFFECTS},
    optional={
        "name": TEXTS,
        "target": TARGETS,
        "body": VALUES,
        "parameters": st.dictionaries(TEXTS, st.lists(VALUES, max_size=2) | TEXTS, max_size=2)
        | st.lists(st.dictionaries(TEXTS, VALUES, max_size=2), max_size=2),
    },
)
TABLES = mapping(
    identities=st.lists(TEXTS, max_size=2),
    expect=st.dictionaries(TEXTS, st.lists(EFFECTS, max_size=2) | EFFECTS | TEXTS, max_size=2),
    target=TARGETS,
)
TABLE = {"identities": ["a"], "expect": {"": "deny"}}
CASE = {"operation": "a", "identity": {}, "expect": "deny"}
FILES = mapping(
    values=st.dictionaries(TEXTS, VALUES, max_size=2),
    identities=st.dictionaries(TEXTS, IDENTITIES, max_size=2),
    targets=st.dictionaries(TEXTS, TARGETS, max_size=2),
    cases=st.lists(CASES, min_size=1, max_size=3),
    tables=st.lists(TABLES, min_size=1, max_size=2),
)


@settings(max_examples=some(300))
@given(document=FILES)
@example({"values": {"a": [1]}, "targets": {"a": {"b": "${a}"}}, "cases": [CASE | {"target": "a"}]})
@example({"values": {"a": [1]}, "identities": {"a": "${a}"}, "cases": [CASE | {"identity": "a"}]})
@example({"cases": [CASE | {"operation": ""}]})
@example({"identities": {"a": {}}, "tables": [TABLE]})
@example({"identities": {"a": {}}, "tables": [TABLE | {"expect": {"x": "alow"}}]})
@example({"values": {"a": [1]}, "cases": [CASE | {"body": {"${a}": 1}}]})
def test_a_file_is_read_or_refused_by_line(document):
    text = yaml.safe_dump(document, allow_unicode=True).encode()
    last = text.count(b"\n") + 1

    with contextlib.suppress(BadCases):
        for case in checked(text, last):
            assert all(isinstance(one, str) for one in [case.name, *case.identity.roles])
            assert all(isinstance(value, str) for value in case.target.values())
            assert isinstance(case.identity.project_id, str)


def checked(text, last):
    """The cases.

    :raises BadCases: for faults that stand on lines of the file.
    """
    try:
        return read(FILE, text).cases
    except BadCases as error:
        bad = error
    assert bad.faults
    assert all(1 <= fault.line <= last for fault in bad.faults)
    raise bad


@settings(max_examples=some(200))
@given(content=st.binary() | st.text(alphabet="a:-[]{}'\"&*!|> \n\t#%?").map(str.encode))
@example(b"[" * 100_000)
@example(b"{a: " * 10_000)
@example(b"- " * 10_000)
@example(b"a: 1_000:99:99\nb: 0x\nc: !!int z")
def test_bytes_are_yaml_or_refused(content):
    with contextlib.suppress(BadCases):
        located(FILE, content)
