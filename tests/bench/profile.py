"""A flame picture of a worker of ours under load, by py-spy: https://github.com/benfred/py-spy.

py-spy looks from outside at who holds the interpreter lock, so waiting is not in the picture, and
neither is what the system does for us without the lock.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from bench import loaded, work, world
from bench.parts import load
from bench.titles import titled
from bench.wrk import Generator

RATE = 250
"""Samples a second."""
SECONDS = 10


def flame(folder: Path, picture: Path) -> Path:
    """Draw it as an SVG to `picture`.

    :param folder: of the state that is kept between runs.
    :raises RuntimeError: if py-spy is not installed, or fails.
    """
    beside = str(Path(sys.executable).parent)
    program = shutil.which("py-spy", path=beside) or shutil.which("py-spy")
    if program is None:
        raise RuntimeError("py-spy is not installed: pip install py-spy")
    with (
        world.running(folder, load.TOKENS) as started,
        loaded.started(started, ("ours",)) as running,
    ):
        one = running["ours"]
        loaded.prime(started, one, load.TOKENS)
        generator = Generator(folder, started.identities.tokens)
        with generator.running(
            one.url,
            work.get(),
            connections=load.CONNECTIONS,
            tokens=load.TOKENS,
            seconds=SECONDS + 30,
        ):
            worker = str(one.processes()[-1].pid)
            sampled = ["--rate", str(RATE), "--duration", str(SECONDS), "--gil", "--nonblocking"]
            written = ["--format", "flamegraph", "--output", str(picture)]
            done = subprocess.run(
                [program, "record", "--pid", worker, *sampled, *written],
                capture_output=True,
                text=True,
                check=False,
            )
    if done.returncode:
        raise RuntimeError(f"py-spy failed: {done.stderr.strip()[-500:]}")
    picture.write_text(titled(picture.read_text(encoding="utf-8")), encoding="utf-8")
    return picture
