"""`[policy]`: how policy is kept fresh. Where it lies is said in `[oslo_policy]`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from oslo_config import cfg
from oslo_policy import opts as oslo_policy_opts

GROUP = "policy"
OPTS = [
    cfg.FloatOpt(
        "watch_interval",
        default=0.8,
        min=0.05,
        help="Seconds between two looks at the contents of the policy files. What two looks in a "
        "row find the same is put in force: a change takes up to twice this time. They are read "
        "in the background; no request waits for it.",
    ),
    cfg.BoolOpt(
        "require_file",
        default=True,
        help="Refuse to become ready when [oslo_policy] policy_file does not exist. Switch it off "
        "to run on the default rules alone.",
    ),
    cfg.BoolOpt(
        "allow_remote_checks",
        default=False,
        help="Accept rules with `http:` and `https:` checks, which ask another server at every "
        "decision and tell it who the caller is. Off: such a rule is refused.",
    ),
    cfg.StrOpt(
        "candidate_file",
        help="A policy file to try beside the one in force: it is asked about each request as if "
        "it stood in the place of [oslo_policy] policy_file, and where it decides otherwise the "
        "audit record says so. It never changes an answer. Unset: none.",
    ),
]

_DEFAULTS = {
    "enforce_new_defaults": True,
    "policy_file": "policy.yaml",
    "policy_dirs": ["policy.d"],
    "policy_default_rule": "default",
    "remote_content_type": "application/x-www-form-urlencoded",
}
"""https://docs.openstack.org/oslo.policy/latest/configuration/"""

MAX_REMOTE_SECONDS = 10.0
"""Longest time for one question to a remote server; oslo.policy's default is a minute."""


@dataclass(frozen=True, slots=True)
class RemoteSettings:
    """How `http:` and `https:` checks are asked: the options `remote_*` of `[oslo_policy]`.

    :param timeout: seconds from connecting to the last byte of the answer.
    """

    content_type: str = "application/x-www-form-urlencoded"
    timeout: float = MAX_REMOTE_SECONDS
    cafile: str | None = None
    certfile: str | None = None
    keyfile: str | None = None


@dataclass(frozen=True, slots=True)
class PolicySettings:
    """`file` and `dirs` are absolute paths; the rest is as in the options' help.

    :param candidate_file: an absolute path, too.
    :param required_dirs: those of `dirs` that must hold a file, since rules of theirs are in force.
        No option sets them.
    """

    file: str
    dirs: tuple[str, ...]
    default_rule: str
    enforce_new_defaults: bool
    watch_interval: float
    require_file: bool
    allow_remote_checks: bool = False
    remote: RemoteSettings = RemoteSettings()
    required_dirs: frozenset[str] = frozenset()
    candidate_file: str | None = None

    @property
    def is_candidate(self) -> bool:
        """Whether they are those of the policy that is tried."""
        return self.file == self.candidate_file


def candidate_of(settings: PolicySettings) -> PolicySettings | None:
    """The settings of the policy that is tried, with its file in the place of the policy file; None
    without one. It asks no other server: that would cost more than a look.
    """
    if settings.candidate_file is None:
        return None
    return replace(
        settings,
        file=settings.candidate_file,
        require_file=True,
        allow_remote_checks=False,
    )


def register(conf: cfg.ConfigOpts) -> None:
    """Register the options of `[oslo_policy]`, with oslo.policy's own defaults.

    They are objects of the whole process, and a service in the same process, or a test, may have
    given them other defaults.
    """
    oslo_policy_opts.set_defaults(conf)
    for name, default in _DEFAULTS.items():
        conf.set_default(name, default, group="oslo_policy")


def read(conf: cfg.ConfigOpts) -> PolicySettings:
    """The paths are found as oslo.policy finds them: beside the configuration file."""
    standard = conf.oslo_policy
    candidate = conf[GROUP].candidate_file
    return PolicySettings(
        file=_located(conf, standard.policy_file),
        dirs=tuple(_located(conf, path) for path in standard.policy_dirs),
        default_rule=standard.policy_default_rule,
        enforce_new_defaults=standard.enforce_new_defaults,
        watch_interval=conf[GROUP].watch_interval,
        require_file=conf[GROUP].require_file,
        allow_remote_checks=conf[GROUP].allow_remote_checks,
        candidate_file=_located(conf, candidate) if candidate else None,
        remote=RemoteSettings(
            content_type=standard.remote_content_type,
            timeout=min(standard.remote_timeout, MAX_REMOTE_SECONDS),
            cafile=standard.remote_ssl_ca_crt_file,
            certfile=standard.remote_ssl_client_crt_file,
            keyfile=standard.remote_ssl_client_key_file,
        ),
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
    beside = Path(conf.config_file[0]).parent if conf.config_file else Path.cwd()
    return str(Path(found or beside / path).absolute())
