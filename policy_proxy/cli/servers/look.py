"""A server's environment → everything in it that breaks a promise, and what was not looked at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from policy_proxy.cli.servers import versions
from policy_proxy.cli.servers.rule import Finding, Server
from policy_proxy.cli.servers.seen import Seen
from policy_proxy.config import Settings


@dataclass(frozen=True, slots=True)
class Looked:
    """
    :param found: in the order of the rules.
    :param unseen: what was not looked at, a few words each.
    :param strange: whether there is nothing of this server in its files.
    """

    found: tuple[Finding, ...]
    unseen: tuple[str, ...]
    strange: bool


def look(
    server: Server,
    files: Sequence[str],
    environment: Mapping[str, str],
    ours: Settings,
    version: str,
) -> Looked:
    """
    :param files: the server's own configuration; empty if only the environment is known.
    :param version: of the server, as it tells it; empty if it is not known.
    :raises Unreadable: if a file is not what it should be.
    :raises OSError: if one cannot be read.
    """
    entries = tuple(server.read(files, environment))
    seen = Seen(entries, ours, files[0] if files else "", versions.parsed(version))
    found = dict.fromkeys(
        Finding(code, entry, rule.breaks, rule.remedy)
        for code, rule in server.rules.items()
        for entry in rule.look(seen)
    )
    unseen = [*server.unseen]
    if not files:
        unseen.insert(0, f"{server.file}: name it with --server-config")
    if not version and any(rule.version for rule in server.rules.values()):
        unseen.append("which version it is")
    return Looked(tuple(found), tuple(unseen), bool(files) and not server.knows(seen))
