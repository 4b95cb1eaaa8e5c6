"""Every option, one file a section. Read once into `Settings`, then passed in; never global."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from oslo_config import cfg
from oslo_middleware import opts as oslo_middleware_opts

from policy_proxy.config import (
    audit,
    authorizer,
    authtoken,
    backend,
    health,
    identity_cache,
    limits,
    listening,
    mistakes,
    policy,
    server,
)
from policy_proxy.errors import ConfigurationError

DEFAULT_FILE = "/etc/policy-proxy/policy-proxy.conf"
ENVIRONMENT_VARIABLE = "POLICY_PROXY_CONFIG_FILE"
SECTIONS = (backend, limits, audit, policy, server, health, identity_cache, authorizer)


@dataclass(frozen=True, slots=True)
class Settings:
    """All that the operator has set.

    `conf` is the parsed configuration itself, for the libraries that read their own sections
    (keystonemiddleware, keystoneauth, oslo.middleware). Of ours, only what wires them reads it.
    """

    backend: backend.BackendSettings
    limits: limits.LimitSettings
    audit: audit.AuditSettings
    policy: policy.PolicySettings
    server: server.ServerSettings
    health: health.HealthSettings
    identity_cache: identity_cache.IdentityCacheSettings
    authorizer: authorizer.AuthorizerSettings
    conf: cfg.ConfigOpts


def load(files: Sequence[str], *, with_backend: bool = True, authorizing: bool = False) -> Settings:
    """Read the configuration files, later ones over earlier ones.

    :param with_backend: whether `[backend]` must be good; in the service's own process it is not
        used.
    :param authorizing: whether `[authorizer]` must be good, instead of `[backend]`.
    :raises ConfigurationError: with every problem found, not only the first.
    """
    settings, found = inspect(files, with_backend=with_backend, authorizing=authorizing)
    if found:
        raise ConfigurationError(named(settings, found))
    return settings


def read(files: Sequence[str]) -> Settings:
    """The settings, however dangerous: for commands that let nobody in.

    :raises ConfigurationError: if a file is missing or cannot be parsed, or names or values in it
        are none that an option has.
    """
    settings, slips = _read(files)
    if slips:
        raise ConfigurationError(named(settings, slips))
    return settings


def inspect(
    files: Sequence[str], *, with_backend: bool = True, authorizing: bool | None = None
) -> tuple[Settings, list[str]]:
    """The settings, and everything that is misspelt, missing or dangerous, a sentence each.

    Where a value cannot be used, its default stands in the settings: with problems, they are there
    to be looked at further, and for nothing else.

    :param authorizing: None if it is the configuration itself that says what it is for, by
        `[authorizer] front_end`.
    :raises ConfigurationError: if a file is missing or cannot be parsed.
    """
    settings, slips = _read(files)
    if authorizing is None:
        authorizing = settings.authorizer.front_end is not None
    further = _problems(settings, with_backend=with_backend, authorizing=authorizing)
    return settings, slips + [p for p in further if not mistakes.told_twice(p, slips)]


def named(settings: Settings, found: Iterable[str]) -> list[str]:
    """The problems, each with the files in which they are."""
    return [f"{', '.join(settings.conf.default_config_files)}: {problem}" for problem in found]


def parse(files: Sequence[str], *, environment: bool = True) -> cfg.ConfigOpts:
    """The files as oslo.config reads them, all options registered.

    :param environment: whether variables `OS_<SECTION>__<OPTION>` stand above the files.
    :raises ConfigurationError: if a file is missing or cannot be parsed.
    """
    conf = cfg.ConfigOpts()
    try:
        conf(
            [],
            project="policy-proxy",
            default_config_files=list(files),
            default_config_dirs=[],
            use_env=environment,
        )
        _register(conf)
    except cfg.ConfigFilesNotFoundError as error:
        raise ConfigurationError(
            [f"{', '.join(error.config_files)}: no such file: name it with --config-file"]
        ) from None
    except cfg.ConfigFilesPermissionDeniedError as error:
        sentence = (
            f"{', '.join(error.config_files)}: cannot be read (Permission denied): let the user "
            "that this runs as read it, and enter its folder"
        )
        raise ConfigurationError([sentence]) from None
    except UnicodeDecodeError:
        raise ConfigurationError(
            [f"{', '.join(files)}: is no text in UTF-8: name another"]
        ) from None
    except OSError as error:
        raise ConfigurationError([f"{error.filename}: {error.strerror}: name another"]) from None
    except cfg.ConfigFileParseError as error:
        why = str(error.msg).removeprefix("at ")
        raise ConfigurationError([f"{why}: write [SECTION], or NAME = VALUE"]) from None
    except cfg.Error as error:
        raise ConfigurationError([f"{', '.join(files)}: {error}"]) from None
    return conf


def list_opts() -> list[tuple[str, list[Any]]]:
    """Our own options, for oslo-config-generator (entry point `oslo.config.opts`)."""
    return [(section.GROUP, copy.deepcopy(section.OPTS)) for section in SECTIONS]


def _register(conf: cfg.ConfigOpts) -> None:
    for section in SECTIONS:
        conf.register_opts(section.OPTS, group=section.GROUP)
    policy.register(conf)
    for group, opts in oslo_middleware_opts.list_opts_cors():
        conf.register_opts(copy.deepcopy(opts), group=group)
    authtoken.register(conf)
    authtoken.register_plugin(conf, authtoken.section_in(conf, backend.GROUP))


def _read(files: Sequence[str]) -> tuple[Settings, list[str]]:
    """The settings, and the names and values that no option has."""
    conf = parse(files)
    own = list_opts()
    slips = [
        *mistakes.names(files, conf, [group for group, _ in own]),
        *mistakes.values(conf, own, parse([], environment=False)),
    ]
    settings = Settings(
        backend=backend.read(conf),
        limits=limits.read(conf),
        audit=audit.read(conf),
        policy=policy.read(conf),
        server=server.read(conf),
        health=health.read(conf),
        identity_cache=identity_cache.read(conf),
        authorizer=authorizer.read(conf),
        conf=conf,
    )
    return settings, slips


def _problems(settings: Settings, *, with_backend: bool, authorizing: bool) -> list[str]:
    """What is missing or dangerous."""
    conf = settings.conf
    found = [
        *listening.problems(settings.server),
        *audit.problems(settings.audit),
        *authtoken.problems(conf),
    ]
    if authorizing:
        return [*authorizer.problems(settings.authorizer, conf), *found]
    if with_backend:
        found = [*backend.problems(settings.backend, settings.server.public_url), *found]
        if settings.backend.credentials == "service":
            found += authtoken.service_user_problems(conf, settings.backend.auth_section)
    return found
