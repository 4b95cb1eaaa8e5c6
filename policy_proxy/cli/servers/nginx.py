"""nginx, in front of the proxy or asking the authorizer.

https://nginx.org/en/docs/dirindex.html has the meaning of directives.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from policy_proxy.cli.servers import looks, nginx_locations, versions
from policy_proxy.cli.servers.entry import Entry
from policy_proxy.cli.servers.files import nginx as file
from policy_proxy.cli.servers.rule import Environment, Rule, Server

MIB = 1_048_576


def _read(files: Sequence[str], environment: Environment) -> Iterator[Entry]:
    del environment  # nothing in it counts
    for name in files:
        yield from file.entries(name)


def _asking(
    *lines: str, asked: str = "internal; proxy_pass http://127.0.0.1:8779/authorize;"
) -> str:
    """A server that asks the authorizer, with these lines in its one location."""
    location = "\n".join(f"        {line}" for line in lines)
    return (
        "server {\n    location / {\n        auth_request /authorize;\n"
        f"{location}\n    }}\n    location = /authorize {{ {asked} }}\n}}\n"
    )


RULES: Mapping[str, Rule] = {
    "nginx-open-location": Rule(
        nginx_locations.unguarded,
        "nobody is asked whether this request may be: it is a way around the proxy",
        "auth_request in it, or in the server around it",
        _asking("proxy_pass http://127.0.0.1:8780;").replace(
            "    location =",
            "    location /usages { proxy_pass http://127.0.0.1:8780; }\n    location =",
        ),
    ),
    "nginx-open-check": Rule(
        nginx_locations.asked_by_clients,
        "clients can ask the authorizer themselves, of any request and with any headers",
        "internal; in the location that auth_request names",
        _asking(
            "proxy_pass http://127.0.0.1:8780;",
            asked="proxy_pass http://127.0.0.1:8779/authorize;",
        ),
    ),
    "nginx-original": Rule(
        nginx_locations.misled,
        "what is decided is not what the client sent, and so not what the backend gets",
        "X-Original-Method $request_method and X-Original-URI $request_uri",
        _asking(
            "proxy_pass http://127.0.0.1:8780;",
            asked="internal; proxy_pass http://127.0.0.1:8779/authorize; "
            "proxy_set_header X-Original-URI $uri;",
        ),
    ),
    "nginx-changed-path": Rule(
        nginx_locations.changed_path,
        "the backend gets another path than the one that was decided",
        "proxy_pass with scheme and host alone, not even a slash behind them, and no rewrite",
        _asking("proxy_pass http://127.0.0.1:8780/;"),
    ),
    "nginx-satisfy": Rule(
        nginx_locations.satisfied_otherwise,
        "whoever another rule lets in gets in, whatever the proxy says",
        "satisfy all",
        _asking("satisfy any;", "allow 10.0.0.0/8;", "proxy_pass http://127.0.0.1:8780;"),
    ),
    "nginx-error-page": Rule(
        nginx_locations.denial_replaced,
        "a denial becomes another answer, with another status",
        "error_page without = for 401 and 403",
        _asking("error_page 403 =200 /empty;", "proxy_pass http://127.0.0.1:8780;"),
    ),
    "nginx-cache": Rule(
        lambda seen: (e for e in seen.all("proxy_cache", "uwsgi_cache") if e.value != "off"),
        "answers for one caller, or decisions about one, are given to others",
        "take it away",
        _asking("proxy_cache placement;", "proxy_pass http://127.0.0.1:8780;"),
    ),
    "nginx-mirror": Rule(
        lambda seen: (e for e in seen.all("mirror") if e.value != "off"),
        "a copy of each request goes elsewhere, with its token",
        "take it away",
        "server { location / { mirror /copy; proxy_pass http://127.0.0.1:8778; } }\n",
    ),
    "nginx-retries": Rule(
        looks.names("proxy_next_upstream", r"\bnon_idempotent\b"),
        "a write that the backend did not answer is sent again: it may be done twice",
        "take non_idempotent away",
        "proxy_next_upstream error timeout non_idempotent;\n",
    ),
    "nginx-underscores": Rule(
        looks.says("underscores_in_headers", "on"),
        "X_Auth_Token gets through, and behind nginx is taken for X-Auth-Token",
        "take it away",
        "underscores_in_headers on;\n",
    ),
    "nginx-invalid-headers": Rule(
        looks.says("ignore_invalid_headers", "off"),
        "headers that break HTTP's grammar get through: what is behind may read them otherwise",
        "take it away",
        "ignore_invalid_headers off;\n",
    ),
    "nginx-merge-slashes": Rule(
        nginx_locations.merges,
        "a path with doubled slashes reaches a location that was not meant for it",
        "merge_slashes off",
        "server { location / { proxy_pass http://127.0.0.1:8778; } }\n",
    ),
    "nginx-request-line": Rule(
        nginx_locations.below(
            "large_client_header_buffers",
            8192,
            lambda ours: max(looks.request_line(ours), looks.header_line(ours)),
        ),
        "nginx refuses the long requests of nova by itself, without the proxy's error and with no "
        "audit record",
        "large_client_header_buffers 4 64k",
        "large_client_header_buffers 4 8k;\n",
    ),
    "nginx-body-size": Rule(
        nginx_locations.below("client_max_body_size", MIB, looks.body, zero=True),
        "nginx refuses by itself bodies that [limits] max_body_bytes allows",
        "client_max_body_size 8m, or what max_body_bytes is",
        "client_max_body_size 1m;\n",
    ),
    "nginx-bodies-on-disk": Rule(
        nginx_locations.bodies_on_disk,
        "bodies are copied to files on their way",
        "client_body_buffer_size as large as [limits] max_body_bytes, or "
        "proxy_request_buffering off",
        "server { location / { proxy_pass http://127.0.0.1:8778; } }\n",
    ),
    "nginx-answers-on-disk": Rule(
        nginx_locations.answers_on_disk,
        "inventories are copied to files on their way to a slow client",
        "proxy_max_temp_file_size 0, or proxy_buffering off",
        "server { location / { proxy_pass http://127.0.0.1:8778; } }\n",
    ),
    "nginx-real-ip": Rule(
        looks.trusts_anyone("set_real_ip_from"),
        "any client may say from which address it comes",
        "set_real_ip_from the addresses of what stands in front",
        "set_real_ip_from 0.0.0.0/0;\n",
    ),
    "nginx-log": Rule(
        looks.tells_secrets("log_format"),
        "whoever reads the log can use the tokens in it",
        "take the variable out of the format",
        "log_format tokens '$remote_addr $http_x_auth_token';\n",
    ),
    "nginx-version": Rule(
        looks.older(1, 21, 1),
        "a request with both Content-Length and Transfer-Encoding is taken, which what is behind "
        "may read otherwise (CHANGES of 1.21.1)",
        "upgrade nginx",
        version="1.18.0",
    ),
}

SERVER = Server(
    words="nginx, asking the authorizer or in front of the proxy",
    file="nginx.conf",
    read=_read,
    rules=RULES,
    version=versions.of_program("nginx", "-v"),
    knows=nginx_locations.passes_on,
    unseen=("nginx's main configuration, unless it is the file",),
)
