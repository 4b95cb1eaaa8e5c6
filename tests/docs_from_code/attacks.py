"""The attacks that are tried: what each guards, where it comes from, and who answers otherwise."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from .markdown import code, document, origin, table

CASES = Path(__file__).parents[1] / "attack" / "cases"
POLICIES = "5-policy"

INTRODUCTION = """
# Attacks that are tried

Each case is one small file below `tests/attack/cases`, sent byte by byte over a socket to the proxy
in each of the [servers](servers.md) it is tested in, and to each front end that asks the
authorizer. Behind it is a recorder in Placement's place. What the proxy is to withstand, and what
not, is in the [threat model](threat-model.md); this page has what is tried.

## What must hold of every case

- What is to be *refused* leaves the recorder empty. What is *served* reaches it exactly once.
  *Either* is for what can be read in two ways: then one of the two must hold, whole.
- Placement's own router and WebOb, reading the bytes that were recorded, come to the operation, the
  parameters and the project of the audit record.
- The recorded header fields are among those that may go out, each once, and the body is as long as
  it says.
- The record names the user and the roles of the token, whatever the request says of itself.
- Each answer has its audit record. No answer tells of the inside, and an error of the proxy is
  JSON.

## To run them

    make attack

tries every case on every server and front end; `make test` does so on granian and nginx,
and each case on a third of the others, on two at least. In the end there is a table of cases and
servers, with what the client saw, a `+` for each request that reached the recorder, and a `!` where
something did not hold. ARGS chooses: `make attack ARGS="-k granian"`, or `-k 3-framing`.

    make fuzz TIME=10m

makes up requests, policy files, JSON, errors, audit records and tokens for as long as that, with
the same oracle. What it finds is kept in `build/fuzz`: a request needs but `guards` and `source` to
be a case.

## To add one

Put a file into the folder of its class, with a name that says what is sent:

```yaml
guards: What would be broken if it came through.
source: A CVE, a section of an RFC, or the library that was measured.
target: /resource_providers/<uuid>%0A
outcome: refused
status: [400, 404]
```

| Field | Meaning |
| --- | --- |
| `guards`, `source` | a sentence each; they are in the tables below |
| `raw` | the whole request; or instead of it: |
| `method`, `target`, `version`, `headers`, `body` | its parts; what is missing is made up |
| `only` | nothing is made up but what the case says |
| `who` | whose token goes with it: `admin`, `reader`, `service` or `nobody` |
| `half_close` | the client ends its side after what it sent |
| `outcome` | `refused`, `served` or `either` |
| `status` | what the client may see; 0 is an end without an answer |
| `answer` | what the recorder says to it |
| `hides`, `shows` | what the answer to the client must not hold, or must |
| `servers` | for a server that answers otherwise: `outcome`, `status`, and `why` |

A character stands for the byte of its number; `{repeat: x, times: 9}` and `{hex: ff}` may stand for
text, and a list for its parts one after the other. `<uuid>` stands for a UUID; `<admin>`,
`<reader>` and `<service>` for tokens. A case of `5-policy` has a `policy` instead of a request,
`null` for a file that is deleted. Then `make docs`.
"""

CLASSES: Mapping[str, str] = {
    "1-method": """
A method that one reader takes for another, or that no rule is about, must not get to Placement.""",
    "1-path": """
What is decided must be what Placement looks up: one path, one spelling, one reading of it.""",
    "2-identity": """
Who asks is what Keystone says of the token, and nothing that the request says of itself.""",
    "3-framing": """
Where a request ends, and which fields it has, must be the same for everyone on the way.""",
    "4-body": """
A body that two parsers read in two ways is refused; so is one that costs more than it may. Front
ends but Envoy show the authorizer no bodies, so these are not tried with them.""",
    "4-query": """
A query that feeds a decision has one value for each name, read as Placement reads it.""",
    "5-policy": """
A policy file that is broken, or means something else than it says, never comes into force: the last
good one stays. These are tried on the built-in server; all servers share what reads policy.""",
    "6-answers": """
What comes back is Placement's, or that of somebody in its place: it breaks neither the client nor
the proxy, and shows nothing of the inside. Front ends pass answers on by themselves, so these are
not tried with them.""",
}
"""Each folder of cases, with what it guards as a whole."""

TITLES: Mapping[str, str] = {
    "1-method": "Methods",
    "1-path": "Paths",
    "2-identity": "Identity",
    "3-framing": "Headers and framing",
    "4-body": "Bodies",
    "4-query": "Queries",
    "5-policy": "Policy files",
    "6-answers": "Answers of the backend",
}

DIFFERENCES = """
## Who answers otherwise

Where a server or a front end takes something itself before anybody is asked, it cannot be refused
as elsewhere. What stands in for the refusal is in the last column, and what must hold of every case
holds of these too. A front end may also make a path plain before it asks: what is then decided by
is what it forwards, or it is refused.
"""


def page() -> str:
    """docs/attacks.md.

    :raises KeyError: if there is a folder of cases that CLASSES does not name.
    """
    folders = sorted(path.name for path in CASES.iterdir())
    counted = {folder: len(read(folder)) for folder in folders}
    return document(
        origin("tests/attack/cases and tests/docs_from_code/attacks.py"),
        INTRODUCTION,
        f"## The classes\n\n{sum(counted.values())} cases:",
        table(("Class", "Cases", "Folder"), (_counted(*item) for item in counted.items())),
        *(block for folder in folders for block in _class(folder)),
        DIFFERENCES,
        table(("Case", "Server", "May be", "The client sees", "Why"), _differences(folders)),
    )


def read(folder: str) -> dict[str, Mapping[str, Any]]:
    """The cases of a folder by their names, as they are written."""
    paths = sorted((CASES / folder).glob("*.yaml"), key=lambda path: path.stem)
    return {path.stem: yaml.safe_load(path.read_text(encoding="utf-8")) for path in paths}


def _counted(folder: str, count: int) -> tuple[str, ...]:
    title = TITLES[folder]
    return f"[{title}](#{_anchor(title)})", str(count), f"`tests/attack/cases/{folder}`"


def _anchor(title: str) -> str:
    return title.lower().replace(" ", "-")


def _class(folder: str) -> Iterator[str]:
    yield f"## {TITLES[folder]}"
    yield CLASSES[folder]
    found = read(folder).items()
    if folder == POLICIES:
        rows = ([code(name), case["guards"], case["source"]] for name, case in found)
        yield table(("Case", "Guards", "Source"), rows)
    else:
        cells = (
            [code(name), case["guards"], case["source"], case["outcome"], _status(case)]
            for name, case in found
        )
        yield table(("Case", "Guards", "Source", "Must be", "The client sees"), cells)


def _status(case: Mapping[str, Any]) -> str:
    status = case["status"]
    several = status if isinstance(status, list) else [status]
    return ", ".join(str(each) if each else "no answer" for each in sorted(several, key=_last))


def _last(status: int) -> int:
    """No answer comes behind all statuses."""
    return status or 1000


def _differences(folders: list[str]) -> Iterator[tuple[str, ...]]:
    for folder in folders:
        for name, case in read(folder).items():
            for server, other in case.get("servers", {}).items():
                outcome = other.get("outcome", case["outcome"])
                yield code(f"{folder}/{name}"), server, outcome, _status(other), other["why"]
