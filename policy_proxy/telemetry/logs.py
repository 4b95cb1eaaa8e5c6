"""How the service logs: one line an event, to stderr."""

from __future__ import annotations

import logging
import re
from typing import Any

_QUIET = ("keystoneauth", "keystonemiddleware", "oslo_policy", "stevedore", "urllib3")


_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


class OneLine(logging.Formatter):
    """Keeps each event on a line of its own: names come from outside, and can hold a line break.

    The traceback that may follow has lines of its own.
    """

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  logging's name
        return _CONTROL.sub(_escaped, super().formatMessage(record))


def _escaped(found: re.Match[str]) -> str:
    return repr(found[0])[1:-1]


def configuration(level: str) -> dict[str, Any]:
    """A configuration for `logging.config.dictConfig`.

    :param level: debug, info, warning or error. The libraries below speak one level less freely:
        at debug they would repeat every request that they make.
    """
    upper = level.upper()
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "line": {
                "()": OneLine,
                "format": "%(asctime)s %(levelname)s %(process)d %(name)s %(message)s",
            }
        },
        "handlers": {
            "stderr": {
                "class": "logging.StreamHandler",
                "formatter": "line",
                "stream": "ext://sys.stderr",
            }
        },
        "root": {"level": upper, "handlers": ["stderr"]},
        "loggers": {
            "policy_proxy.audit": {"level": "INFO"},  # a record is no matter of taste
            "_granian": {
                "level": upper,
                "handlers": [],
                "propagate": True,
            },  # it has one of its own
            **{name: {"level": "INFO" if upper == "DEBUG" else "WARNING"} for name in _QUIET},
        },
    }
