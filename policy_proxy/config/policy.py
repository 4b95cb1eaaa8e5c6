"""`[policy]`: how policy is kept fresh. Where it lies is said in `[oslo_policy]`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from oslo_config import cfg
from oslo_policy import opts as oslo_policy_opts

GROUP = "policy"
OPTS = [
    cfg.FloatOpt(
        "watch_interval",
        default=1.0,
        min=0.05,
        help="Seconds between two looks at the contents of the policy files. They are read in the "
        "background; no request waits for it.",
    ),
    cfg.BoolOpt(
        "require_file",
        default=True,
        help="Refuse to become ready when [oslo_policy] policy_file does not exist. Switch it off "
        "to run on the default rules alone.",
    ),
]


@dataclass(frozen=True, slots=True)
class PolicySettings:
    """`file` and `dirs` are absolute paths; the rest is as in the options' help."""

    file: str
    dirs: tuple[str, ...]
    default_rule: str
    enforce_new_defaults: bool
    watch_interval: float
    require_file: bool


def read(conf: cfg.ConfigOpts) -> PolicySettings:
    """The paths are found as oslo.policy finds them: beside the configuration file."""
    standard = conf.oslo_policy
    return PolicySettings(
        file=_located(conf, standard.policy_file),
        dirs=tuple(_located(conf, path) for path in standard.policy_dirs),
        default_rule=standard.policy_default_rule,
        enforce_new_defaults=standard.enforce_new_defaults,
        watch_interval=conf[GROUP].watch_interval,
        require_file=conf[GROUP].require_file,
    )


def for_enforcer(settings: PolicySettings) -> cfg.ConfigOpts:
    """What an oslo.policy Enforcer wants to be given that shall look for no file by itself."""
    conf = cfg.ConfigOpts()
    conf([], project="policy-proxy", default_config_files=[], default_config_dirs=[])
    oslo_policy_opts.set_defaults(conf)
    conf.set_override("policy_dirs", [], group="oslo_policy")
    conf.set_override("enforce_new_defaults", settings.enforce_new_defaults, group="oslo_policy")
    return conf


def _located(conf: cfg.ConfigOpts, path: str) -> str:
    """A file that does not exist yet is watched beside the configuration file."""
    found = conf.find_file(path)
    if found:
        return str(found)
    beside = Path(conf.config_file[0]).parent if conf.config_file else Path.cwd()
    return str(beside / path)
