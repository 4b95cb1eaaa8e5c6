"""The sections that libraries define: what this service makes of the options that matter here.

The libraries' own help is long and written for all services alike; their documentation has it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Library:
    """A section: what to know about it, and what its options mean to this service."""

    introduction: str
    options: Mapping[str, str]


KEYSTONE_AUTHTOKEN = Library(
    """
keystonemiddleware's section, as in every OpenStack service: how tokens are validated. All its
options work ([reference](https://docs.openstack.org/keystonemiddleware/latest/)); those that would
let requests in unchecked are refused at the start.
""",
    {
        "www_authenticate_uri": "Public URL of Keystone. Clients without a valid token are sent "
        "there by the `WWW-Authenticate` of a 401. Required.",
        "auth_type": "How the service user logs in: `password`, or `v3applicationcredential`. "
        "Required.",
        "auth_url": "URL of Keystone for the service user. Required.",
        "username": "The service user. It needs the role `service` on its project.",
        "password": "Its password. It may come from the environment variable "
        "`OS_KEYSTONE_AUTHTOKEN__PASSWORD` instead.",
        "user_domain_name": "The domain of the service user.",
        "project_name": "The project of the service user.",
        "project_domain_name": "The domain of that project.",
        "interface": "Which of Keystone's endpoints in the catalogue validates tokens.",
        "cafile": "PEM file of the authorities that may sign Keystone's certificate. Unset: those "
        "of the library requests.",
        "insecure": "Must stay `false`: certificates are verified.",
        "http_connect_timeout": "Seconds to wait for Keystone to connect, and then to answer. "
        "Required: without it a silent Keystone would hang every request.",
        "http_request_max_retries": "How often a call to Keystone is tried again.",
        "delay_auth_decision": "Must stay `false`: it would let requests without a valid token in.",
        "service_token_roles": "Roles that make a token in `X-Service-Token` a service's.",
        "service_token_roles_required": "Must stay `true`: any token would pass for a service's.",
        "service_type": "The service type that access rules of application credentials name.",
        "token_cache_time": "Seconds that a validated token is remembered. A revoked token is "
        "accepted for at most this and `[identity_cache] ttl` together. 0 or less: only "
        "`[identity_cache]` remembers.",
        "memcached_servers": "`HOST:PORT` of memcached servers that all workers and hosts share. "
        "Unset: each worker remembers tokens in 32 MiB of its own.",
        "memcache_security_strategy": "Must be `ENCRYPT` with memcached_servers: whoever can write "
        "to the cache could otherwise make an administrator of anyone.",
        "memcache_secret_key": "A long random text, the same for all workers and hosts. Required "
        "with memcached_servers.",
    },
)

OSLO_POLICY = Library(
    """
oslo.policy's section: where policy lies. Relative paths start at the folder of the configuration
file. The files are looked at every `[policy] watch_interval`; a set of files with a mistake in it
changes nothing, and the log says why.
""",
    {
        "policy_file": "The policy: rule names and check strings in YAML. It must exist, unless "
        "[policy] require_file is off, and hold at least `{}`.",
        "policy_dirs": "Folders with more policy files, read after policy_file in the order of "
        "their names; later ones win. May stand more than once; a folder may be missing.",
        "enforce_new_defaults": "`false`: where a rule is not in the file, callers whom the older "
        "defaults let in (from before the roles reader and service) are let in, too.",
    },
)

CORS = Library(
    """
oslo.middleware's section, for scripts in browsers. Nothing of it happens until allowed_origin is
set. A script that is to send a token also needs
`allow_headers = X-Auth-Token,OpenStack-API-Version,Content-Type`.
""",
    {
        "allowed_origin": "Origins, `scheme://host[:port]`, whose pages may read answers.",
        "allow_methods": "Methods that such a page may use.",
        "allow_headers": "Request headers that such a page may set.",
        "expose_headers": "Response headers that such a page may read.",
        "allow_credentials": "Whether a browser may send cookies along; the proxy reads none.",
        "max_age": "Seconds that a browser remembers the answer to its preflight.",
    },
)

LIBRARIES = {"keystone_authtoken": KEYSTONE_AUTHTOKEN, "oslo_policy": OSLO_POLICY, "cors": CORS}

CHOSEN = {
    ("backend", "url"): "http://127.0.0.1:8780",
    ("audit", "file"): "/var/log/policy-proxy/audit.jsonl",
    ("server", "public_url"): "http://controller:8778",
    ("keystone_authtoken", "www_authenticate_uri"): "http://controller:5000/v3",
    ("keystone_authtoken", "auth_type"): "password",
    ("keystone_authtoken", "auth_url"): "http://controller:5000/v3",
    ("keystone_authtoken", "username"): "placement-proxy",
    ("keystone_authtoken", "user_domain_name"): "Default",
    ("keystone_authtoken", "project_name"): "service",
    ("keystone_authtoken", "project_domain_name"): "Default",
    ("keystone_authtoken", "http_connect_timeout"): "5",
    ("oslo_policy", "policy_file"): "/etc/policy-proxy/policy.yaml",
}
"""What every deployment sets, with the values of a small one."""
