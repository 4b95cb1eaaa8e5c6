"""`[health]`: when the service calls itself ready."""

from __future__ import annotations

from dataclasses import dataclass

from oslo_config import cfg

GROUP = "health"
OPTS = [
    cfg.FloatOpt(
        "interval",
        default=5.0,
        min=0.2,
        help="Seconds between two looks, in the background, at whether Keystone and the backend "
        "answer.",
    ),
]


@dataclass(frozen=True, slots=True)
class HealthSettings:
    """See the options' help for the meaning and unit of each field."""

    interval: float


def read(conf: cfg.ConfigOpts) -> HealthSettings:
    return HealthSettings(interval=conf[GROUP].interval)
