"""Traefik with `forwardAuth`, from its static and its dynamic configuration in YAML.

https://doc.traefik.io/traefik/reference/routing-configuration/http/middlewares/forwardauth/
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from policy_proxy.cli.servers import looks, traefik_routers
from policy_proxy.cli.servers.entry import Entry, Unreadable
from policy_proxy.cli.servers.files import yaml_file
from policy_proxy.cli.servers.rule import Environment, Rule, Server

MIB = 1_048_576
_REWRITES = ("stripprefix", "stripprefixregex", "replacepath", "replacepathregex", "addprefix")


def _read(files: Sequence[str], environment: Environment) -> Iterator[Entry]:
    """Names in lower case: Traefik does not tell cases apart."""
    del environment  # TRAEFIK_... is not looked at
    for name in files:
        if not name.endswith((".yaml", ".yml")):
            raise Unreadable(f"{name}: only YAML is read: write it as YAML")
        yield from (yaml_file.renamed(entry, str.lower) for entry in yaml_file.entries(name))


def _dynamic(*lines: str) -> str:
    return "http:\n  middlewares:\n    asks:\n" + "".join(f"      {line}\n" for line in lines)


_POINT = "entryPoints:\n  placement:\n    address: 127.0.0.1:8778\n"

RULES: Mapping[str, Rule] = {
    "traefik-open-router": Rule(
        traefik_routers.unguarded,
        "nobody is asked about the requests of this router: it is a way around the proxy",
        "a middleware with forwardAuth among its middlewares",
        "http:\n  routers:\n    placement:\n      rule: PathPrefix(`/`)\n"
        "      service: placement\n",
    ),
    "traefik-trusted-headers": Rule(
        looks.says("trustforwardheader", "true"),
        "a client's own X-Forwarded-Uri is what is decided, and its request is what the backend "
        "gets",
        "trustForwardHeader: false",
        _dynamic("forwardAuth:", "  address: http://127.0.0.1:8779/", "  trustForwardHeader: true"),
    ),
    "traefik-forwarded": Rule(
        traefik_routers.trusts_anyone,
        "X-Forwarded-* of any client are believed",
        "trustedIPs and the addresses of what stands in front",
        f"{_POINT}    forwardedHeaders:\n      insecure: true\n",
    ),
    "traefik-underscores": Rule(
        traefik_routers.keeps_aliases,
        "X_Roles gets through, and behind Traefik is taken for X-Roles",
        "aliasHeadersStrategy: reject, in http of the entry point",
        _POINT,
    ),
    "traefik-sanitized-path": Rule(
        looks.says("sanitizepath", "false"),
        "a path with dot segments reaches a router that was not meant for it",
        "take it away",
        f"{_POINT}    http:\n      sanitizePath: false\n",
    ),
    "traefik-encoded-characters": Rule(
        lambda seen: [
            e for e in seen.entries if e.inside[-1:] == ("encodedcharacters",) and e.value == "true"
        ],
        "requests that could be read in two ways are passed on instead of refused",
        "take it away",
        f"{_POINT}    http:\n      encodedCharacters:\n        allowEncodedSlash: true\n",
    ),
    "traefik-changed-path": Rule(
        lambda seen: [
            e for e in seen.all(*_REWRITES) if traefik_routers.under(e, "http", "middlewares")
        ],
        "what is decided is not what the client sent, or not what the backend gets",
        "take it away",
        _dynamic("stripPrefix:", "  prefixes: [/placement]"),
    ),
    "traefik-retries": Rule(
        lambda seen: [
            e for e in seen.all("retry") if traefik_routers.under(e, "http", "middlewares")
        ],
        "a write that the backend did not answer may be sent again, and done twice",
        "take it away",
        _dynamic("retry:", "  attempts: 3"),
    ),
    "traefik-mirror": Rule(
        lambda seen: [
            e for e in seen.all("mirroring") if traefik_routers.under(e, "http", "services")
        ],
        "a copy of each request goes elsewhere, with its token",
        "take it away",
        "http:\n  services:\n    placement:\n      mirroring:\n        service: real\n",
    ),
    "traefik-answer-headers": Rule(
        traefik_routers.broad_answers,
        "headers of the proxy's answer that are none of the backend's business may reach it",
        "authResponseHeaders: [X-Openstack-Request-Id]",
        _dynamic(
            "forwardAuth:", "  address: http://127.0.0.1:8779/", "  authResponseHeaders: [X-Roles]"
        ),
    ),
    "traefik-header-size": Rule(
        looks.below(
            "maxheaderbytes", MIB, lambda ours: looks.request_line(ours) + looks.header_line(ours)
        ),
        "Traefik refuses by itself what [limits] max_target_bytes and max_header_bytes allow",
        "maxHeaderBytes: 98304",
        f"{_POINT}    http:\n      maxHeaderBytes: 16384\n",
    ),
    "traefik-api": Rule(
        traefik_routers.insecure("api"),
        "whoever reaches it reads all routes and middlewares",
        "take it away",
        "api:\n  insecure: true\n",
    ),
    "traefik-log": Rule(
        traefik_routers.logged_tokens,
        "whoever reads the log can use the tokens in it",
        "defaultMode: drop, and no name with a token in it",
        "accessLog:\n  fields:\n    headers:\n      defaultMode: keep\n",
    ),
}

SERVER = Server(
    words="Traefik, asking the authorizer",
    file="traefik.yaml",
    read=_read,
    rules=RULES,
    knows=traefik_routers.routes,
    unseen=("what other providers, labels and Traefik's command line say",),
)
