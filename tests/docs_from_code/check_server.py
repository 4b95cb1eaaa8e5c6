"""Every finding of `check --server`: what breaks, what to do, and an example of it."""

from __future__ import annotations

import dataclasses
import tempfile
import textwrap
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

from policy_proxy import config
from policy_proxy.cli.servers.every import SERVERS
from policy_proxy.cli.servers.look import look
from policy_proxy.cli.servers.rule import Finding, Rule, Server
from policy_proxy.config import Settings

from .markdown import document, origin, table

ROOT = Path(__file__).parents[2]
WIDTH = 100
NAMES = ("HAProxy", "libcurl", "nginx", "uWSGI", "waitress")
"""Words that stay as they are at the beginning of a sentence."""
UNDER_32 = {
    "max_requests": 32,
    "max_body_readers": 4,
    "max_small_bodies": 12,
    "max_streams": 8,
}
"""`[limits]` for a server with 32 threads, as its page has them."""
ALIASES = ("granian",)
"""Other names of servers that have their section already."""

INTRODUCTION = """
# What a server could break

The proxy refuses what could be read in two ways, and passes on what it decided: as long as the
server that it runs in, or behind, lets it. `policy-proxy check` looks at that server's own
configuration, and says what in it would break which promise:

```console
$ policy-proxy check --config-file /etc/policy-proxy/policy-proxy.conf \\
    --server gunicorn --server-config /etc/policy-proxy/gunicorn.conf.py
```

`--server` is one of the names below. `--server-config` may come again where a server has several
files. For WSGI servers it may also be the systemd unit that starts them, so that options on the
command line are seen.

- gunicorn's file is Python, and is run, as gunicorn does. A Python file that calls waitress is
  read, not run. nginx's is parsed with what it includes.
- Without a file, only the environment (`GUNICORN_CMD_ARGS`, `UWSGI_...`) and the installed version
  are looked at, and nothing is called good that was not.
- Each run says what it did not look at. A file with nothing of the server in it is a problem.
- The proxy's own configuration is checked as ever: it refuses `delay_auth_decision`, for one.
- Exit code 0: nothing was found. 1: something was. 2: wrong usage.

What breaks depends on `[limits]`: the examples are for the defaults, with what the pages of
[gunicorn](gunicorn.md), [uWSGI](uwsgi.md) and [Apache](apache.md) have for 32 threads. A code keeps
its meaning.
"""


def reference() -> str:
    """docs/check-server.md."""
    servers = {name: one for name, one in SERVERS.items() if name not in ALIASES}
    return document(
        origin("policy_proxy/cli/servers"),
        INTRODUCTION,
        *(_section(name, one) for name, one in servers.items()),
    )


def _section(name: str, server: Server) -> str:
    named = f"`{name}`" if name != "serve" else "`serve`, `granian`"
    rows = [(f"[{code}](#{code})", _sentence(rule.breaks)) for code, rule in server.rules.items()]
    unseen = "; ".join(server.unseen)
    return document(
        f"## {name}",
        _filled(f"`--server` {named}: {server.words}. Its file, mostly: `{server.file}`."),
        _filled(f"Not looked at: {unseen}."),
        *(_filled(f"Whatever it is told: {words}.") for words in server.always),
        table(("Code", "What breaks"), rows),
        *(_rule(server, code, rule) for code, rule in server.rules.items()),
    )


def _rule(server: Server, code: str, rule: Rule) -> str:
    breaks = rule.breaks
    if breaks.split()[0].rstrip(",") not in NAMES:
        breaks = breaks[0].upper() + breaks[1:]
    blocks = [
        f"### {code}",
        _filled(_sentence(breaks)),
        _filled(f"*What to do:* {rule.remedy}."),
    ]
    if rule.bad:
        blocks.append(f"```text\n{rule.bad.expandtabs(4).rstrip()}\n```")
    if rule.environment:
        variables = "\n".join(f"{name}={value!r}" for name, value in rule.environment.items())
        blocks.append(f"In the environment:\n\n```sh\n{variables}\n```")
    if rule.version:
        blocks.append(f"Found in version {rule.version}.")
    return document(*blocks, f"```text\n{_said(server, code, rule)}\n```")


def _said(server: Server, code: str, rule: Rule) -> str:
    """The findings of the example, a line each, with paths from where its files are."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, server.file)
        path.write_text(rule.bad, encoding="utf-8")
        found = found_in(
            server,
            [str(path)] if rule.bad else [],
            {} if rule.bad else rule.environment,
            rule.version,
        )
        said = [str(one).replace(f"{folder}/", "") for one in found if one.code == code]
    return "\n".join(said)


def found_in(
    server: Server, files: Sequence[str], environment: Mapping[str, str], version: str = ""
) -> tuple[Finding, ...]:
    """What is found beside the sample configuration of the proxy, with `UNDER_32`."""
    return look(server, files, environment, _ours(), version).found


@cache
def _ours() -> Settings:
    settings = config.read([str(ROOT / "etc" / "policy-proxy.conf")])
    return dataclasses.replace(settings, limits=dataclasses.replace(settings.limits, **UNDER_32))


def _sentence(text: str) -> str:
    return text if text.endswith(")") else f"{text}."


def _filled(text: str) -> str:
    return textwrap.fill(text, WIDTH, break_long_words=False, break_on_hyphens=False)
