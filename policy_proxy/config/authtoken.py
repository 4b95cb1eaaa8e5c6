"""`[keystone_authtoken]`: keystonemiddleware's own options, and which values are too dangerous.

The hazards are those that keystonemiddleware documents or shows: see
https://docs.openstack.org/keystonemiddleware/latest/middlewarearchitecture.html
"""

from __future__ import annotations

from typing import Any

from keystoneauth1 import exceptions, loading
from keystonemiddleware import auth_token
from oslo_config import cfg

GROUP = "keystone_authtoken"
_TIMEOUT = 5.0
CACHE_KEY = "policy_proxy.token_cache"
"""The environ key under which auth_token finds the cache that this service hands it."""


def register(conf: cfg.ConfigOpts) -> None:
    """Register the standard options, and those of the auth plugin that the section names."""
    for group, opts in auth_token.list_opts():
        conf.register_opts(opts, group=group)
    conf.set_default("cache", CACHE_KEY, group=GROUP)
    # Tries are seconds apart, and a thread waits with each: clients are told to come again instead.
    conf.set_default("http_request_max_retries", 1, group=GROUP)
    conf.set_default("include_service_catalog", default=True, group=GROUP)
    conf.set_default("service_type", "placement", group=GROUP)
    register_plugin(conf, GROUP)
    register_plugin(conf, login_group(conf))


def login_group(conf: cfg.ConfigOpts) -> str:
    """The section with the login of the proxy's user: this one, or the one that it names."""
    return section_in(conf, GROUP)


def section_in(conf: cfg.ConfigOpts, group: str) -> str:
    """The section with the login that the option `auth_section` of `group` names."""
    return _given(conf[group], "auth_section") or GROUP


def register_plugin(conf: cfg.ConfigOpts, group: str) -> None:
    """Register the options of the keystoneauth plugin that `group` names, if it is a known one."""
    if group != GROUP:
        loading.register_auth_conf_options(conf, group)
        loading.register_session_conf_options(conf, group)
    plugin = _plugin(_given(conf[group], "auth_type"))
    if plugin is not None:
        conf.register_opts(loading.get_auth_plugin_conf_options(plugin), group=group)


def session(conf: cfg.ConfigOpts, group: str) -> Any:
    """A keystoneauth session with the TLS options and the timeout that `group` sets."""
    section = conf[group]
    return loading.session.Session().load_from_options(
        cert=section.certfile,
        key=section.keyfile,
        cacert=section.cafile,
        insecure=section.insecure,
        timeout=timeout(conf, group),
        user_agent="policy-proxy",
    )


def timeout(conf: cfg.ConfigOpts, group: str) -> float:
    """Seconds that one call to Keystone may take; what is not set is refused elsewhere."""
    section = conf[group]
    given = section.http_connect_timeout if group == GROUP else section.timeout
    return float(given or _TIMEOUT)


def _given(section: cfg.ConfigOpts.GroupAttr, name: str) -> str | None:
    """The value, or None while it cannot be read; `mistakes` tells that."""
    try:
        value: str | None = section[name]
    except (cfg.Error, ValueError):
        return None
    return value


def _plugin(name: str | None) -> Any:
    """The loader of the plugin with this name; looking at all of them would take seconds."""
    try:
        return loading.get_plugin_loader(name) if name else None
    except exceptions.NoMatchingPlugin:
        return None


def problems(conf: cfg.ConfigOpts) -> list[str]:
    """What is missing or dangerous in this section, a sentence each with its remedy."""
    section = conf[GROUP]
    login = login_group(conf)
    found = _login_problems(conf[login], login)
    if not section.www_authenticate_uri:
        found.append(
            "[keystone_authtoken] www_authenticate_uri is not set: name the public URL of "
            "Keystone, which clients are sent to with a 401"
        )
    return found + _hazards(section)


def service_user_problems(conf: cfg.ConfigOpts, group: str) -> list[str]:
    """The same for a section of its own that holds the service user's login."""
    if group == GROUP:
        return []
    section = conf[group]
    found = _login_problems(section, group)
    if not section.timeout or section.timeout <= 0:
        found.append(
            f"[{group}] timeout is not set, so a silent Keystone would hang requests: set it, for "
            "example timeout = 5"
        )
    if section.insecure:
        found.append(
            f"[{group}] insecure = true does not verify Keystone's certificate: remove the line "
            "and set cafile"
        )
    return found


def _login_problems(section: cfg.ConfigOpts.GroupAttr, group: str) -> list[str]:
    """Why nobody can log in to Keystone with what `[group]` holds."""
    if not section.auth_type:
        remedy = "password, project_name, user_domain_name and project_domain_name"
        return [f"[{group}] auth_type is not set: use password, with auth_url, username, {remedy}"]
    if _plugin(section.auth_type) is None:
        remedy = "use password or v3applicationcredential"
        return [f"[{group}] auth_type = {section.auth_type} is no keystoneauth plugin: {remedy}"]
    return _incomplete(section, group)


def _incomplete(section: cfg.ConfigOpts.GroupAttr, group: str) -> list[str]:
    """Options that the plugin needs and that are missing."""
    needed = {
        "auth_url": "name Keystone's URL, for example auth_url = http://127.0.0.1:5000/v3",
        "password": "give the password of the proxy's user in Keystone",
    }
    if "auth_url" not in section:
        return [f"[{group}] auth_type cannot log in to Keystone: use password"]
    return [
        f"[{group}] {name} is not set: {remedy}"
        for name, remedy in needed.items()
        if name in section and not section[name]
    ]


def _hazards(section: cfg.ConfigOpts.GroupAttr) -> list[str]:
    found = []
    if section.delay_auth_decision:
        found.append(
            "[keystone_authtoken] delay_auth_decision = true lets requests without a valid token "
            "in: remove the line"
        )
    if not section.service_token_roles_required:
        found.append(
            "[keystone_authtoken] service_token_roles_required = false takes any token for a "
            "service token: remove the line"
        )
    if not section.http_connect_timeout or section.http_connect_timeout <= 0:
        found.append(
            "[keystone_authtoken] http_connect_timeout is not set, so a silent Keystone would "
            "hang every request: set it, for example http_connect_timeout = 5"
        )
    if section.insecure:
        found.append(
            "[keystone_authtoken] insecure = true does not verify Keystone's certificate: remove "
            "the line and set cafile"
        )
    return found + _hazards_of_cache(section)


def _hazards_of_cache(section: cfg.ConfigOpts.GroupAttr) -> list[str]:
    found = []
    if section.memcached_servers and section.memcache_security_strategy.upper() != "ENCRYPT":
        found.append(
            "[keystone_authtoken] memcached_servers needs memcache_security_strategy = ENCRYPT and "
            "a memcache_secret_key: whoever can write to the cache could otherwise forge an admin"
        )
    if section.memcache_security_strategy.upper() != "NONE" and not section.memcache_secret_key:
        found.append(
            "[keystone_authtoken] memcache_secret_key is not set, but memcache_security_strategy "
            "needs it: set a long random value, the same for all workers and hosts"
        )
    return found


def challenge(conf: cfg.ConfigOpts) -> str:
    """The value of `WWW-Authenticate` that sends a client to Keystone for a token."""
    return f'Keystone uri="{conf[GROUP].www_authenticate_uri}"'
