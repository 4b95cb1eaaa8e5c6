"""`policy explain` and `policy show` as they are typed; Keystone and the audit log over sockets."""

from __future__ import annotations

import gzip
import json
from contextlib import closing
from dataclasses import replace

import pytest

from harness.command import invoked, refusal
from harness.keystone import Grant
from harness.proxy import READER, Proxy, configuration
from harness.server import serving
from policy_proxy.placement.operations import OPERATIONS
from policy_proxy.placement.rules import list_rules

READERS = '"placement:traits:list": "role:reader or role:auditor"\n'
UUID = "6C1B8EA4-3D41-4A8F-9B6E-0E7D5E6A1B2C"


def run(*arguments, **more):
    return invoked("policy", *arguments, **more)


def explain(*arguments, exit_code, **more):
    """The answer as a document."""
    result = run("explain", *arguments, "--format", "json", **more)
    assert result.exit_code == exit_code, result.output
    return json.loads(result.stdout)


def refused(*arguments, exit_code=2):
    return refusal(run("explain", *arguments), exit_code)


def sets(answer):
    return [", ".join(changes) for changes in answer["enough"]["sets"]]


@pytest.mark.parametrize("name", ["placement:usages", "usages"])
def test_an_operation_with_or_without_its_prefix(name):
    answer = explain(name, "--role", "reader", "--project", "a", exit_code=1)

    assert (answer["rule"], answer["route"]) == ("placement:usages", "GET /usages")
    assert sets(answer) == [
        "role:admin",
        "role:service",
        "project_id equal to the target's project_id",
    ]


def test_what_would_be_enough_is_enough():
    target = ("usages", "--target", "project_id=b")

    for options in (
        ("--role", "admin"),
        ("--role", "service"),
        ("--role", "reader", "--project", "b"),
    ):
        assert explain(*target, *options, exit_code=0)["enough"] is None


def test_a_request_is_read_as_the_proxy_reads_it():
    path = f"/resource_providers/{UUID}/inventories/VCPU"
    answer = explain("DELETE", path, "--project", "p", "--user", "u", exit_code=1)

    assert answer["rule"] == "placement:resource_providers:inventories:delete"
    assert answer["route"] == f"DELETE {path.replace(UUID, UUID.lower())}"
    assert answer["target"] == {
        "resource_provider.uuid": UUID.lower(),
        "resource_class": "VCPU",
        "project_id": "p",
        "user_id": "u",
    }


def test_the_query_says_whose_usages_are_asked_for():
    asked = ("GET", "/usages?project_id=b%2Dc", "--role", "reader")

    assert explain(*asked, "--project", "b-c", exit_code=0)["target"] == {"project_id": "b-c"}
    explain(*asked, "--project", "b", exit_code=1)


def test_an_attribute_may_be_given_over_what_the_request_says():
    asked = ("PUT", f"/allocations/{UUID}", "--project", "p", "--target", "project_id=q")

    assert explain(*asked, exit_code=1)["target"]["project_id"] == "q"


def test_what_is_the_callers_own_is_told_as_the_callers(tmp_path):
    path = tmp_path / "policy.yaml"
    path.write_text(""""placement:traits:list": "'alpha':%(project_id)s"\n""")
    asked = ("traits:list", "--policy", path, "--role", "r")

    for given in ((), ("--target", "project_id=beta")):
        answer = explain(*asked, "--project", "beta", *given, exit_code=1)
        assert sets(answer) == ["project_id:alpha"]
    explain(*asked, "--project", "alpha", exit_code=0)


def test_what_a_change_could_undo_is_told_with_it(tmp_path):
    path = tmp_path / "policy.yaml"
    path.write_text(
        """"placement:usages": "'alpha':%(project_id)s and not project_id:%(project_id)s"\n"""
    )
    asked = ("usages", "--policy", path, "--role", "r")

    answer = explain(*asked, "--project", "alpha", "--target", "project_id=beta", exit_code=1)
    assert sets(answer) == [
        "a target whose project_id is alpha, project_id other than the target's project_id"
    ]
    explain(*asked, "--project", "beta", "--target", "project_id=alpha", exit_code=0)


def test_every_operation_can_be_asked_for():
    for operation in OPERATIONS:
        path = operation.template.replace("{uuid}", UUID.lower())
        for name, value in {"consumer_uuid": UUID.lower(), "name": "CUSTOM_A"}.items():
            path = path.replace(f"{{{name}}}", value)
        path = path.replace("{resource_class}", "VCPU")
        if operation.public:
            continue
        asked = (operation.method, path, "--role", "service", "--project", "p")
        assert explain(*asked, exit_code=0)["rule"] == operation.rule


def test_method_and_path_may_be_one_word_for_the_shell():
    more = ("--role", "reader", "--project", "a")
    one = explain("GET /usages?project_id=a", *more, exit_code=0)
    assert one == explain("GET", "/usages?project_id=a", *more, exit_code=0)


def test_what_is_open_to_everyone_needs_nobody():
    result = run("explain", "GET", "/")

    assert result.exit_code == 0
    assert result.stdout == "GET / is open to everyone: no rule decides it.\n"
    assert explain("GET", "/", exit_code=0) == {"route": "GET /", "rule": "", "allowed": True}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["usges"], "did you mean placement:usages?"),
        ([], "name one OPERATION, or METHOD PATH"),
        ([""], "name one OPERATION, or METHOD PATH"),
        (["GET", "/usages", "more"], "name one OPERATION, or METHOD PATH"),
        (["GET", "/no/such"], "404 Not Found"),
        (["PATCH", "/traits"], "405 Method Not Allowed"),
        (["GET", "/traits/../usages"], "400 Bad Request"),
        (["GET", "/usages?project_id=a&project_id=b"], "more than once"),
        (["usages", "--target", "project_id"], "--target wants NAME=VALUE"),
        (["usages", "--target", "trait=X"], "never has the attribute 'trait'"),
        (["traits:list", "--target", "project_id=a"], "is always the caller's own: it is absent"),
        (
            ["GET", "/traits", "--project", "b", "--target", "project_id=a"],
            "is always the caller's own: it is b here",
        ),
        (["usages", "--project", "a", "--system"], "a token has one scope"),
        (["usages", "--request-id", "req-1"], "--request-id and --log go together"),
        (["--log", __file__], "--request-id and --log go together"),
        (["usages", "--token-file", __file__], "--token-file needs --config-file"),
        (["usages", "--token-file", __file__, "--role", "x"], "leave out what describes"),
        (["usages", "--policy", __file__, "--policy", __file__], "more than one policy file"),
        (["usages", "--policy", "no-such-file"], "does not exist"),
    ],
)
def test_wrong_usage_is_told_with_exit_code_2(arguments, words):
    assert words in refused(*arguments)


def test_a_policy_that_is_not_good_explains_nothing(tmp_path):
    path = tmp_path / "policy.yaml"
    path.write_text('"placement:usages": no\n')

    assert f"error: {path}:1:" in refused("usages", "--policy", path, exit_code=1)


def test_a_file_and_directories_over_it(tmp_path):
    file, folder = tmp_path / "policy.yaml", tmp_path / "policy.d"
    folder.mkdir()
    file.write_text(READERS)
    over = folder / "10-more.yaml"
    over.write_text('\n"placement:traits:list": "role:auditor"\n')
    asked = ("traits:list", "--role", "reader", "--project", "p", "--policy", file)

    below = explain(*asked, exit_code=0)
    above = explain(*asked, "--policy", folder, exit_code=1)

    assert below["checks"]["origin"] == f"{file}:1"
    assert above["checks"]["origin"] == f"{over}:2"
    assert below["revision"] != above["revision"]


def test_a_long_path_is_broken_and_not_cut(tmp_path):
    folder = tmp_path / ("a-long-name-" * 8)
    folder.mkdir()
    file = folder / "policy.yaml"
    file.write_text(READERS)

    for command in ("explain", "show"):
        text = run(command, "traits:list", "--policy", file).stdout
        assert f"{file}:1" in "".join(text.split())
        assert max(map(len, text.splitlines())) <= 80


def test_every_check_has_the_place_of_its_rule(tmp_path):
    file = tmp_path / "policy.yaml"
    file.write_text(
        '"placement:traits:list": "rule:mine or rule:admin_api"\n"mine": "not role:x"\n'
    )
    answer = explain("traits:list", "--project", "p", "--policy", file, exit_code=0)

    def leaves(check):
        if not check["parts"]:
            yield check["text"], check["value"], check["origin"]
        for part in check["parts"]:
            yield from leaves(part)

    assert list(leaves(answer["checks"])) == [
        ("role:x", False, f"{file}:2"),
        ("role:admin", False, "default"),
    ]


def test_new_defaults_can_be_told_apart_from_old_ones():
    asked = ("service_api", "--role", "admin", "--project", "p")

    assert explain(*asked, "--enforce-new-defaults", exit_code=1)
    assert explain(*asked, "--no-enforce-new-defaults", exit_code=0)


def test_a_token_of_the_wrong_scope_is_said_to_be_that():
    answer = explain("traits:list", "--role", "admin", "--system", exit_code=1)

    assert answer["scope"] == {"token": "system", "rule": ["project"], "fits": False}
    assert answer["checks"]["value"] is True
    assert sets(answer) == ["a token scoped to a project"]


def test_nothing_unprintable_reaches_the_terminal():
    result = run("explain", "usages", "--role", "\x1b[2Jx", "--target", "project_id=\x07")

    assert result.stdout.isascii() or "\x1b" not in result.stdout
    assert "\x1b" not in result.stdout
    assert "\x07" not in result.stdout
    assert "\\x1b[2Jx" in result.stdout


@pytest.fixture
def proxy(tmp_path, keystone, keystone_url, password, backend):
    """A proxy with a policy of its own, that has its configuration in `folder`."""
    (tmp_path / "policy.yaml").write_text(READERS)
    path = configuration(tmp_path, backend=backend.url, keystone=keystone_url, password=password)
    built = Proxy.built(path, keystone)
    with closing(built.app):
        yield built


@pytest.mark.parametrize(("verdict", "exit_code"), [(b"True", 0), (b"False", 1)])
def test_a_remote_check_is_asked_as_the_service_asks_it(tmp_path, password, verdict, exit_code):
    def judge(environ, start_response):
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [verdict]

    with serving(judge) as url:
        (tmp_path / "policy.yaml").write_text(f'"placement:traits:list": "{url}/judge"\n')
        more = {"options": "\n[policy]\nallow_remote_checks = true"}
        file = configuration(tmp_path, backend=url, keystone=url, password=password, **more)
        answer = explain(
            "traits:list", "--project", "p", "--config-file", file, exit_code=exit_code
        )

    (check,) = answer["checks"]["parts"]
    assert (check["text"], check["why"]) == (f"{url}/judge", "a check of an extension")
    assert exit_code == 0 or sets(answer) == []


@pytest.fixture
def config_file(proxy):
    return proxy.folder / "policy-proxy.conf"


@pytest.mark.parametrize(("grant", "exit_code"), [(READER, 0), (replace(READER, system=True), 1)])
def test_a_token_is_validated_at_keystone_and_never_shown(
    proxy, config_file, keystone, grant, exit_code
):
    token = keystone.issue(grant)
    file = proxy.folder / "token"
    file.write_text(f"{token}\n")
    options = ("--token-file", file, "--config-file", config_file)

    answer = explain("traits:list", *options, exit_code=exit_code)
    text = run("explain", "traits:list", *options)

    assert (answer["caller"]["user_id"], answer["caller"]["roles"]) == (grant.user, ["reader"])
    assert answer["checks"]["origin"] == f"{proxy.folder}/policy.yaml:1"
    assert token not in json.dumps(answer) + text.output
    assert answer == explain(
        "traits:list",
        *("--token-file", "-", "--config-file", config_file),
        exit_code=exit_code,
        input=token,
    )


@pytest.mark.parametrize("token", ["gAAAAno-such", "", "two words", "\xff"])
def test_a_token_that_is_none_is_refused_and_not_shown(proxy, config_file, token):
    file = proxy.folder / "token"
    file.write_text(token)

    said = refused("usages", "--token-file", file, "--config-file", config_file, exit_code=1)

    assert f"error: {file}: " in said
    assert not token or token not in said


def test_a_keystone_that_is_not_there_is_told(tmp_path, password):
    path = configuration(
        tmp_path, backend="http://127.0.0.1:1", keystone="http://127.0.0.1:1", password=password
    )
    file = tmp_path / "token"
    file.write_text("gAAAAA")

    said = refused("usages", "--token-file", file, "--config-file", path, exit_code=1)

    assert "Keystone cannot be asked" in said


MEMBER = Grant("member-user", ("member",), "alpha")
ASKED = [
    ("GET", "/traits", READER),
    ("GET", "/traits", MEMBER),
    ("GET", "/usages?project_id=b", READER),
]


@pytest.mark.parametrize("packed", [False, True])
def test_a_past_request_is_explained_by_its_record(proxy, config_file, packed):
    for method, target, grant in ASKED:
        proxy.ask(method, target, grant=grant, headers={"OpenStack-API-Version": "placement 1.39"})
    records = proxy.records()
    log = proxy.folder / "audit.jsonl"
    if packed:
        log = proxy.folder / "audit.jsonl.1.gz"
        log.write_bytes(gzip.compress((proxy.folder / "audit.jsonl").read_bytes()))

    for record in records:
        exit_code = 0 if record["outcome"] == "allowed" else 1
        options = ("--request-id", record["request_id"], "--log", log)
        answer = explain(*options, "--config-file", config_file, exit_code=exit_code)

        assert answer["past"]["same_revision"]
        assert answer["past"]["outcome"] == record["outcome"]
        assert answer["route"] == f"{record['method']} {record['path']}"
        assert answer["target"] == record["target"]
        assert answer["caller"]["user_id"] == record["user_id"]
    assert [record["outcome"] for record in records] == ["allowed", "denied", "denied"]


def test_another_policy_than_that_of_the_time_is_told(proxy):
    proxy.ask("GET", "/traits", grant=READER)
    (record,) = proxy.records()
    options = ("--request-id", record["request_id"], "--log", proxy.folder / "audit.jsonl")

    answer = explain(*options, exit_code=1)
    text = run("explain", *options).stdout

    assert (answer["past"]["same_revision"], answer["past"]["outcome"]) == (False, "allowed")
    assert f"by another revision, {record['revision']}" in " ".join(text.split())


def test_records_may_stand_in_the_services_log(proxy):
    proxy.ask("GET", "/traits", grant=READER)
    (record,) = proxy.records()
    request_id = record["request_id"]
    log = proxy.folder / "service.log"
    lines = [
        f"2026-01-01 00:00:00,000 INFO 7 policy_proxy.x {request_id} {{ is no record",
        f"2026-01-01 00:00:00,000 INFO 7 policy_proxy.audit {json.dumps(record)}",
        f"2026-01-01 00:00:00,000 INFO 7 policy_proxy.audit {json.dumps(record | {'roles': []})}",
    ]
    log.write_text("\n".join(lines))

    answer = explain("--request-id", request_id, "--log", log, exit_code=1)

    assert answer["past"]["same_id"] == 2
    assert answer["caller"]["roles"] == []


def test_the_record_is_found_in_whatever_log_it_lies_and_the_latest_counts(proxy):
    proxy.ask("GET", "/traits", grant=READER)
    (record,) = proxy.records()
    earlier = json.dumps(record | {"time": "2026-01-01T00:00:00.000+00:00", "roles": []}).encode()
    (proxy.folder / "audit.jsonl.1.gz").write_bytes(gzip.compress(earlier))
    (proxy.folder / "audit.jsonl.2.gz").write_bytes(gzip.compress(b"x" * 1000)[:-9])

    named = ("--log", f"{proxy.folder}/audit.jsonl*", "--log", proxy.folder / "audit.jsonl")
    answer = explain("--request-id", record["request_id"], *named, exit_code=1)

    assert answer["past"]["same_id"] == 2
    assert answer["caller"]["roles"] == record["roles"] != []


def test_a_request_that_was_never_answered_is_explained_by_its_intent(proxy):
    proxy.ask("GET", "/traits", grant=READER)
    (record,) = proxy.records()
    of_answers = ("outcome", "status", "duration_ms", "credentials")
    intent = {name: record[name] for name in record if name not in of_answers}
    log = proxy.folder / "intents.jsonl"
    log.write_text(json.dumps(intent | {"event": "intent"}) + "\n")
    options = ("--request-id", record["request_id"], "--log", log)

    assert explain(*options, exit_code=1)["past"]["outcome"] == "intended"
    said = " ".join(run("explain", *options).stdout.split())
    assert "intended (no answer is recorded) at" in said

    log.write_text(f"{log.read_text()}{json.dumps(record)}\n")
    past = explain(*options, exit_code=1)["past"]
    assert (past["outcome"], past["same_id"]) == ("allowed", 1)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"request_id": "req-2"}, "no audit record has the request id req-1"),
        ({"version": 4}, "is none of version 1 or 2 or 3"),
        ({"roles": 3}, "is none of version 1 or 2 or 3"),
        ({"target": []}, "is none of version 1 or 2 or 3"),
        ({"revision": "", "outcome": "rejected", "status": 401}, "policy was not asked"),
        ({"operation": "placement:gone"}, "this policy has no rule placement:gone"),
    ],
)
def test_a_record_that_tells_too_little_is_told(tmp_path, changes, words):
    record = {
        "version": 1,
        "time": "2026-01-01T00:00:00.000+00:00",
        "request_id": "req-1",
        "outcome": "denied",
        "status": 403,
        "operation": "placement:usages",
        "method": "GET",
        "path": "/usages",
        "revision": "r",
        "target": {},
        "roles": [],
        "user_id": "u",
        "reason": "req-1",
    }
    log = tmp_path / "audit.jsonl"
    log.write_text(json.dumps(record | changes))

    assert words in refused("--request-id", "req-1", "--log", log, exit_code=1)


def test_a_log_that_cannot_be_unpacked_is_told(tmp_path):
    log = tmp_path / "audit.gz"
    log.write_bytes(gzip.compress(b"x" * 1000)[:-9])

    assert "cannot be read" in refused("--request-id", "req-1", "--log", log, exit_code=1)


def test_show_has_every_rule_in_80_columns(tmp_path):
    path = tmp_path / "policy.yaml"
    path.write_text(READERS)

    text = run("show", "--policy", path).stdout
    rules = json.loads(run("show", "--policy", path, "--format", "json").stdout)["rules"]

    assert max(map(len, text.splitlines())) <= 80
    assert [rule["name"] for rule in rules] == [rule.name for rule in list_rules()]
    for rule in rules:
        assert f"\n{rule['name']}\n" in text
        assert (rule["origin"] == f"{path}:1") is (rule["name"] == "placement:traits:list")
        assert "rule:" not in rule["check"]


def test_show_tells_where_the_rules_within_stand(tmp_path):
    path = tmp_path / "p.yaml"
    path.write_text('"service_api": "role:nova"\n')
    asked = ("show", "reshaper:reshape", "--policy", path)

    text = "".join(run(*asked).stdout.split())  # a long path is broken
    (rule,) = json.loads(run(*asked, "--format", "json").stdout)["rules"]

    assert f"usesrule:service_api[{path}:1]for" in text
    assert (rule["check"], rule["origin"]) == ("role:nova", "default")
    assert rule["uses"] == {"service_api": f"{path}:1"}


def test_show_one_rule():
    result = run("show", "usages", "--format", "json")

    (rule,) = json.loads(result.stdout)["rules"]
    assert rule["check"] == (
        "role:admin or (role:reader and project_id:%(project_id)s) or role:service"
    )
    assert rule["operations"] == ["GET /usages"]
    assert run("show", "usges").exit_code == 2


def test_a_user_without_roles_is_told_so(proxy, config_file, keystone):
    file = proxy.folder / "token"
    file.write_text(keystone.issue(Grant("nobody", (), "alpha")))

    text = run("explain", "traits:list", "--token-file", file, "--config-file", config_file).stdout

    assert "role:auditor: no roles" in text


def test_a_token_without_a_scope_is_told_as_one():
    shown = run("explain", "usages", "--role", "reader").stdout

    assert "scope     none, which counts as a project\n" in shown


def test_files_here_are_named_from_here(tmp_path, monkeypatch):
    path = tmp_path / "policy.yaml"
    path.write_text(READERS)
    monkeypatch.chdir(tmp_path)

    assert "[policy.yaml:1]" in run("explain", "traits:list", "--policy", path).stdout
    assert "from   policy.yaml:1\n" in run("show", "traits:list", "--policy", path).stdout
