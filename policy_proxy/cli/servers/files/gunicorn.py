"""gunicorn's settings as gunicorn itself reads them."""

from __future__ import annotations

import ast
import json
import shlex
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from policy_proxy.cli.servers.entry import Entry, Unreadable
from policy_proxy.cli.servers.files import command_line, gunicorn_run

ARGUMENTS = "GUNICORN_CMD_ARGS"
DEFAULTS = {"FORWARDED_ALLOW_IPS": "forwarded_allow_ips", "WEB_CONCURRENCY": "workers"}
"""Variables that gunicorn takes a default from."""
LONGEST = "longest_request_line"
"""An entry of its own: more than this gunicorn makes of no `limit_request_line` but 0."""
_LONGEST = 8190
"""https://gunicorn.org/reference/settings/#limit_request_line"""
_PATIENCE = 30.0


def entries(files: Sequence[str], environment: Mapping[str, str]) -> Iterator[Entry]:
    """Every setting of gunicorn if there is a file, and else those of the environment.

    The file is Python, and is run, as gunicorn does. Of a unit, gunicorn's command line is read.

    :raises Unreadable: if gunicorn would not take it, or is not installed.
    """
    config, places, longest = _config(), dict[str, str](), _LONGEST
    for variable, name in DEFAULTS.items():
        if variable in environment:
            _set(config, {name: environment[variable]}, variable)
            places[name] = variable
    for file in files:
        more, moved = (
            _unit(config, file) if file.endswith(command_line.UNIT) else _own(config, file)
        )
        places |= more
        longest = moved or longest
    try:
        words = shlex.split(environment.get(ARGUMENTS, ""))
    except ValueError as error:
        raise Unreadable(f"{ARGUMENTS}: {error}: mend it") from None
    places |= _arguments(config, words, ARGUMENTS)
    for name, setting in config.settings.items():
        if name in places:
            yield _entry(places[name], name, setting.get())
        elif files:
            yield _entry(files[0], name, setting.get(), ", the default")
    yield Entry(files[0] if files else ARGUMENTS, LONGEST, (str(longest),))


def _unit(config: Any, file: str) -> tuple[Mapping[str, str], int | None]:
    """Where a systemd unit sets what: in the file that it names, or on its command line."""
    place, words = command_line.arguments(file, "gunicorn")
    named = _parsed(config, words, place).get("config")
    own, moved = _own(config, str(named).removeprefix("file:")) if named else ({}, None)
    return {**own, **_arguments(config, words, place)}, moved


def _own(config: Any, file: str) -> tuple[Mapping[str, str], int | None]:
    """Where a configuration file sets what, and what it makes of the longest request line."""
    assigned, moved = _ran(file)
    given = {name: one for name, one in assigned.items() if name in config.settings}
    _set(config, given, file)
    return _lines(file, given), moved


def _config() -> Any:
    try:
        return import_module("gunicorn.config").Config()
    except ImportError:
        raise Unreadable(
            f"gunicorn is not installed for {sys.executable}: run the policy-proxy that is "
            "installed beside the gunicorn that serves it"
        ) from None


def _ran(file: str) -> tuple[Mapping[str, object], int | None]:
    """What the file assigns, and the longest request line of gunicorn if it has moved it."""
    Path(file).read_bytes()  # that it cannot be read is told as of any other file
    done = subprocess.run(  # noqa: S603  this very Python, and a file that the operator named
        [sys.executable, "-P", gunicorn_run.__file__, file],
        capture_output=True,
        text=True,
        check=False,
        timeout=_PATIENCE,
    )
    if done.returncode:
        why = (done.stderr.strip() or "it ended").splitlines()[-1]
        raise Unreadable(f"{file}: cannot be run: {why}: mend it")
    found = json.loads(done.stdout)
    return found["given"], found["longest"]


def _lines(file: str, given: Mapping[str, object]) -> Mapping[str, str]:
    """Where the file sets what."""
    written = ast.walk(ast.parse(Path(file).read_bytes()))
    lines = {
        node.id: node.lineno
        for node in written
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    }
    return {name: f"{file}:{lines[name]}" if name in lines else file for name in given}


def _arguments(config: Any, words: list[str], place: str) -> Mapping[str, str]:
    given = _parsed(config, words, place)
    _set(config, given, place)
    return dict.fromkeys(given, place)


def _parsed(config: Any, words: list[str], place: str) -> Mapping[str, object]:
    try:
        given = vars(config.parser().parse_args(words))
    except SystemExit:
        raise Unreadable(f"{place}: gunicorn does not take these arguments: mend them") from None
    app = given.pop("args", None)
    given = {name: value for name, value in given.items() if value is not None}
    return {**given, "wsgi_app": app[0]} if app else given


def _set(config: Any, given: Mapping[str, object], place: str) -> None:
    for name, value in given.items():
        try:
            config.set(name, value)
        except Exception as error:  # noqa: BLE001  gunicorn's validators raise anything
            raise Unreadable(f"{place}: {name}: {error}: mend it") from None


def _entry(place: str, name: str, value: object, more: str = "") -> Entry:
    plain = " ".join(map(str, value)) if isinstance(value, list) else str(value)
    return Entry(place, name, tuple(plain.split()), shown=f"{name} = {value!r}{more}")
