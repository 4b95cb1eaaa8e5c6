"""`[identity_cache]`: how long it is remembered who a token belongs to."""

from __future__ import annotations

from dataclasses import dataclass

from oslo_config import cfg

GROUP = "identity_cache"
OPTS = [
    cfg.FloatOpt(
        "ttl",
        default=10.0,
        min=0,
        max=300,
        help="Seconds that a validated identity is remembered in each worker, never beyond its "
        "token's expiry. Then it is looked up whether the cache of validated tokens still holds "
        "what it was read from, and only if not it is read again. These seconds come on top of "
        "[keystone_authtoken] token_cache_time as the time that a revoked token is still "
        "accepted. Tokens with access rules and bound tokens are not remembered. 0: none is.",
    ),
    cfg.FloatOpt(
        "refusal_ttl",
        default=1.0,
        min=0,
        max=2,
        help="Seconds that a token is remembered as refused, so that a client which repeats a bad "
        "request does not occupy Keystone: wherever it is sent if Keystone does not know it, else "
        "for one method and path. 0: not at all.",
    ),
    cfg.IntOpt(
        "size",
        default=20_000,
        min=1,
        help="Most identities, and most refusals, remembered in each worker. Beyond it those go "
        "that were used longest ago. An identity takes some 2 KiB.",
    ),
]


@dataclass(frozen=True, slots=True)
class IdentityCacheSettings:
    """See the options' help for the meaning and unit of each field."""

    ttl: float
    refusal_ttl: float
    size: int


OFF = IdentityCacheSettings(ttl=0, refusal_ttl=0, size=1)
"""Nothing is remembered."""


def read(conf: cfg.ConfigOpts) -> IdentityCacheSettings:
    group = conf[GROUP]
    return IdentityCacheSettings(**{opt.dest: group[opt.dest] for opt in OPTS})
