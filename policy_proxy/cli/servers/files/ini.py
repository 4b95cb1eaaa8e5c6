"""INI files as oslo.config, paste and uWSGI have them: a name may come several times."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from policy_proxy.cli.servers.entry import Entry

_SECTION = re.compile(r"\[\s*(.+?)\s*\]")


def entries(file: str) -> Iterator[Entry]:
    """Every setting, inside its section; of a section's own line, a block.

    :raises OSError: if the file cannot be read.
    """
    section = ""
    for number, line in enumerate(lines(file), 1):
        text = line.strip()
        if not text or text[0] in "#;":
            continue
        place = f"{file}:{number}"
        if match := _SECTION.fullmatch(text):
            section = match[1]
            yield Entry(place, "section", (section,), opens=section, shown=text)
            continue
        name, _, value = text.partition("=")
        words = tuple(value.split()) if value.strip() else ()
        yield Entry(place, name.strip(), words, (section,), shown=text)


def lines(file: str) -> list[str]:
    return Path(file).read_text(encoding="utf-8", errors="replace").splitlines()
