"""`[audit]`: the record of every request."""

from __future__ import annotations

from dataclasses import dataclass

from oslo_config import cfg

GROUP = "audit"
OPTS = [
    cfg.StrOpt(
        "file",
        help="File that gets one JSON object a line for each request, whatever its outcome. "
        "Unset: the records go to the log, under the logger policy_proxy.audit.",
    ),
    cfg.StrOpt(
        "strict",
        default="off",
        choices=[
            ("off", "a request that cannot be recorded goes on, and is counted"),
            ("writes", "all but GET and HEAD are refused with 503 then"),
            ("all", "every request is"),
        ],
        help="Which requests are recorded on the disk before they are forwarded, and again before "
        "they are answered. It needs file.",
    ),
    cfg.FloatOpt(
        "timeout",
        default=5.0,
        min=0.1,
        help="Seconds that a disk or a pipe gets to take a record.",
    ),
    cfg.IntOpt(
        "max_bytes",
        default=0,
        min=0,
        help="A file with so many bytes is renamed to file.1 before the next record, file.1 to "
        "file.2, and so on. 0: it is not; logrotate may do it.",
    ),
    cfg.IntOpt("keep", default=7, min=1, help="How many renamed files stay, with max_bytes."),
    cfg.StrOpt(
        "key_file",
        help="File with a key, as `policy-proxy audit key` prints it, that only the proxy's user "
        "can read. With it, each record is sealed: `policy-proxy audit verify` finds one that was "
        "removed, altered or moved. Further lines are earlier keys. It is read at the start. "
        "Unset: none is.",
    ),
]


@dataclass(frozen=True, slots=True)
class AuditSettings:
    """See the options' help for the meaning and unit of each field."""

    file: str | None
    strict: str = "off"
    timeout: float = 5.0
    max_bytes: int = 0
    keep: int = 7
    key_file: str | None = None


def read(conf: cfg.ConfigOpts) -> AuditSettings:
    group = conf[GROUP]
    return AuditSettings(**{opt.dest: group[opt.dest] for opt in OPTS})


def problems(settings: AuditSettings) -> list[str]:
    """What is wrong with this section, a sentence each."""
    if settings.file is not None:
        return []
    wants = {"strict": settings.strict != "off", "key_file": settings.key_file is not None}
    wants["max_bytes"] = settings.max_bytes > 0
    return [
        f"[audit] {name} needs [audit] file: the log is not this service's to keep"
        for name, wanted in wants.items()
        if wanted
    ]
