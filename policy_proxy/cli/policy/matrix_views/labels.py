"""The words of a matrix in all its plain forms."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from policy_proxy.cli.policy.matrix_views.report import Report
from policy_proxy.policy.matrix.grid import UNSCOPED, Cell, Change, Column, Effect, Entry

ANY_OTHER = "any other"
CHANGES = {
    Change.GAINED: "gained",
    Change.LOST: "lost",
    Change.BOTH: "gained and lost",
    Change.PERHAPS: "undecided",
}
_SHORT = {Effect.ALLOWED: "yes", Effect.DENIED: "no", Effect.UNDECIDED: "?"}


def roles(column: Column) -> str:
    """Such as `admin`, `member + auditor`, `any other`; `anyone` where nobody has roles."""
    if column.scopes == (UNSCOPED,):
        return "anyone"
    return " + ".join(column.roles) or ANY_OTHER


def scopes(names: Iterable[str]) -> str:
    """What tokens are for, such as `project`, `domain or system`, `no scope`."""
    return " or ".join(name or "no scope" for name in names)


def meaning(cell: Cell) -> str:
    """What a condition stands for: who is allowed, and what is missing in that."""
    remark = f"({cell.remark})" if cell.remark else ""
    return " ".join(filter(None, [", or ".join(cell.conditions), remark]))


class Notes:
    """Conditions, each with a number: most occur in many cells."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def short(self, cell: Cell) -> str:
        """Such as `yes`, `no`, `if 1`."""
        if cell.effect is not Effect.DEPENDS:
            return _SHORT[cell.effect]
        number = self._numbers.setdefault(meaning(cell), len(self._numbers) + 1)
        return f"if {number}"

    def lines(self) -> Iterator[tuple[int, str]]:
        for text, number in self._numbers.items():
            yield number, text


def entry(shown: Entry, cell: Callable[[Cell], str], arrow: str = "→") -> str:
    """What each policy says, if that is not the same."""
    if shown.change is Change.NONE:
        return cell(shown.cells[-1])
    return f" {arrow} ".join(map(cell, shown.cells))


def footnotes(report: Report) -> Iterator[str]:
    """What is to be known of the whole."""
    grid = report.grid
    if not grid.rows:
        yield "No operation differs."
    if grid.shut:
        kinds = {"system": "for the system", UNSCOPED: "without a scope"}
        *said, last = (kinds.get(scope, f"for a {scope}") for scope in grid.shut)
        which = f"{', '.join(said)} or {last}" if said else last
        yield f"A token {which} may do nothing."
    if report.unruled:
        yield f"Open to everyone, without a token: {', '.join(report.unruled)}."
    if any(_undecided(one) for row in grid.rows for one in row.entries):
        yield "What is undecided is too large to be decided."
    if not grid.complete:
        yield "Roles may be more or less together than these columns say."


def _undecided(shown: Entry) -> bool:
    return any(cell.effect is Effect.UNDECIDED for cell in shown.cells)
