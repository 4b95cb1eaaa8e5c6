"""Which ways of a rule are kept, and for whom."""

from __future__ import annotations

import pytest

from policy_proxy.cli.policy.own import own
from policy_proxy.config.policy import PolicySettings
from policy_proxy.model import Identity
from policy_proxy.placement.service import SERVICE
from policy_proxy.placement.targets import optional
from policy_proxy.policy.lint import findings
from policy_proxy.policy.listing import check_string
from policy_proxy.policy.source import Sources
from policy_proxy.policy.suggest import never
from policy_proxy.policy.suggest.files import NotSuggested, diff, suggested
from policy_proxy.policy.suggest.narrow import MOST_NAMED, Wishes, cover, suggestions
from policy_proxy.policy.suggest.usage import Usage
from unit.policy.replay.recorded import recorded

SETTINGS = PolicySettings("policy.yaml", ("policy.d",), "default", True, 1.0, False)
LINT = findings.Service(SERVICE.defaults, SERVICE.attributes, own(), optional())
LIST, USAGES, SHOW = "placement:traits:list", "placement:usages", "placement:traits:show"
NOVA = Identity(user_id="nova", project_id="s", roles=("service",))
NEUTRON = Identity(user_id="neutron", project_id="s", roles=("SERVICE", "admin"))
ADA = Identity(user_id="ada", project_id="a", roles=("admin", "member", "reader"))
RITA = Identity(user_id="rita", project_id="p", roles=("reader",))
WISHES = Wishes(by_account=True, keep_unused=False)


def sources_of(**files):
    named = {f"{name.replace('__', '/')}.yaml": text.encode() for name, text in files.items()}
    return Sources(tuple(named.items()), (), "before", ())


def lint(sources):
    return findings.lint(sources, SETTINGS, LINT)


def used(sources, *asked, rules=(LIST, USAGES, SHOW), service_roles=("service",)):
    """What was used when this was asked: each a rule, an identity, and a target perhaps."""
    usage = Usage(lint(sources).snapshot, dict.fromkeys(rules, frozenset()), service_roles)
    for number, question in enumerate(asked, start=1):
        usage.take("log", number, recorded(*question))
    return usage


def checks(usage, wishes=WISHES):
    """The suggested check strings; None for what stays."""
    found = suggestions(usage, wishes)
    return {one.rule: one.node and check_string(one.node) for one in found}


def own_usages(identity):
    return USAGES, identity, {"project_id": identity.project_id}


def test_what_nobody_used_is_for_nobody():
    usage = used(sources_of(), (LIST, ADA))

    assert checks(usage) == {LIST: "role:admin", USAGES: "!", SHOW: "!"}
    assert checks(usage, Wishes(by_account=True, keep_unused=True)) == {
        LIST: "role:admin",
        USAGES: None,
        SHOW: None,
    }


def test_what_only_service_accounts_used_is_for_them():
    usage = used(sources_of(), (LIST, NOVA), (LIST, NEUTRON), (SHOW, NOVA))

    assert checks(usage) == {
        LIST: "role:service and (user_id:neutron or user_id:nova)",
        USAGES: "!",
        SHOW: "role:service and user_id:nova",
    }
    by_role = Wishes(by_account=False, keep_unused=True)
    assert checks(usage, by_role) == {LIST: "role:service", USAGES: None, SHOW: "role:service"}


def test_a_way_that_people_took_names_nobody():
    text = f'"{LIST}": "role:service or role:admin or role:reader"\n'

    assert checks(used(sources_of(policy=text), (LIST, NOVA), (LIST, RITA)))[LIST] == (
        "(role:service and user_id:nova) or role:reader"
    )


def test_the_way_with_most_conditions_is_kept_of_those_that_would_do():
    assert checks(used(sources_of(), own_usages(ADA)))[USAGES] == (
        "role:reader and project_id:%(project_id)s"
    )
    both = used(sources_of(), own_usages(ADA), (USAGES, ADA, {"project_id": "other"}))
    assert checks(both)[USAGES] == "role:admin"


def test_an_account_is_not_named_where_it_is_let_in_already():
    text = f'"{LIST}": "role:service or role:admin"\n'
    both = Identity(user_id="both", roles=("service", "admin"))
    usage = used(sources_of(policy=text), (LIST, both), (LIST, NOVA), (LIST, ADA))

    assert checks(usage)[LIST] == "(role:service and user_id:nova) or role:admin"


def test_what_is_used_in_every_way_stays():
    usage = used(sources_of(policy=f'"{LIST}": "role:admin or role:reader"\n'), (LIST, RITA))
    usage.take("log", 2, recorded(LIST, Identity(user_id="x", roles=("admin",))))

    assert checks(usage)[LIST] is None


@pytest.mark.parametrize("user", ["a b", "None", "user_id", "a(", "é", "%(user_id)s", ""])
def test_an_account_that_cannot_be_written_is_not_named(user):
    identity = Identity(user_id=user, roles=("service",))
    usage = used(sources_of(), (LIST, identity))
    (found, *_) = suggestions(usage, WISHES)

    assert check_string(found.node) == "role:service"
    assert bool(found.remark) is bool(user)


def test_too_many_accounts_are_not_named():
    many = [Identity(user_id=f"u{n}", roles=("service",)) for n in range(MOST_NAMED + 1)]
    (found, *_) = suggestions(used(sources_of(), *((LIST, one) for one in many)), WISHES)

    assert (check_string(found.node), found.named) == ("role:service", False)
    assert "it names none" in found.remark


def test_who_is_a_service_account_can_be_said():
    usage = used(sources_of(), (LIST, ADA), (SHOW, NOVA), service_roles=["admin"])

    assert checks(usage)[LIST] == "role:admin and user_id:ada"
    assert checks(usage)[SHOW] == "role:service"


def test_nothing_is_granted_that_the_policy_denies():
    usage = used(sources_of(), (LIST, RITA), (LIST, NOVA))

    assert checks(usage)[LIST] == "role:service and user_id:nova"
    assert usage.denied.notes["was allowed, and is not by this policy"].places == ["log:1"]


def test_a_refused_request_is_no_use():
    usage = used(sources_of())
    usage.take("log", 1, recorded(LIST, NOVA, allowed=False))
    usage.take("log", 2, recorded("", NOVA))

    assert (usage.records, usage.allowed) == (2, 0)
    assert checks(usage)[LIST] == "!"


@pytest.mark.parametrize("changes", [{"user_id": 3}, {"time": 3}, {"roles": 3}, {"operation": "x"}])
def test_a_record_that_cannot_be_decided_is_told(changes):
    usage = used(sources_of())
    usage.take("log", 7, recorded(LIST, NOVA) | changes)

    (note,) = usage.undecided.notes.values()
    assert note.places == ["log:7"]
    assert not usage.uses[LIST]
    assert checks(usage)[LIST] == ("!" if "operation" in changes else None)


def test_a_body_that_was_not_read_may_need_any_way():
    text = f'"{SHOW}": "role:admin or role:member and project_id:%(project_id)s or role:x"\n'
    snapshot = lint(sources_of(policy=text)).snapshot
    usage = Usage(snapshot, {SHOW: frozenset({"project_id"})}, ["service"])
    member = Identity(user_id="m", project_id="p", roles=("member",))
    usage.take("log", 1, recorded(SHOW, ADA))
    assert checks(usage) == {SHOW: "role:admin"}

    usage.take("log", 2, recorded(SHOW, member))

    assert checks(usage) == {SHOW: None}


@pytest.mark.parametrize(
    ("uses", "kept"),
    [
        ({0b001: 1}, [0]),
        ({0b011: 1, 0b010: 1}, [1]),
        ({0b011: 5, 0b110: 5, 0b101: 1}, [1, 2]),
        ({0b0011: 3, 0b0110: 2, 0b1100: 3, 0b1000: 1, 0b0001: 1}, [0, 2, 3]),
        ({0b011: 3, 0b101: 3, 0b010: 1, 0b100: 1}, [1, 2]),
        ({0b111: 1}, [2]),
    ],
)
def test_the_ways_that_are_kept_are_enough_and_none_is_too_much(uses, kept):
    ways = [("a",), ("a",), ("a", "b"), ("a",)]
    found = cover({(mask, ""): count for mask, count in uses.items()}, ways)

    assert found == kept


def test_what_was_never_used_is_told_of_accounts_and_roles():
    usage = used(sources_of(), (LIST, NOVA), (LIST, ADA), own_usages(RITA))
    (nova,) = never.of_accounts(usage, lambda rule, who: {"project_id": who.project_id})
    roles = {one.name: one for one in never.of_roles(usage)}

    assert (nova.name, nova.roles, nova.requests) == ("nova", ("service",), 1)
    assert (nova.used, nova.never) == ((LIST,), (SHOW, USAGES))
    assert (roles["reader"].used, roles["reader"].never) == ((USAGES,), ())
    assert (roles["admin"].used, roles["admin"].never) == ((LIST,), (SHOW, USAGES))
    assert roles["service"].used == (LIST,)


def made_of(sources, *asked, wishes=WISHES):
    usage = used(sources, *asked)
    found = suggestions(usage, wishes)
    return suggested(sources, usage.snapshot, found, lint, "it is not used", "new.yaml")


def texts(made):
    return {file: content.decode() for file, content in made.sources.files}


def test_a_rule_is_changed_in_the_file_where_it_stands():
    sources = sources_of(
        policy=f'# ours\n"{USAGES}": "role:admin or role:auditor"\n',
        policy__d__more=f'"{LIST}": "role:reader or role:service"  # all\n',
    )
    made = made_of(sources, (LIST, NOVA), (USAGES, ADA))

    assert made.problems == ()
    assert texts(made) == {
        "policy.yaml": f'# ours\n"{USAGES}": "role:admin"\n\n'
        f'"{SHOW}": "!"  # lint: allow PP204 it is not used\n',
        "policy/d/more.yaml": f'"{LIST}": "role:service and user_id:nova"  # all\n',
    }


def test_what_is_of_no_use_any_more_goes():
    """A helper that nothing refers to, a rule that equals its default, a comment that silences."""
    text = (
        '"auditors": "role:auditor"\n'
        f'"{LIST}": "rule:auditors or rule:admin_or_service_api"\n'
        f'"{SHOW}": "@"  # lint: allow PP203 traits are no secret\n'
    )
    made = made_of(sources_of(policy=text), (LIST, ADA), (LIST, NOVA), (USAGES, ADA))

    assert made.problems == ()
    assert "auditors" not in texts(made)["policy.yaml"]
    assert "PP203" not in texts(made)["policy.yaml"]


def test_what_an_idle_rule_refers_to_stays():
    """Without it that rule, which nobody asked to take away, would be an error."""
    text = (
        '"auditors": "role:auditor"\n'
        '"idle": "rule:auditors or role:x"\n'
        f'"{LIST}": "rule:auditors or rule:admin_or_service_api"\n'
    )
    made = made_of(sources_of(policy=text), (LIST, ADA), (LIST, NOVA), (USAGES, ADA))

    assert texts(made)["policy.yaml"].startswith(text[: text.index(f'"{LIST}"')])
    assert [(problem.code, problem.rule) for problem in made.problems] == [("PP205", "auditors")]


def test_what_refers_to_a_rule_that_changes_keeps_its_meaning():
    text = f'"{LIST}": "role:admin or role:service"\n"{SHOW}": "rule:{LIST} or role:reader"\n'
    wishes = Wishes(by_account=False, keep_unused=False)
    auditor = Identity(user_id="x", roles=("service",))
    boss = Identity(user_id="y", roles=("admin",))
    made = made_of(
        sources_of(policy=text),
        (LIST, boss),
        *((SHOW, one) for one in (boss, auditor, RITA)),
        wishes=wishes,
    )

    assert f'"{LIST}": "role:admin"\n' in texts(made)["policy.yaml"]
    assert f'"{SHOW}": "role:admin or role:service or role:reader"' in texts(made)["policy.yaml"]


def test_a_rule_that_another_file_would_bring_back_stays():
    sources = sources_of(
        policy=f'"{LIST}": "role:reader"\n',
        policy__d__a=f'"{LIST}": "role:admin or role:service or role:reader"\n',
    )
    made = made_of(sources, (LIST, NOVA), wishes=Wishes(by_account=False, keep_unused=True))

    assert check_string(made.snapshot.rules[LIST]) == "role:service"


def test_what_cannot_be_written_is_told():
    usage = used(sources_of(), (LIST, NOVA))

    def broken(sources):
        name = b'"placement:traits:list": "role:service and user_id:nova"'
        files = tuple((file, text.replace(name, b'"x": "y"')) for file, text in sources.files)
        return lint(Sources(files, (), "", ()))

    with pytest.raises(NotSuggested, match="holds 'y'"):
        suggested(sources_of(), usage.snapshot, suggestions(usage, WISHES), broken, "x", "n.yaml")


def test_the_difference_can_be_given_to_patch():
    before = sources_of(policy='"a": "b"', other='"c": "d"\n')
    after = sources_of(policy='"a": "c"', other='"c": "d"\n', new='"x": "!"\n')

    assert diff(before, after, lambda path: f"./{path}") == (
        '--- ./policy.yaml\n+++ ./policy.yaml\n@@ -1 +1 @@\n-"a": "b"\n'
        "\\ No newline at end of file\n"
        '+"a": "c"\n\\ No newline at end of file\n'
        '--- /dev/null\n+++ ./new.yaml\n@@ -0,0 +1 @@\n+"x": "!"\n'
    )
