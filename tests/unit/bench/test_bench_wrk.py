"""What wrk prints, as `request.lua` has it print."""

from __future__ import annotations

import pytest

from bench.wrk import Load, parse

OUTPUT = """\
Running 2s test @ http://127.0.0.1:8778
  1 threads and 16 connections
Requests/sec:   1370.10

{"requests": 2740, "seconds": 2.000012, "bytes": 3124000, "p50": 10800.0, "p90": 19900.0, \
"p99": 30900.0, "refused": 1, "broken": 2}
"""


def test_its_last_line_is_the_load():
    assert parse(OUTPUT) == Load(2740, 2.000012, 3124000, 10800.0, 19900.0, 30900.0, 1, 2)


def test_without_that_line_what_it_said_is_the_error():
    with pytest.raises(RuntimeError, match="wrk failed: unable to connect"):
        parse("", "unable to connect to 127.0.0.1:1 Connection refused\n")
