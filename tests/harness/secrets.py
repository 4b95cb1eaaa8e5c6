"""The secrets that a run of the tests uses, and a search for them in what it wrote.

Whoever makes a secret for a test makes it here, or registers it. Others are found in the files that
must hold them. In no other file may one be.
"""

from __future__ import annotations

import base64
import json
import os
import re
import secrets
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import NamedTuple

ENVIRONMENT = "SECRETS_OF_TESTS"
"""Names the file that all processes of a run register their secrets in."""
SHORTEST = 16
"""Characters. What is shorter may be anywhere by chance."""
WINDOW = 20
"""Characters of a secret's beginning and end that give it away."""

CERTIFICATE = r"\.crt$"
HOLDERS = {
    r"\.(conf|ini|cfg)$": "configurations: the password of the service user, memcached's key",
    r"\.(key|pem)$": "keys of servers, and those that seal audit records",
    r"^(passwords\.json|clouds\.yaml|secure\.yaml)$": "how the users of `policy-proxy up` log in",
    r"^(environment|environ|.*\.env)$": "a service's environment, with its password",
    r"^(.*token|.*\.token)$": "the file of `policy explain --token-file`",
    r"^\d+$": "Keystone's Fernet keys",
    CERTIFICATE: "certificates: the public half of a key, which stands in the file of the key too",
}
"""Which files must hold secrets, by name, and which."""
_FRONT_ENDS_LOG = re.compile(r"^(access|error)\.log$")
_IN_A_QUERY = re.compile(rb"[?&]X-Auth-Token=")
"""One attack puts a token into the query, and nginx logs request lines as they come."""
_TOKEN = r"gAAAAA[A-Za-z0-9_-]{40,}"
"""Any Fernet token, of whichever Keystone (https://github.com/fernet/spec)."""
_KEY = r"-----BEGIN [A-Z ]*PRIVATE KEY-----"
_IN_FILES = re.compile(
    r"""(?mx)
    ^password\s*=\s*(\S+)$ | ^memcache_secret_key\s*=\s*(\S+)$ | "[\w.-]+":\s"([\w-]{16,})"
    | ^\s*password:\s*(\S+)$ | ^([0-9a-f]{64})$ | ^([A-Za-z0-9+/]{40,}={0,2})$
    """
)
"""A password, a key of memcached, one in passwords.json and clouds.yaml, of audit, in PEM."""


class Hit(NamedTuple):
    """Where a secret was found. Which one it is stays untold."""

    file: Path
    line: int


def made() -> str:
    """A new secret: a password, or a key."""
    secret = secrets.token_urlsafe()
    register(secret)
    return secret


def register(secret: str) -> str:
    """Have the run search its outputs for this; gives it back.

    :raises ValueError: if it is too short to be searched for.
    """
    if len(secret) < SHORTEST:
        raise ValueError("too short to be searched for")
    path = os.environ.get(ENVIRONMENT)
    if path:
        with Path(path).open("a") as file:
            file.write(json.dumps(secret) + "\n")
    return secret


def registered(path: Path) -> set[str]:
    """Those that were registered in the file."""
    return {json.loads(line) for line in path.read_text().splitlines()}


def holds(path: Path) -> bool:
    """Whether the file must hold secrets."""
    return any(re.search(name, path.name) for name in HOLDERS)


def in_holder(path: Path) -> Iterator[str]:
    """The secrets in a file that must hold some."""
    if re.search(CERTIFICATE, path.name):
        return
    text = path.read_text(encoding="utf-8", errors="replace")
    for groups in _IN_FILES.findall(text):
        yield from (found for found in groups if len(found) >= SHORTEST)


class Searched(NamedTuple):
    """What a search of a folder found, and how much it went through."""

    hits: list[Hit]
    secrets: int
    files: int
    megabytes: float


def searched(folder: Path, known: Iterable[str] = ()) -> Searched:
    """Search everything in the folder but the files that must hold secrets.

    :param known: secrets beside those that these files hold.
    """
    files = [*_files(folder)]
    outputs = [path for path in files if not holds(path)]
    wanted = {*known}
    for path in files:
        if holds(path):
            wanted |= {*in_holder(path)}
    size = sum(path.stat().st_size for path in outputs) / 1e6
    return Searched(search(outputs, wanted, folder), len(wanted), len(outputs), size)


@contextmanager
def folder_searched() -> Iterator[Path]:
    """A temporary folder, in which no output has a secret at the end.

    :raises AssertionError: if one has.
    """
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)
        registry = os.environ.get(ENVIRONMENT)
        found = searched(Path(name), registered(Path(registry)) if registry else ())
        assert not found.hits, f"a secret in {found.hits}"


def _files(folder: Path) -> Iterator[Path]:
    """The regular files, without following links: pipes and devices of tests are none."""
    for where, _, names in os.walk(folder):
        for name in names:
            path = Path(where, name)
            if path.is_file() and not path.is_symlink():
                yield path


def needles(secret: str) -> set[str]:
    """What gives the secret away: its ends, as they are and in base64.

    Padding is left out, so what is URL-encoded is found as well.
    """
    bare = secret.rstrip("=")
    found = {bare[:WINDOW], bare[-WINDOW:]}
    for shift in range(3):
        encoded = base64.b64encode(b"\0" * shift + bare.encode()).decode().rstrip("=")
        # the characters at either end depend on the neighbours, too
        inner = encoded[4 if shift else 0 :][:-2]
        found |= {inner[:WINDOW], inner.translate(_URL_SAFE)[:WINDOW]}
    return {one for one in found if len(one) >= SHORTEST}


_URL_SAFE = str.maketrans("+/", "-_")


def search(files: Iterable[Path], known: Iterable[str], scratch: Path) -> list[Hit]:
    """Every line of the files with a secret, or with anything that has the form of one.

    GNU grep looks for thousands of them at once in about the time that reading takes.

    :param scratch: a folder for the needles, which are removed.
    """
    paths = [str(path) for path in files]
    if not paths:
        return []
    listed = scratch / "needles"
    listed.touch(mode=0o600)
    listed.write_text("".join(f"{one}\n" for secret in known for one in sorted(needles(secret))))
    try:
        hits = {
            *_grep(["--fixed-strings", f"--file={listed}"], paths),
            *_grep(["--extended-regexp", f"--regexp={_TOKEN}", f"--regexp={_KEY}"], paths),
        }
    finally:
        listed.unlink()
    return sorted(hit for hit in hits if not _told_by_its_owner(hit))


def _told_by_its_owner(hit: Hit) -> bool:
    if not _FRONT_ENDS_LOG.match(hit.file.name):
        return False
    with hit.file.open("rb") as lines:
        return _IN_A_QUERY.search(next(islice(lines, hit.line - 1, None))) is not None


def _grep(pattern: list[str], paths: list[str]) -> Iterator[Hit]:
    fixed = ["--text", "--with-filename", "--null", "--line-number", "--only-matching"]
    whole_lines = "--line-buffered"  # what two of them say is not mixed up
    done = subprocess.run(
        ["xargs", "--null", "--max-procs=2", "grep", whole_lines, *fixed, *pattern, "--"],
        input=b"\0".join(map(os.fsencode, paths)),
        capture_output=True,
        check=False,
        env={**os.environ, "LC_ALL": "C"},
    )
    if done.returncode not in (0, 1, 123):  # 123: some of the greps found nothing
        raise OSError(done.stderr.decode())
    for found in re.finditer(rb"([^\0\n]+)\0(\d+):", done.stdout):
        yield Hit(Path(os.fsdecode(found[1])), int(found[2]))
