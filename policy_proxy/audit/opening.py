"""The sink that the configuration asks for."""

from __future__ import annotations

import stat
from functools import partial
from pathlib import Path

from policy_proxy.audit import keys
from policy_proxy.audit.destination import Destination
from policy_proxy.audit.rotation import Rotation
from policy_proxy.audit.seal import Seal
from policy_proxy.audit.sink import FileSink, LogSink, Sink
from policy_proxy.audit.strict import StrictSink
from policy_proxy.config.audit import AuditSettings
from policy_proxy.errors import ConfigurationError

_READS = frozenset({"GET", "HEAD"})


def sink(settings: AuditSettings) -> Sink:
    """
    :raises ConfigurationError: if the file cannot be opened for appending, or the key not be used.
    """
    path = settings.file
    if path is None:
        return LogSink()
    problems = problems_of(path, settings)
    if problems:
        raise ConfigurationError(problems)
    strict = settings.strict != "off"
    seal = Seal(keys.read(settings.key_file)[0]) if settings.key_file else None
    try:
        rotation = Rotation(path, settings.max_bytes, settings.keep) if settings.max_bytes else None
        destination = Destination(path, seal, rotation, durable=strict)
    except OSError as error:
        problem = f"[audit] file = {path} cannot be opened for appending: {error.strerror}"
        raise ConfigurationError([problem]) from None
    if not strict:
        return FileSink(path, destination, settings.timeout)
    return StrictSink(path, destination, settings.timeout, partial(_covered, settings.strict))


def problems_of(path: str, settings: AuditSettings) -> list[str]:
    """What is wrong with the key, and with the kind of the file if it exists, a sentence each."""
    found = []
    try:
        mode = Path(path).stat().st_mode
    except OSError:  # whoever opens it says why
        mode = stat.S_IFREG
    if settings.strict != "off" and not (stat.S_ISREG(mode) or stat.S_ISFIFO(mode)):
        found.append(
            f"[audit] file = {path} is neither a file nor a FIFO: with [audit] strict = "
            f"{settings.strict} name one that keeps what it is given"
        )
    if settings.max_bytes and not stat.S_ISREG(mode):
        found.append(f"[audit] file = {path} is no file to rename: leave [audit] max_bytes out")
    if settings.key_file:
        try:
            keys.read(settings.key_file)
        except keys.KeyFileError as error:
            found.append(f"[audit] key_file = {error}")
    return found


def _covered(strict: str, method: str) -> bool:
    return strict == "all" or method not in _READS
