"""`[health]`: when the service calls itself ready, and whom it tells why."""

from __future__ import annotations

from dataclasses import dataclass

from oslo_config import cfg

from policy_proxy.config import networks

GROUP = "health"
OPTS = [
    cfg.FloatOpt(
        "interval",
        default=5.0,
        min=0.2,
        help="Seconds between two looks, in the background, at whether Keystone and the backend "
        "answer.",
    ),
    cfg.ListOpt(
        "trusted_addresses",
        item_type=networks.parsed,
        default=["127.0.0.0/8", "::1/128"],
        help="Networks, separated by commas, from where `GET /healthcheck?detailed=1` also tells "
        "which policy is in force, and why newer files are refused. What counts is where the "
        "connection comes from, whatever a header says: with a proxy in front of this one, that "
        "proxy. `unix` stands for whoever connects to the unix socket. Empty: nowhere.",
    ),
]


@dataclass(frozen=True, slots=True)
class HealthSettings:
    """See the options' help for the meaning and unit of each field."""

    interval: float
    trusted_addresses: tuple[networks.Network | str, ...]


def read(conf: cfg.ConfigOpts) -> HealthSettings:
    group = conf[GROUP]
    return HealthSettings(group.interval, tuple(group.trusted_addresses))
