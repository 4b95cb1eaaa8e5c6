"""waitress: https://docs.pylonsproject.org/projects/waitress/en/stable/arguments.html."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from policy_proxy.cli.servers import looks, versions
from policy_proxy.cli.servers.entry import Entry
from policy_proxy.cli.servers.files import command_line, ini, python_call
from policy_proxy.cli.servers.rule import Environment, Rule, Server

SETTINGS = (
    "clear_untrusted_proxy_headers",
    "connection_limit",
    "expose_tracebacks",
    "max_request_body_size",
    "max_request_header_size",
    "threads",
    "trusted_proxy",
    "trusted_proxy_headers",
)


def _read(files: Sequence[str], environment: Environment) -> Iterator[Entry]:
    """A Python file that calls waitress, the `[server:...]` of a paste file, or a systemd unit."""
    del environment  # waitress reads none of it
    for file in files:
        if file.endswith(".py"):
            yield from python_call.entries(file, SETTINGS)
            yield from python_call.imports(file)
        elif file.endswith(".ini"):
            yield from (e for e in ini.entries(file) if any("server:" in b for b in e.inside))
        else:
            for entry in command_line.options(file, "waitress-serve"):
                name = entry.name.replace("-", "_")
                yield Entry(entry.place, name, entry.words, shown=entry.shown)


RULES: Mapping[str, Rule] = {
    "waitress-trusted-proxy": Rule(
        looks.trusts_anyone("trusted_proxy"),
        "any client may say from where it comes, and that TLS was used",
        "trusted_proxy = the address of what stands in front",
        'waitress.serve(application, trusted_proxy="*")\n',
    ),
    "waitress-untrusted-headers": Rule(
        looks.says("clear_untrusted_proxy_headers", "false", "off", "0", "no"),
        "X-Forwarded-* of any client get through to the application",
        "take it away",
        "waitress.serve(application, clear_untrusted_proxy_headers=False)\n",
    ),
    "waitress-tracebacks": Rule(
        looks.says("expose_tracebacks", *looks.YES),
        "a traceback, with paths and values, goes to the client",
        "take it away",
        "waitress.serve(application, expose_tracebacks=True)\n",
    ),
    "waitress-threads": Rule(
        looks.few_threads("threads", 4),
        "waitress answers one request at a time: one slow backend stops it, and its /healthcheck",
        "threads = 32",
        "waitress.serve(application, threads=1)\n",
    ),
    "waitress-body-readers": Rule(
        looks.all_threads_read("threads", 4),
        "[limits] max_body_readers and max_streams together are not below it: large bodies and "
        "answers could take every thread",
        "raise threads to 32, or lower these",
        "waitress.serve(application)\n",
    ),
    "waitress-header-size": Rule(
        looks.below(
            "max_request_header_size",
            262_144,
            lambda ours: looks.request_line(ours) + looks.header_line(ours),
        ),
        "waitress refuses by itself what [limits] max_target_bytes and max_header_bytes allow",
        "max_request_header_size = 131072",
        "waitress.serve(application, max_request_header_size=8192)\n",
    ),
    "waitress-body-size": Rule(
        looks.below("max_request_body_size", 1_073_741_824, looks.body),
        "waitress refuses by itself bodies that [limits] max_body_bytes allows",
        "raise it to max_body_bytes and one more",
        "waitress.serve(application, max_request_body_size=1048576)\n",
    ),
    "waitress-version": Rule(
        looks.older(3, 0, 1),
        "a second request on a connection that is about to be closed is answered all the same "
        "(GHSA-9298-4cf8-g4wj)",
        "upgrade waitress",
        version="3.0.0",
    ),
}

SERVER = Server(
    words="waitress, one process with threads",
    file="waitress_server.py",
    read=_read,
    rules=RULES,
    version=versions.of_distribution("waitress"),
    always=(
        (
            "bodies are read whole before the proxy has a say, those of more than inbuf_overflow "
            "into files"
        ),
    ),
    knows=lambda seen: any(seen.all("import waitress", *SETTINGS, "use", "listen")),
    unseen=("values that the file computes, and arguments of the command line",),
)
