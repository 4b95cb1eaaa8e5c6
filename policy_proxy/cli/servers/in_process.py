"""In Placement's own process: its configuration, and what puts the chain around it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from policy_proxy.cli.servers import looks
from policy_proxy.cli.servers.entry import Entry
from policy_proxy.cli.servers.files import ini, python_call
from policy_proxy.cli.servers.rule import Environment, Look, Rule, Server
from policy_proxy.cli.servers.seen import Seen

_OURS = re.compile(r"egg:policy-proxy|policy_proxy\.wsgi:filter_factory")
NO = ("false", "no", "off", "0")


def _read(files: Sequence[str], environment: Environment) -> Iterator[Entry]:
    """placement.conf, a paste file, or the Python module that is served."""
    for file in files:
        if file.endswith(".py"):
            called = {entry.name for entry in python_call.imports(file)}
            guarded = "call filter_factory" in called
            yield Entry(file, "module", ("guarded" if guarded else "open",))
        else:
            yield from ini.entries(file)
    for name, value in environment.items():
        section, _, option = name.removeprefix("OS_").lower().partition("__")
        if name.startswith("OS_") and option:
            yield Entry(name, option, tuple(value.split()), (section,), shown=f"{name}={value}")


def _within(section: str, look: Look) -> Look:
    return lambda seen: (entry for entry in look(seen) if entry.inside == (section,))


def _open(seen: Seen) -> Iterator[Entry]:
    yield from looks.says("module", "open")(seen)
    filters = {
        entry.inside[0].partition(":")[2]
        for entry in seen.all("use", "paste.filter_factory")
        if _OURS.search(entry.value)
    }
    for entry in seen.all("pipeline"):
        if entry.inside[0].startswith("pipeline:") and not filters & {*entry.words}:
            yield entry


RULES: Mapping[str, Rule] = {
    "in-process-open": Rule(
        _open,
        "nothing of the proxy stands around Placement",
        "filter_factory around the application, or a filter with use = egg:policy-proxy in the "
        "pipeline",
        "[pipeline:main]\npipeline = cors placement\n",
    ),
    "in-process-noauth": Rule(
        _within("api", looks.names("auth_strategy", "noauth")),
        "Placement takes callers for whom they say they are, should the proxy's filter go missing",
        "auth_strategy = keystone",
        "[api]\nauth_strategy = noauth2\n",
    ),
    "in-process-delayed": Rule(
        _within("keystone_authtoken", looks.says("delay_auth_decision", *looks.YES)),
        "Placement's own middleware lets requests without a good token through",
        "take it away",
        "[keystone_authtoken]\ndelay_auth_decision = true\n",
    ),
    "in-process-service-roles": Rule(
        _within("keystone_authtoken", looks.says("service_token_roles_required", *NO)),
        "any valid token is taken for one of a service, and with it an expired one of a user",
        "service_token_roles_required = true",
        "[keystone_authtoken]\nservice_token_roles_required = false\n",
    ),
    "in-process-insecure": Rule(
        _within("keystone_authtoken", looks.says("insecure", *looks.YES)),
        "whoever stands between Placement and Keystone may say who is who",
        "take it away, and set cafile",
        "[keystone_authtoken]\ninsecure = true\n",
    ),
    "in-process-forwarded": Rule(
        _within("oslo_middleware", looks.says("enable_proxy_headers_parsing", *looks.YES)),
        "X-Forwarded-* and Forwarded of any client are believed",
        "take it away",
        "[oslo_middleware]\nenable_proxy_headers_parsing = true\n",
    ),
}

SERVER = Server(
    words="in Placement's own process",
    file="placement.conf",
    read=_read,
    rules=RULES,
    knows=lambda seen: any(seen.all("module", "pipeline", "auth_url", "auth_strategy")),
    unseen=("the WSGI server that serves it: check that with its own name",),
    with_backend=False,
)
