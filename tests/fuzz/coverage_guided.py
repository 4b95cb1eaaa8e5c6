"""atheris, which looks for inputs that reach new lines.

`python -m fuzz.coverage_guided SUBJECT SECONDS`: it needs its own process.

It ends the process by itself, with an exit code other than 0 for a finding.
"""

from __future__ import annotations

import sys

import atheris

with atheris.instrument_imports(include=["policy_proxy"]):
    from fuzz.subjects import SUBJECTS

from hypothesis import HealthCheck, given, settings


def main() -> None:
    name, seconds = sys.argv[1:3]
    subject = SUBJECTS[name]
    with subject.opened() as check:

        @settings(database=None, deadline=None, suppress_health_check=list(HealthCheck))
        @given(subject.values)
        def one(value: object) -> None:
            check(value)

        options = [f"-max_total_time={seconds}", "-print_final_stats=1", "-max_len=4096"]
        atheris.Setup([sys.argv[0], *options], one.hypothesis.fuzz_one_input)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
