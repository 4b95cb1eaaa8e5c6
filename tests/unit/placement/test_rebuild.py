from __future__ import annotations

import re
import uuid

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from placement import exception

from policy_proxy.model import Operation, Request
from policy_proxy.placement.rebuild import NOT_SHOWN, rebuilt_sentence
from policy_proxy.placement.sentences import CAUSES, REPLACED, SENTENCES

PART = re.compile(r"{[a-z]+}")
NEVER = ("{actual}", "{private}")
SIMPLE = [sentence for sentence in (*CAUSES, *SENTENCES) if "{cause}" not in sentence]
OUTER = [sentence for sentence in SENTENCES if "{cause}" in sentence]

# Words of Placement's that no client can be given: raised and caught inside, or never raised.
INTERNAL = {
    "_BaseException",
    "CannotDeleteParentResourceProvider",  # worded anew by the handler
    "ConsumerExists",
    "ConsumerNotFound",
    "ConsumerTypeExists",
    "Exists",
    "MaxDBRetriesExceeded",  # worded anew by the handler
    "NotFound",  # always raised with a text of its own
    "ObjectActionError",  # its reasons are entries of their own
    "PolicyNotAuthorized",  # a 403 has one sentence only
    "ProjectExists",
    "ProjectNotFound",
    "ResourceClassCannotUpdateStandard",  # worded anew by the handler
    "ResourceClassExists",  # worded anew by the handler
    "ResourceProviderNotFound",  # an empty result
    "TraitExists",
    "UserExists",
    "UserNotFound",
}

WORDS = st.text("abcXYZ019_.-", min_size=1, max_size=20)


def request(*values):
    return Request(
        operation=Operation(rule="r", method="GET", template="/x"),
        method="GET",
        path="/x",
        params={},
        query=tuple(("name", value) for value in values),
        microversion="",
    )


def filled(sentence, values):
    """The sentence with the next value in each of its parts."""
    supply = iter(values)
    return PART.sub(lambda _: next(supply), sentence)


def parts_of(sentence):
    return PART.findall(sentence)


@settings(max_examples=400, deadline=None)
@given(data=st.data())
def test_a_sentence_about_what_the_client_sent_survives_whole(data):
    sentence = data.draw(st.sampled_from(SIMPLE))
    values = [data.draw(WORDS) for _ in parts_of(sentence)]
    shown = [
        NOT_SHOWN if part in NEVER else value
        for part, value in zip(parts_of(sentence), values, strict=True)
    ]

    rebuilt = rebuilt_sentence(filled(sentence, values), request(*values))

    assert rebuilt == filled(sentence, shown)


@pytest.mark.parametrize("sentence", [*SIMPLE, *REPLACED])
def test_a_sentence_keeps_its_words_and_loses_every_value_not_sent(sentence):
    secrets = [uuid.uuid4().hex for _ in parts_of(sentence)]

    rebuilt = rebuilt_sentence(filled(sentence, secrets), request("other"))

    assert rebuilt == PART.sub(NOT_SHOWN, REPLACED.get(sentence, sentence))


@pytest.mark.parametrize("outer", OUTER)
def test_a_cause_is_told_within_its_sentence(outer):
    values = [f"v{number}" for number in range(9)]
    for inner in CAUSES:
        text = filled(outer.replace("{cause}", inner), values)
        assert rebuilt_sentence(text, request(*values)) == text


@pytest.mark.parametrize("outer", OUTER)
def test_a_sentence_with_an_unknown_cause_says_nothing_of_it(outer):
    secret = uuid.uuid4().hex
    text = filled(outer.replace("{cause}", f"(driver.Error) {secret}"), ["v1", "v2"])

    assert secret not in (rebuilt_sentence(text, request("v1", "v2")) or "")


def test_every_text_of_placements_exceptions_is_known():
    unknown = {
        name
        for name, kind in vars(exception).items()
        if isinstance(kind, type) and issubclass(kind, exception._BaseException)
        if rebuilt_sentence(re.sub(r"%\(\w+\)s", "v1", kind.msg_fmt), request("v1")) is None
    }
    assert unknown <= INTERNAL


@pytest.mark.parametrize(
    "text",
    ["", "x", "No such resource class", "no such resource class A.", "resource provider", "\n"],
)
def test_any_other_text_is_not_told(text):
    assert rebuilt_sentence(text, request(text)) is None


def test_a_list_is_shown_if_each_of_its_items_was_sent():
    sent = request("VCPU,DISK_GB")

    assert rebuilt_sentence("No such trait(s): VCPU, DISK_GB.", sent) == (
        "No such trait(s): VCPU, DISK_GB."
    )
    assert rebuilt_sentence("No such trait(s): VCPU, VGPU.", sent) == (
        f"No such trait(s): {NOT_SHOWN}."
    )


def test_a_value_too_long_to_read_is_not_shown():
    name = "x" * 600
    assert rebuilt_sentence(f"Malformed consumer_uuid: {name}", request(name)) == (
        f"Malformed consumer_uuid: {NOT_SHOWN}"
    )


def test_a_value_that_looks_like_a_part_is_not_filled():
    assert rebuilt_sentence("Malformed consumer_uuid: {cause}", request("{cause}")) == (
        "Malformed consumer_uuid: {cause}"
    )
