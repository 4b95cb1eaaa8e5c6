"""What there is to say of a kind of finding, and how it is found."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from policy_proxy.cli.servers.entry import Entry
from policy_proxy.cli.servers.seen import Seen

Look = Callable[[Seen], Iterable[Entry]]
Environment = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Rule:
    """
    :param look: gives the settings to blame.
    :param breaks: what no longer holds, the setting being what the sentence is about.
    :param remedy: what to do.
    :param bad: the smallest configuration file that has the finding.
    :param environment: the same, as variables.
    :param version: the same, as the version of the server that is installed.
    """

    look: Look
    breaks: str
    remedy: str
    bad: str = ""
    environment: Environment = field(default_factory=dict)
    version: str = ""


@dataclass(frozen=True, slots=True)
class Server:
    """
    :param words: what it is.
    :param file: how its configuration file is mostly called.
    :param read: gives the settings of files, which may be none, and of the environment. Raises
        `Unreadable`, or OSError.
    :param version: the version of it that is installed here; empty if none is, or if no finding is
        about versions.
    :param knows: whether there is anything of this server in what was read: if not, it was the
        wrong file, in which there is nothing bad, either.
    :param unseen: what no look at the file can tell.
    :param always: what it does, whatever it is told.
    :param with_backend: whether the proxy uses its `[backend]` there.
    """

    words: str
    file: str
    read: Callable[[Sequence[str], Environment], Iterable[Entry]]
    rules: Mapping[str, Rule]
    knows: Callable[[Seen], bool]
    version: Callable[[], str] = str
    unseen: tuple[str, ...] = ()
    always: tuple[str, ...] = ()
    with_backend: bool = True


@dataclass(frozen=True, slots=True)
class Finding:
    """One setting that breaks a promise."""

    code: str
    entry: Entry
    breaks: str
    remedy: str

    def __str__(self) -> str:
        about = f"{self.entry.place}: {self.entry.text}: {self.breaks}"
        return f"{about}: {self.remedy} [{self.code}]"
