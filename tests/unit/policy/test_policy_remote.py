from __future__ import annotations

import json
from urllib.parse import parse_qsl

import pytest
from oslo_config import cfg
from oslo_policy import _external, opts, policy

from policy_proxy.policy.remote import FORM, allows, asking, encoded, fault, not_asked, shown

JSON = "application/json"
TARGET = {"project_id": "p", "name": 'a&b="ü"'}
CREDS = {"user_id": "u", "domain_id": None, "roles": ["a", "b"], "is_admin_project": True}


@pytest.mark.parametrize(
    "url",
    [
        "https://policy.example",
        "https://policy.example:8443/v1/decide?for=placement",
        "https://[2001:db8::1]/x",
        "http://127.0.0.1:8080/decide",
        "http://127.8.9.10/",
        "http://[::1]:80/",
        "http://localhost:8080",
    ],
)
def test_a_fixed_url_with_tls_or_on_this_host_may_be_asked(url):
    assert fault(url) == ""


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("https://policy.example/%(project_id)s", "not the same for every request"),
        ("https://%(host)s/", "not the same for every request"),
        ("https://policy.example/a%20b", "not the same for every request"),
        ("http://policy.example/", "in the clear"),
        ("http://10.0.0.1/", "in the clear"),
        ("http://127.0.0.1.example/", "in the clear"),
        ("http://localhost.example/", "in the clear"),
        ("http://0.0.0.0/", "in the clear"),
        ("http:%(url)s", "not the same"),
        ("https:", "no URL with a host"),
        ("https:/policy.example", "no URL with a host"),
        ("https://", "no URL with a host"),
        ("https://:443/", "no URL with a host"),
        ("https://pölicy.example/", "no URL with a host"),
        ("https://policy.example/\x7f", "no URL with a host"),
        ("https://policy.example:99999/", "no URL"),
        ("https://policy.example:port/", "no URL"),
        ("https://[::1/", "no URL"),
        ("https://user:word@policy.example/", "user name"),
        ("https://127.0.0.1@policy.example/", "user name"),
        ("https://policy.example/#top", "fragment"),
    ],
)
def test_any_other_url_is_never_asked(url, reason):
    assert reason in fault(url)


@pytest.mark.parametrize("body", [b"True", b'"True"'])
def test_a_plain_yes_is_consent(body):
    assert allows(200, body)


@pytest.mark.parametrize("status", [100, 201, 202, 204, 206, 301, 302, 400, 403, 500])
def test_no_other_status_is(status):
    assert not allows(status, b"True")


@pytest.mark.parametrize(
    "body",
    [b"", b"true", b"TRUE", b" True", b"True\n", b"True ", b"True\x00", b'"True', b'""True""', b"1",
     b"TrueTrue", b"'True'", b'{"allowed": true}', b"\xef\xbb\xbfTrue", b"False"],
)  # fmt: skip
def test_no_other_body_is(body):
    assert not allows(200, body)


@pytest.mark.parametrize("content_type", [FORM, JSON])
def test_what_is_sent_is_oslo_policys(content_type):
    conf = cfg.ConfigOpts()
    opts.set_defaults(conf)
    conf.set_override("remote_content_type", content_type, group="oslo_policy")
    form, document = _external.HttpCheck._construct_payload(
        CREDS, "rule", policy.Enforcer(conf), TARGET
    )
    ours = encoded({"rule": "rule", "target": TARGET, "credentials": CREDS}, content_type)
    if content_type == FORM:
        fields = dict(parse_qsl(ours.decode()))
        assert {name: json.loads(text) for name, text in fields.items()} == {
            name: json.loads(text) for name, text in form.items()
        }
    else:
        assert json.loads(ours) == document


def test_asking_sends_the_payload_and_judges_the_answer():
    sent = []
    answers = iter([(200, b"True"), (200, b"False"), (500, b"True")])

    def send(*given):
        sent.append(given)
        return next(answers)

    ask = asking(send, JSON)
    assert [ask("https://x/", {"rule": "r"}) for _ in range(3)] == [True, False, False]
    assert set(sent) == {("https://x/", JSON, b'{"rule": "r"}')}


def test_not_asking_is_an_error():
    with pytest.raises(PermissionError, match="https://x/ is not asked"):
        not_asked("https://x/", {})


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("https://u:s3cret@decider.example/x?token=s3cret", "https://…@decider.example/x?…"),
        ("asks https://u:s3cret@h:8443/x?t=s3cret, which", "asks https://…@h:8443/x?…, which"),
        ("'https://h/a#s3cret')", "'https://h/a#…')"),
        ("HTTPS:u:s3cret@h", "HTTPS:…@h"),
        ("https://u:s3cret?x@h/", "https://…"),
        ("https://u:s3cret", "https://…"),
        ("http://h/?s3cret and https://g/?s3cret", "http://h/?… and https://g/?…"),
        ("https://[::1]:80/x or http://[::1]/", "https://[::1]:80/x or http://[::1]/"),
        ("https://decider.example/may", "https://decider.example/may"),
        ("https: or role:a@b?c", "https: or role:a@b?c"),
    ],
)
def test_of_a_url_scheme_host_and_path_are_shown(text, told):
    assert shown(text) == told
    assert shown(told) == told


def test_a_url_that_is_not_asked_is_not_told_in_full():
    with pytest.raises(PermissionError, match=r"^https://h/x\?… is not asked") as error:
        not_asked("https://h/x?s3cret", {})
    assert "s3cret" not in str(error.value)
