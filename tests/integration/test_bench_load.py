"""What the benchmark's load generator sends, where it is installed."""

from __future__ import annotations

import shutil

from bench import work
from bench.wrk import Generator
from harness.programs import missing
from integration.raw_backend import OK, RawBackend, answering


def test_tokens_and_providers_take_turns(tmp_path):
    if shutil.which("wrk") is None:
        missing("there is no wrk, which sends the load: apt-get install wrk, as root")
    tokens = tmp_path / "tokens"
    tokens.write_text("one\ntwo\nthree\n")
    with RawBackend(answering(OK)) as backend:
        generator = Generator(tmp_path, tokens)
        load = generator.run(backend.url, work.get_of(4), connections=1, tokens=2, seconds=1)
    assert load.requests > 8
    assert (load.refused, load.broken) == (0, 0)
    lines = [request.decode().split("\r\n") for request in backend.requests[:8]]
    paths = [head[0].split()[1] for head in lines]
    assert len(set(paths[:4])) == 4
    assert paths[4:] == paths[:4]
    known = [line.partition(": ")[2] for head in lines for line in head if "X-Auth-Token" in line]
    assert known in (["one", "two"] * 4, ["two", "one"] * 4)
