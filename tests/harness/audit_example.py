"""The files of docs/audit.md: the requests of docs/examples, sealed, in two files."""

from __future__ import annotations

import json
from pathlib import Path

from docs_from_code import day
from policy_proxy.audit.record import OF_ANSWERS
from unit.audit.audit_files import Writer, new_key


def written(folder: Path) -> None:
    """Leave `key`, `audit.jsonl.1` and `audit.jsonl` there; the last write was not answered."""
    log = folder / "audit.jsonl"
    writer = Writer(log, new_key(folder / "key"))
    records = [json.loads(line) for line in day.log().splitlines()]
    for number, record in enumerate(records):
        if number == RENAMED:
            log.rename(folder / "audit.jsonl.1")
            writer.to.reopen()
        writer.write(record)
    writer.write(
        {name: records[-1][name] for name in records[-1] if name not in OF_ANSWERS} | LATER
    )
    writer.close()


RENAMED = 9
LATER = {"event": "intent", "request_id": "req-00000017-0000-4000-8000-000000000000"}
