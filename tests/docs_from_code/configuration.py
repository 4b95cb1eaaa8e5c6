"""The options: a reference of all, and a configuration file to start from."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from types import ModuleType
from typing import Any

from oslo_config import cfg

from policy_proxy import config

from .libraries import CHOSEN, LIBRARIES
from .markdown import code, document, origin, table

KINDS = {
    cfg.BoolOpt: "true or false",
    cfg.FloatOpt: "number",
    cfg.HostAddressOpt: "host name or address",
    cfg.IntOpt: "whole number",
    cfg.ListOpt: "list, separated by commas",
    cfg.PortOpt: "port",
    cfg.StrOpt: "text",
    cfg.URIOpt: "URL",
}
COUNTS = (cfg.FloatOpt, cfg.IntOpt)

INTRODUCTION = f"""
# Configuration

One file in the INI format of oslo.config. `policy-proxy serve` and `policy-proxy check` take it
with `--config-file`; under another WSGI server it is the file that the environment variable
`{config.ENVIRONMENT_VARIABLE}` names, or `{config.DEFAULT_FILE}`.
[etc/policy-proxy.conf](../etc/policy-proxy.conf) is a sample to start from.

- `policy-proxy check --config-file FILE` names every problem at once, each with its remedy.
- A name in the proxy's own sections that no option has is a problem too, so a slip of the pen does
  not leave a default in force.
- The file is read at the start, and again when `serve` is told to [restart](serve.md#signals).
  Only policy files are read again while the service runs.
- An environment variable `OS_<SECTION>__<OPTION>` (in capitals, two underscores in the middle)
  overrides the file. So a password need not be in it: `OS_KEYSTONE_AUTHTOKEN__PASSWORD`.
- `$` begins a reference to another option; a `$` that is meant as such, in a password say, is `$$`.

The first sections are the proxy's own. The last three are those of libraries that other OpenStack
services use as well: `[{"]`, `[".join(LIBRARIES)}]`.
"""

SAMPLE_HEAD = """\
# A configuration to start from. Written by `make docs` from the options in policy_proxy/config.
#
# What has no # before it has to be made your own; everything else shows the default. The password
# of the service user is missing: set it under [keystone_authtoken], or in the environment as
# OS_KEYSTONE_AUTHTOKEN__PASSWORD. Then ask for every problem at once:
#
#   policy-proxy check --config-file /etc/policy-proxy/policy-proxy.conf
#
# docs/configuration.md says the same in tables.
"""


def reference() -> str:
    """docs/configuration.md."""
    ours = [_our_section(section) for section in config.SECTIONS]
    theirs = [_their_section(name) for name in LIBRARIES]
    return document(origin("policy_proxy/config"), INTRODUCTION, *ours, *theirs)


def sample() -> str:
    """etc/policy-proxy.conf."""
    sections = [(s.GROUP, [(o.name, _help(o), o.default) for o in s.OPTS]) for s in config.SECTIONS]
    sections += [(name, list(_options(name))) for name in LIBRARIES]
    blocks = ["\n".join(_settings(name, options)) for name, options in sections]
    return SAMPLE_HEAD + "".join(blocks)


def _settings(section: str, options: list[tuple[str, str, Any]]) -> Iterator[str]:
    """The lines of a section of an INI file: of each option what it is, and its value."""
    yield f"\n[{section}]"
    for name, text, default in options:
        plain = text.replace("`", "")
        yield textwrap.fill(plain, 100, initial_indent="# ", subsequent_indent="# ")
        chosen = CHOSEN.get((section, name))
        yield f"{name} = {chosen}\n" if chosen else f"#{name} = {_shown(default)}".rstrip() + "\n"


def _our_section(section: ModuleType) -> str:
    _, _, meaning = (section.__doc__ or "").partition(": ")
    rows = [(code(o.name), _kind(o), code(_shown(o.default)), _help(o)) for o in section.OPTS]
    head = ("Option", "Type", "Default", "Meaning")
    return document(f"## [{section.GROUP}]", meaning[:1].upper() + meaning[1:], table(head, rows))


def _their_section(name: str) -> str:
    rows = [(code(option), code(_shown(value)), text) for option, text, value in _options(name)]
    return document(
        f"## [{name}]",
        LIBRARIES[name].introduction,
        table(("Option", "Default", "Meaning here"), rows),
    )


def _options(name: str) -> Iterator[tuple[str, str, Any]]:
    """The options of a library's section, each with its default; a login plugin's have none."""
    defaults = dict(config.parse([])[name])
    for option, text in LIBRARIES[name].options.items():
        yield option, text, defaults.get(option)


def _kind(option: Any) -> str:
    """The type in words, with the values that it allows."""
    least, most, choices = (getattr(option.type, n, None) for n in ("min", "max", "choices"))
    if choices:
        return ", ".join(map(code, choices))
    if getattr(option.type, "regex", None):
        return str(option.type.type_name)
    if least is None or type(option) not in COUNTS:
        return KINDS[type(option)]
    bound = f"{least:g} or more" if most is None else f"{least:g} to {most:g}"
    return f"{KINDS[type(option)]}, {bound}"


def _help(option: Any) -> str:
    """The help, with what each of a few values means."""
    choices = getattr(option.type, "choices", None) or {}
    meanings = "; ".join(f"`{value}`: {text}" for value, text in choices.items() if text)
    return f"{option.help} {meanings}." if meanings else str(option.help)


def _shown(value: Any) -> str:
    """A value as it would stand in the file; nothing for an option that is not set."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)
