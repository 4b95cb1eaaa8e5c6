"""`policy diff` as it is typed, with real repositories of git."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from harness.command import invoked, refusal
from policy_proxy.placement.operations import OPERATIONS

LIST = "placement:traits:list"
READERS = f'"{LIST}": "role:admin or role:reader"\n'
ADMINS = f'"{LIST}": "role:admin"\n'
SHUT = f'"{LIST}": "!"\n'


def run(*arguments):
    return invoked("policy", "diff", *arguments)


def compared(*arguments, exit_code=0):
    """The answer as a document."""
    result = run(*arguments, "--format", "json")
    assert result.exit_code == exit_code, result.output
    return json.loads(result.stdout)


def of(answer, rule=LIST):
    return next(operation for operation in answer["operations"] if operation["rule"] == rule)


def who(answer, what):
    return [kind["who"] for kind in of(answer)[what]]


def refused(*arguments, exit_code=2):
    return refusal(run(*arguments), exit_code)


@pytest.fixture
def written(tmp_path, monkeypatch):
    """Writes files of a directory that is the current one."""
    monkeypatch.chdir(tmp_path)

    def write(**files):
        for name, content in files.items():
            path = Path(name.replace("__", "/") + ".yaml")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content)

    return write


def test_two_files(written):
    written(old=READERS, new=ADMINS)

    answer = compared("old.yaml", "new.yaml")

    assert (answer["old"], answer["new"]) == ("old.yaml", "new.yaml")
    assert who(answer, "lost") == ["role reader with a project-scoped token, without role admin"]
    assert who(answer, "gained") == []
    rules = {operation.rule for operation in OPERATIONS if operation.rule}
    assert {operation["rule"] for operation in answer["operations"]} == rules
    assert answer["summary"] == {
        "gained": 0,
        "lost": 1,
        "undecided": 0,
        "unchanged": len(rules) - 1,
    }


def test_an_example_is_a_caller_and_a_target(written):
    written(old=ADMINS, new='"placement:usages": "role:reader and user_id:%(user_id)s"\n')

    (kind,) = of(compared("old.yaml", "new.yaml"), "placement:usages")["gained"]

    example = kind["example"]
    assert "reader" in example["identity"]["roles"]
    assert example["identity"]["user_id"] == example["target"]["user_id"]
    assert example["identity"]["project_id"] != example["target"].get("project_id")


def test_two_directories(written):
    written(old__10=SHUT, old__20=READERS, new__10=READERS, new__20=ADMINS)

    assert who(compared("old", "new"), "lost")
    assert who(compared("old", "old/20.yaml"), "lost") == []


def test_the_defaults(written):
    written(new=SHUT)

    answer = compared("defaults", "new.yaml")

    assert who(answer, "lost") == [
        "role admin with a project-scoped token",
        "role service with a project-scoped token",
    ]
    assert compared("defaults", "defaults")["summary"]["unchanged"] == len(answer["operations"])


def test_a_file_called_defaults_is_named_with_its_path(written, tmp_path):
    written()
    (tmp_path / "defaults").write_text(SHUT)

    assert who(compared("defaults", "./defaults"), "lost")


def test_the_defaults_are_not_what_a_configuration_names(written, tmp_path):
    written(policy=SHUT, new=READERS)
    configuration = tmp_path / "policy-proxy.conf"
    configuration.write_text(f"[oslo_policy]\npolicy_file = {tmp_path / 'policy.yaml'}\n")

    assert who(compared("defaults", "new.yaml", "--config-file", configuration), "lost") == [
        "role service with a project-scoped token, without role admin or role reader"
    ]


def test_the_same_in_other_words_is_no_change(written):
    written(
        old='"placement:traits:list": "role:admin or role:reader and not role:member"\n',
        new='"few": "not (role:MEMBER or not role:reader)"\n'
        '"placement:traits:list": "rule:few or rule:admin_api"\n',
    )

    result = run("old.yaml", "new.yaml")

    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        "From old.yaml to new.yaml",
        "",
        f"gained: 0, lost: 0, undecided: 0, unchanged: {len({o.rule for o in OPERATIONS} - {''})}",
    ]


OLD_AND_NEW = {"gain": (ADMINS, READERS), "loss": (READERS, ADMINS), "none": (ADMINS, ADMINS)}


@pytest.mark.parametrize(
    ("change", "on", "exit_code"),
    [
        ("gain", "gain", 1),
        ("gain", "loss", 0),
        ("gain", "any", 1),
        ("loss", "gain", 0),
        ("loss", "loss", 1),
        ("loss", "any", 1),
        ("none", "any", 0),
    ],
)
def test_what_to_fail_on(written, change, on, exit_code):
    old, new = OLD_AND_NEW[change]
    written(old=old, new=new)

    assert run("old.yaml", "new.yaml", "--fail-on", on).exit_code == exit_code


MANY = " or ".join(f"(role:a{number} and role:b{number})" for number in range(16))


@pytest.mark.parametrize(("on", "exit_code"), [("gain", 0), ("loss", 1), ("any", 1)])
def test_a_doubt_about_losses_is_none_about_gains(written, on, exit_code):
    """Who loses is too much to be told; that nobody gains is certain."""
    written(old=f'"{LIST}": "{MANY} or role:c"\n', new=f'"{LIST}": "{MANY}"\n')

    answer = compared("old.yaml", "new.yaml", "--fail-on", on, exit_code=exit_code)

    assert of(answer)["gained"] == []
    (doubt,) = of(answer)["undecided"]
    assert doubt == {
        "text": "more kinds of caller lose than are told apart",
        "gain": False,
        "loss": True,
    }


@pytest.mark.parametrize("on", ["gain", "loss", "any"])
def test_what_is_too_large_fails_whatever_is_asked(written, on):
    """At least the one who is new is shown."""
    many = " or ".join(f"role:r{number}" for number in range(620))
    written(old=f'"{LIST}": "{many}"\n', new=f'"{LIST}": "{many} or role:x"\n')

    answer = compared("old.yaml", "new.yaml", "--fail-on", on, exit_code=1)

    assert who(answer, "gained") == ["for example role x with a project-scoped token"]
    (doubt,) = of(answer)["undecided"]
    assert doubt["text"].startswith("too large to be decided")


def test_targets_that_an_operation_never_has(written):
    """The traits have no owner: the target's project is the caller's, whoever that is."""
    written(
        old=f'"{LIST}": "role:reader"\n',
        new=f'"{LIST}": "role:reader and project_id:%(project_id)s"\n',
    )

    proxy = compared("old.yaml", "new.yaml", "--fail-on", "any")
    elsewhere = compared("old.yaml", "new.yaml", "--any-target", "--fail-on", "any", exit_code=1)

    assert of(proxy)["remark"] == "differs only for targets that this operation never has"
    assert who(elsewhere, "lost") == [
        "role reader with a project-scoped token, whose project_id is not the target's"
    ]


def test_a_rule_for_targets_that_there_are_not(written):
    """The proxy refuses such a policy; another service need not."""
    written(old=ADMINS, new=f'"{LIST}": "role:admin and \'HW\':%(trait)s"\n')

    assert "[PP117]" in refused("old.yaml", "new.yaml", exit_code=1)
    assert who(compared("old.yaml", "new.yaml", "--any-target"), "lost")


@pytest.mark.parametrize("names", [("bad.yaml", "good.yaml"), ("good.yaml", "bad.yaml")])
def test_a_bad_policy_on_either_side(written, names):
    written(good=ADMINS, bad=f'# Readers.\n"{LIST}": "role:admin or"\n')

    said = refused(*names, "--format", "json", exit_code=1)

    assert said.startswith(f"error: bad.yaml:2: rule '{LIST}' cannot be parsed")
    assert said.endswith("[PP111]")


@pytest.mark.parametrize(
    ("option", "lost"),
    [
        (
            "--enforce-new-defaults",
            ["role admin with a project-scoped token, without role service"],
        ),
        ("--no-enforce-new-defaults", []),
    ],
)
def test_new_defaults(written, option, lost):
    """`service_api` took the place of a rule for administrators, who keep the old one's access."""
    written(new=f'"{LIST}": "rule:service_api"\n')

    assert who(compared("defaults", "new.yaml", option), "lost") == lost


def test_a_remote_check_is_not_asked(written, tmp_path):
    """Nobody listens there: asking would fail, and be seen."""
    written(old=ADMINS, new=f'"{LIST}": "role:admin or https://127.0.0.1:9/"\n')
    configuration = tmp_path / "policy-proxy.conf"
    configuration.write_text("[policy]\nallow_remote_checks = true\n")

    assert "[PP113]" in refused("old.yaml", "new.yaml", exit_code=1)
    answer = compared("old.yaml", "new.yaml", "--config-file", configuration)

    (doubt,) = of(answer)["undecided"]
    assert doubt["text"] == (
        "perhaps gain: anyone with a project-scoped or unscoped token, to whom "
        "https://127.0.0.1:9/ says yes, without role admin (a remote server decides)"
    )


TABLE = """\
From old.yaml to new.yaml

placement:usages
  gained  role reader with a project-scoped token, whose project_id is not the
          target's, whose user_id is the target's, without role admin or role
          service
          such as user_id user-1, project_id project-2, roles reader
          on a target with project_id project-1, user_id user-1
  lost    role reader whose project_id is the target's, whose user_id is not the
          target's, without role admin or role service
          such as user_id user-2, project_id project-1, roles reader
          on a target with project_id project-1, user_id user-1

placement:traits:list
  unchanged  differs only for targets that this operation never has

gained: 1, lost: 1, undecided: 0, unchanged: 32
"""


def test_the_table(written):
    written(
        old=f'"{LIST}": "role:reader"\n',
        new='"placement:usages": "rule:admin_or_service_api or '
        'role:reader and user_id:%(user_id)s"\n'
        f'"{LIST}": "role:reader and project_id:%(project_id)s"\n',
    )

    result = run("old.yaml", "new.yaml")

    assert "\n".join(line.rstrip() for line in result.stdout.splitlines()) + "\n" == TABLE
    assert result.exit_code == 0


@pytest.mark.parametrize(
    "arguments",
    [
        ("old.yaml",),
        (),
        ("old.yaml", "new.yaml", "--git", "HEAD"),
        ("old.yaml", "missing.yaml"),
        ("old.yaml", "new.yaml", "--fail-on", "none"),
    ],
)
def test_wrong_usage(written, arguments):
    written(old=ADMINS, new=ADMINS)

    assert refused(*arguments)


@dataclass(frozen=True)
class Repository:
    root: Path

    def commit(self, **files):
        """None takes a file away. Returns the revision."""
        for name, content in files.items():
            path = self.root / (name.replace("__", "/") + ".yaml")
            path.parent.mkdir(parents=True, exist_ok=True)
            if content is None:
                path.unlink()
            else:
                path.write_text(content)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", "change")
        return self.git("rev-parse", "HEAD")

    def git(self, *arguments):
        command = ["git", "-c", "user.name=n", "-c", "user.email=e@example", *arguments]
        done = subprocess.run(command, cwd=self.root, capture_output=True, text=True, check=True)
        return done.stdout.strip()


@pytest.fixture
def repository(tmp_path, monkeypatch):
    """An empty one; its root is the current directory."""
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    made = Repository(tmp_path / "work tree")
    made.root.mkdir()
    made.git("init", "--quiet")
    monkeypatch.chdir(made.root)
    return made


def test_a_revision_and_the_work_tree(repository):
    repository.commit(policy=READERS)
    (repository.root / "policy.yaml").write_text(ADMINS)

    answer = compared("policy.yaml", "--git", "HEAD")

    assert (answer["old"], answer["new"]) == ("HEAD:policy.yaml", "policy.yaml")
    assert who(answer, "lost")


def test_two_revisions(repository):
    first = repository.commit(policy=ADMINS)
    repository.commit(policy=READERS)
    repository.git("tag", "v2")
    (repository.root / "policy.yaml").write_text("broken")

    answer = compared("policy.yaml", "--git", f"{first}..v2")

    assert who(answer, "gained")
    assert answer["new"] == "v2:policy.yaml"


@pytest.mark.parametrize("path", ["etc/policies/policy.yaml", "../etc/policies/policy.yaml"])
def test_a_path_in_a_directory(repository, monkeypatch, path):
    repository.commit(etc__policies__policy=READERS, docs__a=ADMINS)
    repository.commit(etc__policies__policy=ADMINS)
    if path.startswith(".."):
        monkeypatch.chdir(repository.root / "docs")

    assert who(compared(path, "--git", "HEAD~1"), "lost")
    assert who(compared(Path(path).resolve(), "--git", "HEAD~1..HEAD"), "lost")


def test_a_directory_at_a_revision(repository):
    """With files added and taken away; what oslo.policy would not read is not read."""
    repository.commit(policy__10=SHUT, policy__20=READERS, policy__below__30=SHUT)
    repository.commit(policy__20=None, policy__15=ADMINS)

    answer = compared("policy", "--git", "HEAD~1..HEAD")
    (repository.root / "policy" / ".hidden.yaml").write_text(SHUT)
    repository.commit()

    assert who(answer, "lost") == ["role reader with a project-scoped token, without role admin"]
    assert compared("policy", "--git", "HEAD~1..HEAD")["summary"]["lost"] == 0


def test_the_whole_work_tree_is_a_directory_too(repository):
    repository.commit(a=READERS)
    repository.commit(a=ADMINS)

    assert who(compared(".", "--git", "HEAD~1"), "lost")


def test_a_file_is_read_at_a_revision_as_on_the_disk(repository):
    """A backup among them is an error there, and here."""
    repository.commit(policy__10=ADMINS)
    (repository.root / "policy" / "10.yaml.bak").write_text(SHUT)
    repository.commit()

    said = refused("policy", "--git", "HEAD~1..HEAD", exit_code=1)

    assert said.startswith("error: HEAD:policy/10.yaml.bak: looks like a backup")


def test_what_is_wrong_at_a_revision_is_named_with_it(repository):
    repository.commit(policy=f'"{LIST}": role:admin or\n')
    repository.commit(policy=ADMINS)

    said = refused("policy.yaml", "--git", "HEAD~1", exit_code=1)

    assert said.startswith(f"error: HEAD~1:policy.yaml:1: rule '{LIST}' cannot be parsed")


def test_a_file_that_was_added(repository):
    repository.commit(other=ADMINS)
    repository.commit(policy=READERS)

    said = refused("policy.yaml", "--git", "HEAD~1")

    assert "there is no policy.yaml at HEAD~1" in said
    assert "name defaults" in said


@pytest.mark.parametrize("path", ["policy", "policy/10.yaml"])
def test_what_is_gone_can_be_compared_as_long_as_it_was_there(repository, path):
    repository.commit(policy__10=READERS, other=ADMINS)
    repository.commit(policy__10=ADMINS)
    repository.commit(policy__10=None)

    assert who(compared(path, "--git", "HEAD~2..HEAD~1"), "lost")
    assert "there is no" in refused(path, "--git", "HEAD~1..HEAD")
    (repository.root / "policy").rmdir()
    assert "does not exist" in refused(path, "--git", "HEAD~1")


def test_a_directory_without_files_stands_for_the_defaults(repository):
    repository.commit(policy__10=SHUT)
    (repository.root / "policy" / "10.yaml").unlink()

    assert len(who(compared("policy", "--git", "HEAD"), "gained")) == 2


def test_a_symbolic_link(repository):
    repository.commit(real=ADMINS)
    (repository.root / "policy.yaml").symlink_to("real.yaml")
    repository.commit()

    assert "policy.yaml is a symbolic link" in refused("policy.yaml", "--git", "HEAD")


def test_names_that_are_hard_to_quote(repository):
    name = 'o"d\u00e9 \t[x]*'
    repository.commit(**{name: READERS})
    repository.commit(**{name: ADMINS})

    assert who(compared(f"{name}.yaml", "--git", "HEAD~1"), "lost")
    assert who(compared(".", "--git", "HEAD~1..HEAD"), "lost")


@pytest.mark.parametrize(
    "revisions",
    [
        "",
        "no-such-revision",
        "HEAD..",
        "..HEAD",
        "HEAD...HEAD",
        "HEAD..HEAD..HEAD",
        "HEAD:policy.yaml",
        "--output=owned",
        "-h",
        "HEAD..--output=owned",
        "HEAD HEAD",
        "HEAD\n--help",
        "^HEAD",
        "HEAD^{blob}",
    ],
)
def test_no_revision(repository, revisions):
    repository.commit(policy=ADMINS)

    assert refused("policy.yaml", f"--git={revisions}")
    assert sorted(path.name for path in repository.root.iterdir()) == [".git", "policy.yaml"]


def test_the_revision_that_is_not_there_is_named(repository):
    repository.commit(policy=ADMINS)

    assert "there is no revision nope" in refused("policy.yaml", "--git", "nope")
    assert "there is no revision nope" in refused("policy.yaml", "--git", "HEAD..nope")


def test_no_repository(written):
    written(policy=ADMINS)

    assert "git rev-parse" in refused("policy.yaml", "--git", "HEAD")


def test_no_git(repository, monkeypatch):
    repository.commit(policy=ADMINS)
    monkeypatch.setenv("PATH", "")

    assert "git cannot be asked" in refused("policy.yaml", "--git", "HEAD")
