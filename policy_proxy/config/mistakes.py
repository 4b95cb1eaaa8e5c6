"""What oslo.config lets pass or says in Python's words: misspelt names, and values of a wrong type.

A name that nobody reads would leave the default in force without a word. Sentences about one option
begin with its section and name, `[section] name`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import Any

from oslo_config import cfg, types

_DOLLAR = "write $$ for each $ in it, since $ begins a reference to another option"
_LIKE = 0.8
"""How alike two sections' names are, from 0 to 1, for one to be a slip of the other."""
_WANTED = {
    types.Boolean: "true or false",
    types.HostAddress: "a host name or an address",
    types.String: "a name",
    types.URI: "a URL with scheme and host, such as http://HOST:PORT",
}


def names(files: Sequence[str], conf: cfg.ConfigOpts, own: Iterable[str]) -> list[str]:
    """Names in the files that no option has, a sentence each.

    :param own: the sections that are ours alone; libraries accept older names in theirs.
    """
    found = []
    for group, options in _written(files).items():
        if group not in conf:
            meant = get_close_matches(group, list(conf), n=1, cutoff=_LIKE)
            found += [f"there is no section [{group}]: write [{section}]" for section in meant]
        elif group in own:
            known = sorted(conf[group])
            for name in (name for name in options if name not in known):
                meant = get_close_matches(name, known, n=1) or [f"one of {', '.join(known)}"]
                found.append(f"[{group}] has no option {name}: write {meant[0]}")
    return found


def values(
    conf: cfg.ConfigOpts, own: Iterable[tuple[str, Sequence[cfg.Opt]]], defaults: cfg.ConfigOpts
) -> list[str]:
    """Values that their options do not take, a sentence each. None is shown: it may be a secret.

    In `conf` the default takes the place of such a value, so that the rest can be looked at.

    :param own: our sections with their options, whose types say what to write instead.
    :param defaults: the configuration without any file.
    """
    kinds = {(group, opt.dest): opt.type for group, options in own for opt in options}
    found = []
    for group in (name for name in conf if isinstance(conf[name], cfg.ConfigOpts.GroupAttr)):
        for name in conf[group]:
            try:
                _check_finite(conf[group][name])
            except (cfg.TemplateSubstitutionError, cfg.NoSuchOptError):
                found.append(f"[{group}] {name} cannot be read: {_DOLLAR}")
            except (cfg.Error, ValueError) as error:
                why = error.__context__ or error
                wanted = _wanted(kinds.get((group, name))) or f"another ({why})"
                found.append(f"[{group}] {name} is not valid: write {wanted}")
            else:
                continue
            conf.set_override(name, _default(defaults, group, name), group)
    return found


def _check_finite(value: Any) -> None:
    """Floats take `inf`, which is no bound, and `nan`, which passes every one: no comparison with
    it holds, so that what it bounds would never end.

    :raises ValueError: for one of these.
    """
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError("it is not a finite number")


def told_twice(sentence: str, others: Iterable[str]) -> bool:
    """Whether one of the others is about the same option."""
    return any(other.split(" ")[:2] == sentence.split(" ")[:2] for other in others)


def _default(defaults: cfg.ConfigOpts, group: str, name: str) -> Any:
    """An option of a login that only the file asks for has none."""
    return defaults[group][name] if group in defaults and name in defaults[group] else None


def _written(files: Sequence[str]) -> dict[str, dict[str, list[str]]]:
    sections: dict[str, dict[str, list[str]]] = {}
    for file in files:
        cfg.ConfigParser(file, sections).parse()
    return sections


def _wanted(kind: types.ConfigType | None) -> str:
    """What such an option takes, in words; nothing for a kind that is not among ours."""
    choices = getattr(kind, "choices", None)
    if choices:
        return " or ".join(choices)
    if isinstance(kind, types.String) and kind.regex:
        return str(kind.type_name)
    if isinstance(kind, types.Number):
        words = "a whole number" if isinstance(kind, types.Integer) else "a number"
        if kind.min is not None and kind.max is not None:
            return f"{words} from {kind.min:g} to {kind.max:g}"
        least = "" if kind.min is None else f", {kind.min:g} or more"
        most = "" if kind.max is None else f", {kind.max:g} or less"
        return words + least + most
    return _WANTED.get(type(kind), "")
