from __future__ import annotations

import io
import logging
import logging.config
import subprocess
import sys

import pytest

from policy_proxy.telemetry.logs import OneLine, configuration


@pytest.fixture
def log():
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(OneLine("%(levelname)s %(message)s"))
    logger = logging.getLogger("of the test")
    logger.propagate = False
    logger.setLevel("INFO")
    logger.addHandler(handler)
    yield logger, stream
    logger.removeHandler(handler)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\x0b", "\x0c", "\x1c", "\x85", "\u2028"])
def test_nothing_from_outside_begins_a_line(log, end):
    logger, stream = log
    logger.info("roles: %s", f"x{end}ERROR forged")
    assert len(stream.getvalue().splitlines()) == 1
    assert "forged" in stream.getvalue()


def test_what_a_terminal_would_obey_is_shown_instead(log):
    logger, stream = log
    logger.info("\x1b[2J \x9b2J \u00e9 \u6f22")
    assert stream.getvalue() == "INFO \\x1b[2J \\x9b2J \u00e9 \u6f22\n"


def test_a_traceback_keeps_its_lines(log):
    logger, stream = log
    try:
        raise ValueError("x")
    except ValueError:
        logger.exception("it failed")
    lines = stream.getvalue().splitlines()
    assert lines[0] == "ERROR it failed"
    assert lines[1].startswith("Traceback")
    assert lines[-1] == "ValueError: x"


@pytest.mark.parametrize("level", ["debug", "info", "warning", "error"])
def test_the_configuration_is_one(level):
    logging.config.DictConfigurator(configuration(level)).configure_formatter(
        configuration(level)["formatters"]["line"]
    )


SPOKEN = """
import logging, logging.config, sys
from policy_proxy.telemetry.logs import configuration
logging.config.dictConfig(configuration(sys.argv[1]))
logging.getLogger("policy_proxy.audit").info("a record")
logging.getLogger("policy_proxy.policy").info("a remark")
logging.getLogger("_granian").error("Another matter")
"""


@pytest.mark.parametrize(
    ("level", "said"),
    [
        ("info", ["a record", "a remark", "Another matter"]),
        ("error", ["a record", "Another matter"]),
    ],
)
def test_audit_records_are_logged_at_every_level(level, said):
    """In a process of its own: logging is configured once for all."""
    command = [sys.executable, "-c", SPOKEN, level]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    assert [line.split(" ", 5)[5] for line in done.stderr.splitlines()] == said
