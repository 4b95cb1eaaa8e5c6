from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from oslo_policy import policy

from policy_proxy.config.policy import candidate_of
from policy_proxy.policy.source import MAX_BYTES, read


def test_the_files_and_their_order_are_oslo_policys(site):
    site.write("{}")
    for name in ("20-b.yaml", "10-a.yaml", "Z", ".hidden.yaml", "backup.yaml~"):
        site.add(name, "{}")
    (site.folder / "sub").mkdir()
    (site.folder / "sub" / "x.yaml").write_text("{}")
    (site.folder / "30-link.yaml").symlink_to(site.file)
    theirs = []
    policy.Enforcer._walk_through_policy_directory(str(site.folder), theirs.append)

    sources = read(site.settings())

    assert [path for path, _ in sources.files] == [str(site.file), *theirs]
    assert len(theirs) == 5
    assert [(Path(p.file).name, p.code) for p in sources.problems] == [
        (".hidden.yaml", "PP207"), ("Z", "PP208"), ("backup.yaml~", "PP102"), ("sub", "PP207"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("names", "codes"),
    [(["a.policy-test.yaml"], []), (["a.policy-test.yaml", "b.yaml"], ["PP207"]), ([], ["PP207"])],
)
def test_a_directory_of_tests_is_meant_not_to_be_read(site, names, codes):
    site.write("{}")
    (site.folder / "tests").mkdir(parents=True)
    for name in ["10-a.yaml", *(f"tests/{name}" for name in names)]:
        site.add(name, "{}")

    sources = read(site.settings())

    assert [Path(path).name for path, _ in sources.files] == ["policy.yaml", "10-a.yaml"]
    assert [problem.code for problem in sources.problems] == codes


# What editors, package managers and people leave behind: file name, finding.
LEFT_BEHIND = {
    "10-a.yaml": "",
    "10-A.YML": "",
    "a.json": "",
    "a.yaml~": "PP102",
    "a.yaml.bak": "PP102",
    "a.YAML.BAK": "PP102",
    "a.yaml.orig": "PP102",
    "a.yaml.rpmsave": "PP102",
    "a.yaml.rpmnew": "PP102",
    "a.yaml.dpkg-old": "PP102",
    "a.yaml.ucf-dist": "PP102",
    "a.yaml.swp": "PP102",
    "a.old": "PP102",
    "#a.yaml#": "PP102",
    "a.yaml.disabled": "PP102",
    "a.txt": "PP208",
    "README": "PP208",
    "4913": "PP208",
    "a.yaml.2026-01-01": "PP208",
    ".a.yaml": "PP207",
    ".a.yaml.swp": "",
    "..2026_01_01": "",
    ".gitkeep": "",
}


@pytest.mark.parametrize(("name", "code"), LEFT_BEHIND.items())
def test_what_is_probably_read_or_not_read_by_mistake_is_told(site, name, code):
    site.write("{}")
    site.add(name, "{}")
    sources = read(site.settings())
    assert [problem.code for problem in sources.problems] == ([code] if code else [])
    is_read = str(site.folder / name) in [path for path, _ in sources.files]
    assert is_read is not name.startswith(".")


def test_directories_of_a_config_map_are_not_worth_a_word(site):
    site.write("{}")
    (site.folder / "..2026_01_01").mkdir(parents=True)
    (site.folder / "..2026_01_01" / "a.yaml").write_text("{}")
    (site.folder / "..data").symlink_to("..2026_01_01")
    (site.folder / "a.yaml").symlink_to("..data/a.yaml")
    assert read(site.settings()).problems == ()


def test_a_missing_policy_file_is_a_problem(site):
    sources = read(site.settings())
    (problem,) = sources.problems
    assert str(problem).startswith(f"{site.file}: does not exist: create it, or set [policy]")


def test_a_missing_policy_file_is_none_when_the_operator_says_so(site):
    site.add("a.yaml", "{}")
    sources = read(site.settings(require_file=False))
    assert sources.problems == ()
    assert [path for path, _ in sources.files] == [str(site.folder / "a.yaml")]


def _pipe(path):
    os.mkfifo(path)


def _dangling(path):
    path.symlink_to("nowhere")


def _circle(path):
    path.symlink_to(path)


def _huge(path):
    with path.open("wb") as file:
        file.truncate(MAX_BYTES + 1)


@pytest.mark.parametrize("make", [_pipe, _dangling, _circle, _huge])
def test_what_is_no_readable_file_is_a_problem_and_blocks_nothing(site, make):
    site.write("{}")
    site.folder.mkdir()
    make(site.folder / "odd.yaml")
    (problem,) = read(site.settings(require_file=False)).problems
    assert problem.file == str(site.folder / "odd.yaml")
    assert "cannot be read" in problem.text


def test_a_policy_file_that_is_a_directory_is_a_problem_and_leaks_nothing(site, open_files):
    site.file.mkdir()
    before = open_files()
    (problem,) = read(site.settings()).problems
    assert problem.text == "cannot be read (Is a directory)"
    assert open_files() == before


def test_a_policy_directory_that_is_a_file_is_a_problem(site):
    site.write("{}")
    site.folder.write_text("{}")
    (problem,) = read(site.settings()).problems
    assert problem.file == str(site.folder)


def test_exhausted_descriptors_are_a_problem_of_every_file(site, no_descriptors):
    site.write("{}")
    site.add("a.yaml", "{}")
    with no_descriptors():
        sources = read(site.settings(require_file=False))
    assert sources.files == ()
    assert {problem.file for problem in sources.problems} == {str(site.file), str(site.folder)}


def test_the_revision_names_contents_and_order_but_not_the_place(site, tmp_path_factory):
    site.write("{}")
    site.add("a.yaml", "a")
    there = type(site)(tmp_path_factory.mktemp("there"))
    there.write("{}")
    there.add("a.yaml", "a")
    assert read(site.settings()).revision == read(there.settings()).revision
    revisions = {read(site.settings()).revision}
    site.add("a.yaml", "b")
    revisions.add(read(site.settings()).revision)
    site.add("b.yaml", "")
    revisions.add(read(site.settings()).revision)
    (site.folder / "a.yaml").rename(site.folder / "c.yaml")
    revisions.add(read(site.settings()).revision)
    site.file.unlink()
    revisions.add(read(site.settings()).revision)
    assert len(revisions) == 5


def test_a_candidate_has_the_revision_that_it_will_have_in_the_place_of_the_policy_file(site):
    site.write("{}")
    site.add("a.yaml", "a")
    candidate = site.root / "candidate.yaml"
    candidate.write_text("{}")
    settings = replace(site.settings(), candidate_file=str(candidate))

    tried = read(candidate_of(settings))

    assert tried.revision == read(settings).revision
    candidate.write_text("b: a")
    assert read(candidate_of(settings)).revision != tried.revision


def test_a_candidate_that_is_missing_is_told_by_the_option_that_names_it(site):
    settings = replace(site.settings(), candidate_file=str(site.root / "candidate.yaml"))

    (problem,) = read(candidate_of(settings)).problems

    assert problem.file == settings.candidate_file
    assert problem.remedy == "create it, or leave [policy] candidate_file out"


def test_the_stamps_tell_a_write_that_left_the_contents_alone(site):
    site.write("{}")
    before = read(site.settings())
    new = site.root / "new"
    new.write_text("{}")
    new.rename(site.file)
    after = read(site.settings())
    assert after.revision == before.revision
    assert after.stamps != before.stamps


def test_a_name_that_is_no_text_is_told_in_one_printable_line(site):
    site.write("{}")
    site.folder.mkdir()
    (site.folder / os.fsdecode(b"odd\n\xff\x1b.yaml")).symlink_to("nowhere")
    (problem,) = read(site.settings()).problems
    assert str(problem).isprintable()
    assert "odd\\n" in str(problem)


@pytest.mark.skipif(os.geteuid() != 0, reason="two users are needed, and only root can be both")
def test_what_cannot_even_be_looked_at_is_a_problem():
    script = (
        "import os, sys; from pathlib import Path\n"
        "from policy_proxy.policy.source import read\n"
        "from policy_proxy.config.policy import PolicySettings\n"
        "root = Path(sys.argv[1]); root.chmod(0o755)\n"
        "(root / 'hidden').mkdir(mode=0o700); (root / 'policy.d').mkdir()\n"
        "(root / 'policy.d' / '20.yaml').symlink_to(root / 'hidden' / '20.yaml')\n"
        "(root / 'policy.yaml').write_text('{}')\n"
        "folder, file = str(root / 'policy.d'), str(root / 'policy.yaml')\n"
        "os.seteuid(65534)\n"
        "found = read(PolicySettings(file, (folder,), 'default', True, 1.0, True)).problems\n"
        "print(*(problem.code for problem in found))\n"
        "os.seteuid(0)"
    )
    with tempfile.TemporaryDirectory() as root:
        done = subprocess.run(
            [sys.executable, "-c", script, root], capture_output=True, text=True, check=False
        )
    assert done.stdout.split() == ["PP101"], done.stderr
