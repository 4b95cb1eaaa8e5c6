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
]


@dataclass(frozen=True, slots=True)
class AuditSettings:
    """See the options' help for the meaning and unit of each field."""

    file: str | None


def read(conf: cfg.ConfigOpts) -> AuditSettings:
    return AuditSettings(file=conf[GROUP].file)
