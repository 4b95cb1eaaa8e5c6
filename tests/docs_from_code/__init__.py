"""What the documentation says of options, operations, commands and findings, from the code itself.

`python -m tests.docs_from_code`, or `make docs`, writes the files; a test compares them with what
the code yields.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from . import (
    attacks,
    audit,
    check_server,
    commands,
    configuration,
    day,
    deploying,
    lint,
    operations,
    servers,
)

ROOT = Path(__file__).parents[2]

GENERATED: Mapping[str, Callable[[], str]] = {
    "docs/attacks.md": attacks.page,
    f"docs/{audit.NAME}": audit.schema,
    f"docs/{audit.OLD_NAME}": audit.old_schema,
    f"docs/{day.NAME}": day.log,
    f"docs/{day.TRIED_NAME}": day.tried,
    "docs/check-server.md": check_server.reference,
    "docs/commands.md": commands.reference,
    "docs/configuration.md": configuration.reference,
    "docs/deploying.md": deploying.page,
    "docs/lint-codes.md": lint.reference,
    "docs/operations.md": operations.reference,
    "docs/servers.md": servers.page,
    "etc/policy-proxy.conf": configuration.sample,
    "policies/placement.yaml": operations.sample,
}
"""Each file, by its path in the repository, with what gives its text."""


def write() -> None:
    """Write every file anew."""
    for path, text in GENERATED.items():
        (ROOT / path).write_text(text(), encoding="utf-8")
