"""Envoy with `ext_authz` over HTTP, from a static configuration.

https://www.envoyproxy.io/docs/envoy/latest/api-v3/extensions/filters/http/ext_authz/v3/ext_authz.proto
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from policy_proxy.cli.servers import envoy_filters, looks
from policy_proxy.cli.servers.entry import Entry
from policy_proxy.cli.servers.files import yaml_file
from policy_proxy.cli.servers.rule import Environment, Rule, Server
from policy_proxy.config import Settings

KIB = 1024


def _read(files: Sequence[str], environment: Environment) -> Iterator[Entry]:
    """Names in snake_case: https://protobuf.dev/programming-guides/json/ allows others."""
    del environment  # nothing in it counts
    for name in files:
        for entry in yaml_file.entries(name):
            yield yaml_file.renamed(entry, _snake_case)


def _snake_case(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", name).lower()


def _header_kib(ours: Settings) -> int:
    return -(-(looks.request_line(ours) + looks.header_line(ours)) // KIB)


_MANAGER = """\
filters:
- typed_config:
    "@type": type.googleapis.com/HttpConnectionManager
"""
_ASKS = f"""\
{_MANAGER}    http_filters:
    - typed_config:
        "@type": type.googleapis.com/ExtAuthz
"""

RULES: Mapping[str, Rule] = {
    "envoy-no-check": Rule(
        envoy_filters.unguarded,
        "nobody is asked about the requests of this listener: it is a way around the proxy",
        "envoy.filters.http.ext_authz among its http_filters",
        _MANAGER,
    ),
    "envoy-failure-mode": Rule(
        looks.says("failure_mode_allow", "true"),
        "while the proxy is away, everyone may do everything",
        "failure_mode_allow: false",
        f"{_ASKS}        failure_mode_allow: true\n",
    ),
    "envoy-partial-body": Rule(
        looks.says("allow_partial_message", "true"),
        "what is decided on the beginning of a body may be otherwise in its end",
        "allow_partial_message: false",
        f"{_ASKS}        with_request_body: {{allow_partial_message: true}}\n",
    ),
    "envoy-body-size": Rule(
        looks.below("max_request_bytes", 2**31, looks.body, every=True),
        "Envoy refuses by itself bodies that [limits] max_body_bytes allows",
        "max_request_bytes: what max_body_bytes is",
        f"{_ASKS}        with_request_body: {{max_request_bytes: 8192}}\n",
    ),
    "envoy-route-off": Rule(
        envoy_filters.switched_off,
        "nobody is asked about the requests of this route: it is a way around the proxy",
        "take it away, unless Envoy itself answers there (direct_response)",
        "routes:\n- route: {cluster: placement}\n  typed_per_filter_config:\n    ext_authz:\n"
        '      "@type": type.googleapis.com/ExtAuthzPerRoute\n      disabled: true\n',
    ),
    "envoy-filter-enabled": Rule(
        lambda seen: seen.all("filter_enabled", "filter_enabled_metadata"),
        "some requests are passed on without anybody being asked",
        "take it away",
        f"{_ASKS}        filter_enabled: {{default_value: {{numerator: 50}}}}\n",
    ),
    "envoy-underscores": Rule(
        envoy_filters.keeps_underscores,
        "X_Roles gets through, and behind Envoy is taken for X-Roles",
        "headers_with_underscores_action: REJECT_REQUEST in common_http_protocol_options",
        _ASKS,
    ),
    "envoy-escaped-slashes": Rule(
        looks.names("path_with_escaped_slashes_action", "UNESCAPE"),
        "%2F in a path becomes a slash: a request that could be read in two ways is answered "
        "instead of refused",
        "path_with_escaped_slashes_action: REJECT_REQUEST",
        f"{_ASKS}    path_with_escaped_slashes_action: UNESCAPE_AND_FORWARD\n",
    ),
    "envoy-merge-slashes": Rule(
        looks.says("merge_slashes", "true"),
        "doubled slashes in a path are made one: a request that could be read in two ways is "
        "answered instead of refused",
        "merge_slashes: false",
        f"{_ASKS}    merge_slashes: true\n",
    ),
    "envoy-changed-path": Rule(
        lambda seen: seen.all("prefix_rewrite", "regex_rewrite", "path_rewrite_policy"),
        "the backend gets another path than the one that was decided",
        "take it away",
        "routes:\n- route: {cluster: placement, prefix_rewrite: /}\n",
    ),
    "envoy-retries": Rule(
        envoy_filters.retries,
        "a write that the backend did not answer is sent again: it may be done twice",
        "take it away, or num_retries: 0",
        "routes:\n- route: {cluster: placement, retry_policy: {retry_on: 5xx}}\n",
    ),
    "envoy-mirror": Rule(
        lambda seen: seen.all("request_mirror_policies"),
        "a copy of each request goes elsewhere, with its token",
        "take it away",
        "routes:\n- route: {cluster: placement, request_mirror_policies: [{cluster: copy}]}\n",
    ),
    "envoy-header-size": Rule(
        envoy_filters.small("max_request_headers_kb", 60, _header_kib),
        "Envoy refuses by itself what [limits] max_target_bytes and max_header_bytes allow",
        "max_request_headers_kb: 96",
        f"{_ASKS}    max_request_headers_kb: 60\n",
    ),
    "envoy-header-count": Rule(
        looks.below("max_headers_count", 100, lambda ours: ours.limits.max_headers, every=True),
        "Envoy refuses by itself as many headers as [limits] max_headers allows",
        "max_headers_count: 100",
        f"{_ASKS}    common_http_protocol_options: {{max_headers_count: 20}}\n",
    ),
    "envoy-answer-headers": Rule(
        envoy_filters.broad_answers,
        "headers of the proxy's answer that are none of the backend's business may reach it",
        "{exact: x-openstack-request-id} and no other pattern",
        f"{_ASKS}        authorization_response:\n          allowed_upstream_headers:\n"
        "            patterns: [{prefix: x-}]\n",
    ),
    "envoy-admin": Rule(
        envoy_filters.open_admin,
        "whoever reaches it can read Envoy's configuration, and end it",
        "address: 127.0.0.1, or no admin",
        "admin:\n  address: {socket_address: {address: 0.0.0.0, port_value: 9901}}\n",
    ),
    "envoy-log": Rule(
        envoy_filters.logged_tokens,
        "whoever reads the log can use the tokens in it",
        "take the header out of the format",
        'access_log:\n- log_format: {text_format: "%REQ(X-AUTH-TOKEN)%"}\n',
    ),
}

SERVER = Server(
    words="Envoy, asking the authorizer",
    file="envoy.yaml",
    read=_read,
    rules=RULES,
    knows=envoy_filters.manages_http,
    unseen=(
        "what Envoy is told while it runs (xDS, runtime)",
        "what filters beside ext_authz make of a request, Lua for one",
    ),
)
