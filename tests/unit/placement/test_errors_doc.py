"""docs/errors.md shows what the code does."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path

import pytest

from unit.placement.captured_errors import public_of, row_named, sentence_of

DOC = (Path(__file__).parents[3] / "docs" / "errors.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^\| ([\w-]+) \| `(.+?)` \| `(.+?)` \|$", DOC, re.MULTILINE)


def test_there_are_examples():
    assert len(EXAMPLES) > 10


@pytest.mark.parametrize(("name", "before", "after"), EXAMPLES)
def test_an_example_is_a_captured_answer_and_what_is_made_of_it(name, before, after):
    row = row_named(name)
    body = row["response"]["body"]
    if isinstance(body, dict):
        text = sentence_of(body["errors"][0]["detail"]) if "errors" in body else json.dumps(body)
    else:
        text = body.replace("\n", "\\n")

    assert text == before or ("…" in before and text.startswith(before.removesuffix("…")))
    assert sentence_of(public_of(row).detail) == after


def test_the_shape_is_that_of_an_answer():
    row = row_named("404-rp")
    (shown,) = json.loads(re.search(r"```json\n(.+?)\n```", DOC, re.DOTALL)[1])["errors"]

    public = dataclasses.asdict(public_of(row))

    assert shown.pop("request_id") == row["response"]["body"]["errors"][0]["request_id"]
    assert shown == {name: value for name, value in public.items() if value}
