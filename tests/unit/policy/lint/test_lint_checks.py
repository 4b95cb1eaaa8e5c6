"""Check strings that oslo.policy does not understand, or that fail, or that can never match."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oslo_policy import _checks, policy

from harness.examples import some
from policy_proxy.policy.checks import MAX_DEPTH, faults

# Check strings by the code of what is wrong with them. Under `not` most let everyone in.
WRONG = {
    "PP111": [
        "admin", "not admin", "True", "true", "!@", "not !@", ")!", "not )!", "@!", "!!", "()", "(",
        ")", "not", "and", "or", "role:a and", "or role:a", "role:a role:b", "role:a not role:b",
        "(role:a", "role:a)", "((role:a)", "not (role:a", "role:a and or role:b", "role: a",
        "role :a", "'role:a'", '"role:a"', "role:a && role:b", "role:a || role:b", "!role:a and x",
        "role:a, role:b and c", "project_id:%(project_id)", "role:a or @@", "not ()", "not not",
        "role:a\u200b \u200b or role:b", "# role:a",
    ],
    "PP112": ["not " * MAX_DEPTH + "role:a", "not " * 3000 + "!"],
    "PP113": [
        "http://localhost/", "https://localhost/x", "not https://localhost/", "http:", "https:x",
        "role:a and http://localhost/%(x)s", "http://[::1]/", "https://user:word@localhost/",
    ],
    "PP114": [
        "project_id:None", "not project_id:None", "None:%(project_id)s", "not None:None",
        "'None':%(project_id)s", '"None":%(user_id)s', "not 'None':%(user_id)s", "roles:None",
        "is_admin_project:None", "user_id:None or role:a", "'None':None",
    ],
    "PP115": [
        "project_id:%s", "project_id:%", "role:50%", "not role:%r", "role:%(x)d", "role:%(x)r",
        "role:%(x)5s", "role:%(x).2s", "role:%(x)-5s", "role:%(x)*s", "role:%(x)c", "role:%(x",
        "role:%()s", "role:%(a(b))s", "role:%(x)s%", "role:%(x)%", "role:%%%", "role:a%b",
        "'a:%(x)s", "1a:%(x)s", ":%(x)s", "::", "%(x)s:admin", "{[]}:x", "[1:x", "[['role:a']]",
        "project_id.name:x", "roles.name:x", "is_admin_project.x:y", "role\u200b:a",
        "\u201crole:a\u201d", "lambda:x",
    ],
    "PP116": [
        "rol:a", "Role:a", "RULE:x", "tenant:%(x)s", "user.id:x", "x.y.z:a", "ünï:x", "_:x",
        "a-b:c", "f'x':x", "project_id[0]:x", "is_admin:True", "not tenant_id:x",
    ],
    "PP125": [
        "role:", "not role:", "project_id:", "'':", "role:''", 'role:"admin"', "role:'admin'",
        "not role:'admin'", "project_id:'%(project_id)s'", "role:admin\u200b", "role:\u2060admin",
        "role:ad\u00admin", "not role:admin\ufeff", "is_admin_project:true",
        "not is_admin_project:1", "is_admin_project:yes", "roles:'a'", "role:a or role:\u200b",
        "role:a,role:b", "role:a|rule:b", "not role:a||role:b", "role:a&role:b", "user_id:u;role:x",
        "role:a)or(role:b", "role:(a", "not role:a)x", "role:a)(b", "project_id:%(project_id)s)x",
        "role:guest,", "role:reader,member", "role:admin;", "role:a,%(x)s", "not role:%(x)s;",
        "roles:a,b", "service_roles:a;b", "'CUSTOM_G':%(trait)s,", "project_id:%(project_id)s,",
        "user_id:u;", "'CUSTOM_\u200bG':%(trait)s", "not 'G\u200b':%(trait)s", "'G,':%(trait)s",
        r"'G\u200b':%(trait)s", "b'CUSTOM_X':%(trait)s",
        "['a']:%(trait)s", "1j:%(trait)s", "...:%(trait)s", "system_scope:some", "system:some",
        "not system_scope:All", "system:", "system_scope:project_id", "system:a%%",
        "is_admin_project:100%%",
    ],
    "PP126": [
        "'trait':CUSTOM_X", "not 'CUSTOM_X':trait", "True:False", "True:True", "1:1", "not 1:2",
        "'a':a", "'a%%':x", "'CUSTOM_X':%%(trait)s", "'CUSTOM_X':{trait}", "1.5:1.5",
    ],
}  # fmt: skip
CASES = [(code, check) for code, checks in WRONG.items() for check in checks]


@pytest.mark.parametrize(("code", "check"), CASES, ids=lambda text: text[:30])
def test_what_is_wrong_with_a_check_is_an_error(code, check, linted):
    quoted = check.replace("\\", "\\\\").replace('"', '\\"')
    found = linted(
        f'"helper": "role:x"\n\n"admin_or_service_api": "rule:helper"\n"service_api": "{quoted}"\n'
    )
    assert {(p.code, p.line, p.rule) for p in found.problems} == {(code, 4, "service_api")}
    assert found.snapshot is None


@pytest.mark.parametrize(("code", "check"), CASES, ids=lambda text: text[:30])
@pytest.mark.parametrize("frame", ["role:x or ({})", "not ({})", "role:x and not ({})"])
def test_it_is_found_within_other_checks(code, check, frame):
    """But where parentheses or words are missing, a frame may happen to complete them."""
    found = {fault.code for fault in faults(frame.format(check))}
    assert code in found or (code == "PP111" and found)


@pytest.mark.parametrize(
    "check",
    [
        "role:%(project_id)s", "role:a%%", "'a%%':%(trait)s", "user_id:x'y", "role:'",
        "role:O'Neil", "role:a:b", "role:a(b)c", "-1:%(user_id)s", "user_id:a;b", "role:None",
        "not role:none", "roles:Admin", "is_admin_project:%(user_id)s", "project_id:none",
        "is_admin_project:True", "role:ZWJ", "role:\U0001f600", "role:あ", "role:payrole:x",
        "user_id:a,b", "role:rule", "role:a=b", "system_scope:%(user_id)s", "True:%(user_id)s",
        "1.5:%(user_id)s",
    ],
)  # fmt: skip
def test_odd_checks_that_can_be_evaluated_are_not_refused_for_that(check):
    assert faults(check) == []


@pytest.mark.parametrize(
    ("url", "codes"),
    [
        ("https://decider.example/", []),
        ("http://localhost:8080/x", []),
        ("http://127.0.0.1/", []),
        ("http://decider.example/", ["PP113"]),
        ("https://decider.example/%(project_id)s", ["PP113"]),
        ("https://user@decider.example/", ["PP113"]),
        ("https:", ["PP113"]),
    ],
)
def test_remote_checks_that_are_allowed_must_be_fixed_and_safe(url, codes, told_of):
    assert told_of(f"role:x or {url}", "admin_or_service_api", allow_remote_checks=True) == codes
    assert told_of(f"role:x or {url}", "admin_or_service_api") == ["PP113"]


class Picky(policy.Check):
    """A check of an extension, that takes only numbers."""

    def __init__(self, kind, match):
        super().__init__(kind, match)
        self.number = int(match)

    def __call__(self, target, creds, enforcer, current_rule=None):
        return self.number in creds.get("numbers", ())


@pytest.fixture
def picky(monkeypatch):
    monkeypatch.setitem(_checks.registered_checks, "number", Picky)


@pytest.mark.usefixtures("picky")
def test_an_extension_that_refuses_what_it_is_given_is_an_error(told_of):
    assert told_of("number:17 or role:x", "admin_or_service_api") == []
    assert told_of("number:many or role:x", "admin_or_service_api") == ["PP111"]
    assert told_of("number:many") == ["PP111"]


@settings(max_examples=some(500))
@given(st.text("ab:!@()'\"%.{}[]0N \u200b\u00a0-+,", max_size=12))
def test_whatever_has_no_fault_can_be_compiled_and_evaluated(linted, check):
    quoted = check.replace("\\", "\\\\").replace('"', '\\"')
    found = linted(f'"rule": "role:x"\n"admin_or_service_api": "not {quoted}"\n')
    if faults(f"not {check}"):
        assert found.snapshot is None
    elif found.snapshot is not None:
        assert found.snapshot.rules["admin_or_service_api"].holds({"roles": []}, {}) in (
            True,
            False,
        )


@pytest.mark.parametrize(
    "check",
    [
        "user_id:%%(user_id)s", "not user_id:%%(user_id)s", "user_id:{user_id}", "role:{trait}",
        "user_id:${user_id}", "user_id:user_id", "project_id:user_id", "role:a%%(x)s",
    ],
)  # fmt: skip
def test_a_reference_that_is_written_wrongly_is_a_warning(check, told_of):
    assert told_of(f"role:boss or {check}") == ["PP212"]


@pytest.mark.parametrize(
    "check",
    [
        "role:\u0430dmin", "role:\uff41dmin", "roles:\u0430dmin", "not role:re\u03b1der",
        "role:u\u0308ber", "role:\ufb01x", "user_id:\u0440aul", "'CUSTOM_\u0410':%(user_id)s",
        "'CUSTOM_\uff21':%(user_id)s", r"'CUSTOM_\u0410':%(user_id)s",
        "role:\u0430dmin-%(user_id)s",
    ],
    ids=ascii,
)  # fmt: skip
def test_a_text_that_may_look_like_another_is_a_warning(check, told_of):
    assert told_of(f"role:boss or {check}") == ["PP213"]


@pytest.mark.parametrize("check", ["role:gpu_*", "'CUSTOM_*':%(user_id)s", "role:%(user_id)s*"])
def test_a_text_that_looks_like_a_pattern_is_a_warning(check, told_of):
    assert told_of(f"role:boss or {check}") == ["PP215"]


@pytest.mark.parametrize(
    "check",
    [
        "role:админ", "role:\u00fcber", "role:管理者", "role:管理admin", "role:あ-team", "role:π",
        "user_id:a%%", "role:user_id", "'x':%(user_id)s", "role:админ-%(user_id)s", "user_id:{}",
        "user_id:a%%b", "role:\u0130",
    ],
    ids=ascii,
)  # fmt: skip
def test_a_text_in_one_script_and_a_reference_written_well_are_good(check, told_of):
    assert told_of(f"role:boss or {check}") == []


def test_a_doubt_about_a_rule_that_another_file_overrides_is_none(lint_files):
    files = {
        "policy.yaml": '"service_api": "user_id:{x}"\n',
        "policy.d/1.yaml": '"service_api": "role:x"\n',
    }
    assert lint_files(files) == ()


@pytest.mark.parametrize("allow", [True, False])
@pytest.mark.parametrize(
    "check",
    [
        "https://u:s3cret@decider.example/x?token=s3cret", "http://h/?s3cret", "HTTPS://u:s3cret@h/",
        "role:a https://u:s3cret@h/", "role:https://u:s3cret@h,", "rule:https://u:s3cret@h/",
        "https://h/%(x)s?s3cret", "https://h/a,b?s3cret%%", "(https://u:s3cret@h/",
    ],
)  # fmt: skip
def test_no_finding_tells_what_a_url_may_keep_secret(check, allow, linted):
    found = linted(f'"service_api": "{check}"\n', allow_remote_checks=allow).problems
    assert found
    assert "s3cret" not in "".join(map(repr, found))


def test_a_remote_check_in_force_is_shown_without_its_query_but_not_the_same_as_another(linted):
    one, other = (
        linted(f'"service_api": "https://h/x?{token}"\n', allow_remote_checks=True).snapshot
        for token in ("s3cret", "other")
    )
    nodes = one.rules["service_api"], other.rules["service_api"]
    assert [str(node) for node in nodes] == ["https://h/x?…"] * 2
    assert "s3cret" not in repr(nodes)
    assert nodes[0] != nodes[1]
