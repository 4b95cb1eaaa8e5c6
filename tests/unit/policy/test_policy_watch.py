from __future__ import annotations

import logging
import os
import shutil
import signal
import sys
import threading
import time
import tracemalloc

import pytest
from oslo_policy import policy

from policy_proxy.model import Identity
from policy_proxy.policy.source import MAX_BYTES
from policy_proxy.policy.watch import PolicyWatch

GOOD = "'things:show': 'role:good'\n"
BETTER = "'things:show': 'role:better'\n"
BROKEN = "'things:show': !\n"


@pytest.fixture
def watch(site, defaults):
    """Looks only when told to; GOOD is in force."""
    site.write(GOOD)
    watch = PolicyWatch(site.settings(), defaults)
    watch.load_now()
    return watch


def _in_force(watch) -> str:
    (role,) = [
        role
        for role in ("good", "better", "reader")
        if watch.current.authorize("things:show", {}, Identity(user_id="u", roles=(role,)))
    ]
    return role


def _looks(watch, times=2):
    for _ in range(times):
        watch.look()


def test_before_the_first_load_nothing_is_in_force(site, defaults):
    watch = PolicyWatch(site.settings(), defaults)
    assert watch.current is None
    assert watch.missing() == "policy was not loaded yet"


def test_a_good_file_is_in_force_at_once(watch):
    assert _in_force(watch) == "good"
    assert watch.missing() == ""
    assert watch.state.snapshot is watch.current
    assert watch.state.problems == ()


def test_a_bad_file_at_the_start_leaves_nothing_in_force_until_it_is_mended(site, defaults):
    site.write(BROKEN)
    watch = PolicyWatch(site.settings(), defaults)
    watch.load_now()
    assert watch.current is None
    assert watch.missing() == watch.state.problems[0]
    assert str(site.file) in watch.missing()
    site.write(GOOD)
    _looks(watch)
    assert _in_force(watch) == "good"


def test_a_missing_file_at_the_start_leaves_nothing_in_force(site, defaults):
    watch = PolicyWatch(site.settings(), defaults)
    watch.load_now()
    assert watch.current is None
    assert "does not exist" in watch.missing()


def _rewrite(site):
    site.write(BETTER)


def _restore_with_the_same_time(site):
    status = site.file.stat()
    site.write(BETTER)
    os.utime(site.file, ns=(status.st_atime_ns, status.st_mtime_ns))


def _restore_with_an_older_time(site):
    site.write(BETTER)
    os.utime(site.file, (1, 1))


def _replace_by_rename(site):
    new = site.root / ".policy.yaml.new"
    new.write_text(BETTER)
    new.rename(site.file)


def _override(site):
    site.add("10-better.yaml", BETTER)


def _swap_a_symlink(site):
    """As Kubernetes does with a ConfigMap."""
    for name, content in (("v1", "{}"), ("v2", BETTER)):
        (site.root / name).mkdir()
        (site.root / name / "a.yaml").write_text(content)
    site.folder.symlink_to("v1")
    new = site.root / "new"
    new.symlink_to("v2")
    new.rename(site.folder)


@pytest.mark.parametrize(
    "change",
    [
        _rewrite,
        _restore_with_the_same_time,
        _restore_with_an_older_time,
        _replace_by_rename,
        _override,
        _swap_a_symlink,
    ],
)
def test_a_change_is_taken_however_it_is_made(site, watch, change):
    _looks(watch)
    change(site)
    _looks(watch)
    assert _in_force(watch) == "better"


def _mounted(site, version, content):
    """A ConfigMap as kubelet lays it out: `..data` leads to the directory of one version.

    https://pkg.go.dev/k8s.io/kubernetes/pkg/volume/util#AtomicWriter
    """
    (site.root / version).mkdir()
    (site.root / version / "policy.yaml").write_text(content)
    (site.root / "..data_tmp").symlink_to(version)
    (site.root / "..data_tmp").rename(site.root / "..data")


def test_a_config_map_is_followed_when_kubelet_swaps_it(site, defaults):
    _mounted(site, "..2026_01_01", GOOD)
    site.file.symlink_to("..data/policy.yaml")
    watch = PolicyWatch(site.settings(), defaults)
    watch.load_now()
    assert _in_force(watch) == "good"
    _mounted(site, "..2026_01_02", BETTER)
    shutil.rmtree(site.root / "..2026_01_01")
    _looks(watch)
    assert _in_force(watch) == "better"


def test_a_symlinked_directory_is_followed_when_it_is_swapped(site, watch):
    for name, content in (("v1", BETTER), ("v2", "'things:show': 'role:reader'\n")):
        (site.root / name).mkdir()
        (site.root / name / "a.yaml").write_text(content)
    site.folder.symlink_to("v1")
    _looks(watch)
    assert _in_force(watch) == "better"
    new = site.root / "new"
    new.symlink_to("v2")
    new.rename(site.folder)
    _looks(watch)
    assert _in_force(watch) == "reader"


def _delete(site):
    site.file.unlink()


def _truncate(site):
    site.write("")


def _make_unreadable(site):
    """For the superuser too, who may read whatever its mode."""
    site.file.unlink()
    site.file.symlink_to(site.file.name)


def _bomb(site):
    """Nine lists of nine of the one before: a thousand million when every alias is followed."""
    lists = [f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 9)}]" for n in range(1, 10)]
    site.write("\n".join(["l0: &l0 [lol]", *lists]))


def _make_huge(site):
    with site.file.open("ab") as file:
        file.truncate(50_000_000)


def _break(site):
    site.write(BROKEN)


def _cut(site):
    site.write(BETTER[:-4])


def _comment_out(site):
    site.write("# " + BETTER)


def _add_a_broken_one(site):
    site.add("10.yaml", BROKEN)


def _add_a_dangling_one(site):
    site.folder.mkdir()
    (site.folder / "10.yaml").symlink_to("nowhere")


def _directory_becomes_a_file(site):
    site.folder.write_text(BETTER)


@pytest.mark.parametrize(
    "change",
    [
        _delete,
        _truncate,
        _make_unreadable,
        _bomb,
        _make_huge,
        _break,
        _cut,
        _comment_out,
        _add_a_broken_one,
        _add_a_dangling_one,
        _directory_becomes_a_file,
    ],
)
def test_a_bad_change_is_refused_once_and_the_last_good_policy_stays(site, watch, change, caplog):
    before = watch.current
    change(site)
    _looks(watch, 5)
    assert watch.current is before
    assert _in_force(watch) == "good"
    assert watch.missing() == ""
    assert watch.state.refused not in ("", before.revision)
    assert str(site.root) in watch.state.problems[0]
    assert watch.state.since > before.taken_at
    said = [r.message for r in caplog.records if r.levelno >= logging.ERROR]
    assert f"revision {before.revision} stays in force" in said[0]
    assert said[1:] == list(watch.state.problems)


def test_each_other_bad_content_is_logged_and_mending_ends_it(site, watch, caplog):
    for content in (BROKEN, "", BROKEN):
        site.write(content)
        _looks(watch, 3)
    assert len([r for r in caplog.records if "are refused" in r.message]) == 3
    site.write(BETTER)
    _looks(watch)
    assert _in_force(watch) == "better"
    assert watch.state.problems == ()


def test_going_back_to_what_is_in_force_ends_the_refusal_without_a_swap(site, watch):
    before = watch.current
    site.write(BROKEN)
    _looks(watch)
    site.write(GOOD)
    _looks(watch)
    assert watch.state.problems == ()
    assert watch.current is before


def test_a_long_list_of_problems_is_cut_in_the_log_only(site, watch, caplog):
    site.write("".join(f"'r{n}': no\n" for n in range(50)))
    _looks(watch)
    assert len(watch.state.problems) >= 50
    assert caplog.records[-1].message.startswith("and ")
    assert len(caplog.records) < 30


def test_a_set_that_is_being_written_is_not_taken(site, watch):
    """Each step alone is a good policy, and none of them is what the writer means."""
    steps = ["'things:list': '@'\n", "'things:list': '@'\n'things:update': '@'\n", BETTER]
    before = watch.current
    for step in steps:
        site.write(step)
        watch.look()
        assert watch.current is before
    watch.look()
    assert _in_force(watch) == "better"


def test_an_editor_that_replaces_the_file_is_followed_and_never_caught_halfway(site, watch):
    """vim: a swap file, the old file becomes the backup, a new one is written, the rest goes."""
    swap, backup = site.root / ".policy.yaml.swp", site.root / "policy.yaml~"
    steps = [
        lambda: swap.write_text("b0VIM"),
        lambda: site.file.rename(backup),
        lambda: site.write(BETTER[:10]),
        lambda: site.write(BETTER),
        backup.unlink,
        swap.unlink,
    ]
    for step in steps:
        step()
        watch.look()
        assert watch.state.problems == ()
    watch.look()
    assert _in_force(watch) == "better"


def test_what_an_editor_leaves_beside_the_file_is_no_policy(site, watch):
    before = watch.current
    site.add(".10.yaml.swp", "b0VIM")
    (site.root / "policy.yaml~").write_text(BROKEN)
    _looks(watch)
    assert watch.current is before
    assert watch.state.problems == ()


@pytest.mark.parametrize("make", [_make_huge, _bomb])
def test_what_is_far_too_large_takes_little_memory(site, watch, make):
    make(site)
    tracemalloc.start()
    try:
        _looks(watch)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert watch.state.problems
    assert peak < 3 * MAX_BYTES


def _calls_in(function) -> int:
    """How many calls it takes, Python's and C's: what time depends on, without its noise."""
    calls = 0

    def count(frame, event, argument):
        nonlocal calls
        calls += event in ("call", "c_call")

    sys.setprofile(count)
    try:
        function()
    finally:
        sys.setprofile(None)
    return calls


def test_a_decision_costs_the_same_among_ten_thousand_rules(site):
    def cost(count):
        defaults = [policy.RuleDefault(f"x:{n}", "!") for n in range(count)]
        site.write("".join(f"'x:{n}': 'role:r{n} or user_id:u'\n" for n in range(count)))
        watch = PolicyWatch(site.settings(), lambda: defaults)
        watch.load_now()
        identity, last = Identity(user_id="u", roles=("a",)), f"x:{count - 1}"
        assert watch.current.authorize(last, {}, identity)
        return _calls_in(lambda: watch.current.authorize(last, {}, identity))

    assert cost(10_000) == cost(2)


def test_a_file_written_again_with_the_same_contents_is_not_at_rest(site, watch):
    site.write(BETTER)
    watch.look()
    os.utime(site.file, (1, 1))
    watch.look()
    assert _in_force(watch) == "good"
    watch.look()
    assert _in_force(watch) == "better"


def test_exhausted_descriptors_change_nothing_and_pass(site, watch, no_descriptors):
    before = watch.current
    site.write(BETTER)
    with no_descriptors():
        _looks(watch, 3)
        assert watch.current is before
        assert watch.state.problems
    _looks(watch)
    assert _in_force(watch) == "better"
    assert watch.state.problems == ()


def test_reloading_leaks_no_descriptor(site, watch, open_files):
    before = open_files()
    for n in range(200):
        site.write(f"'things:show': 'role:good or user_id:{n}'\n")
        if n % 4 == 0:
            site.add("broken.yaml", BROKEN)
        else:
            (site.folder / "broken.yaml").unlink(missing_ok=True)
        _looks(watch)
    assert watch.current.authorize("things:show", {}, Identity(user_id="199"))
    assert open_files() == before


def _eventually(condition):
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def _threads():
    return [t for t in threading.enumerate() if t.name == "policy-proxy-policy"]


def test_the_thread_looks_by_itself_and_stops(site, watch):
    others = _threads()
    watch.start()
    watch.start()
    assert len(_threads()) == len(others) + 1
    site.write(BETTER)
    _eventually(lambda: _in_force(watch) == "better")
    watch.stop()
    assert _threads() == others
    assert _in_force(watch) == "better"


def test_the_thread_can_be_started_again(site, watch):
    watch.start()
    watch.stop()
    watch.start()
    site.write(BETTER)
    _eventually(lambda: _in_force(watch) == "better")
    watch.stop()


def test_a_reload_that_is_asked_for_does_not_wait_for_the_next_look(site, defaults, caplog):
    site.write(GOOD)
    watch = PolicyWatch(site.settings(watch_interval=3600.0), defaults)
    watch.load_now()
    watch.start()
    site.write(BETTER)
    with caplog.at_level(logging.INFO):
        watch.reload()
        _eventually(lambda: _in_force(watch) == "better")
    assert "as asked" in caplog.text
    watch.stop()


def test_a_reload_that_is_asked_for_by_a_signal_handler_again_and_again_is_safe(site, watch):
    """The handler may interrupt the call that it makes itself."""
    watch.start()
    before = signal.signal(signal.SIGALRM, lambda *_: watch.reload())
    signal.setitimer(signal.ITIMER_REAL, 0.0001, 0.0001)
    try:
        for _ in range(2000):
            watch.reload()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    site.write(BETTER)
    _eventually(lambda: _in_force(watch) == "better")
    watch.stop()


def test_a_reload_does_not_catch_a_writer_halfway(site, defaults):
    """Each half alone is a good policy."""
    watch = PolicyWatch(site.settings(watch_interval=3600.0), defaults)
    site.write("'things:list': '!'\n" + GOOD)
    watch.load_now()
    watch.start()
    site.write("'things:list': '@'\n")
    watch.reload()
    time.sleep(0.05)
    site.write("'things:list': '!'\n" + BETTER)
    _eventually(lambda: _in_force(watch) == "better")
    assert "things:list" in watch.current.origins
    watch.stop()


def test_a_storm_of_reloads_is_one(site, watch):
    watch.start()
    for _ in range(20_000):
        watch.reload()
    began = time.monotonic()
    watch.stop()
    assert time.monotonic() - began < 5
    assert watch._rounds._calls.qsize() == 0


def test_files_that_never_rest_are_worth_a_word(site, watch, caplog):
    for number in range(30):
        site.write(BETTER + f"# {number}\n")
        watch.look()
    assert _in_force(watch) == "good"
    assert caplog.text.count("change at every look") == 1


@pytest.mark.parametrize("gone", ["renamed", "emptied"])
def test_a_directory_whose_rules_are_in_force_cannot_just_go(site, defaults, gone):
    """A volume that is not mounted looks like this."""
    site.write("'things:show': '@'\n")
    site.add("10.yaml", GOOD)
    watch = PolicyWatch(site.settings(), defaults)
    watch.load_now()
    assert _in_force(watch) == "good"
    if gone == "renamed":
        site.folder.rename(site.root / "elsewhere")
    else:
        (site.folder / "10.yaml").unlink()
    _looks(watch)
    assert _in_force(watch) == "good"
    assert "holds no file any more" in watch.state.problems[0]

    site.folder.mkdir(exist_ok=True)
    site.add("00.yaml", "{}\n")
    _looks(watch)
    assert watch.state.problems == ()
    assert watch.current.origins["things:show"].check == "@"
    shutil.rmtree(site.folder)
    _looks(watch)
    assert watch.state.problems == (), "it had no rules in force any more"


def test_a_remote_check_is_asked_the_way_that_was_given(site, defaults):
    asked = []
    site.write("'things:show': 'https://policy.example/'\n")
    settings = site.settings(allow_remote_checks=True)
    watch = PolicyWatch(settings, defaults, lambda url, _: asked.append(url) or True)
    watch.load_now()
    assert watch.current.authorize("things:show", {}, Identity(user_id="u")) is True
    assert asked == ["https://policy.example/"]


def test_a_remote_check_is_refused_unless_the_operator_allows_it(site, watch):
    site.write("'things:show': 'https://policy.example/'\n")
    _looks(watch)
    assert _in_force(watch) == "good"
    assert "allow_remote_checks" in watch.state.problems[0]


def test_comments_alone_take_no_rules_away_until_braces_say_so(site, watch):
    site.write("# " + GOOD)
    _looks(watch)
    assert _in_force(watch) == "good"
    site.write("{}\n# " + GOOD)
    _looks(watch)
    assert _in_force(watch) == "reader"
    site.write("# nothing but comments, over the defaults\n")
    _looks(watch)
    assert watch.state.problems == ()


def test_the_state_says_since_when(site, watch):
    began = watch.state.since
    assert began >= watch.current.taken_at
    for content in (BROKEN, GOOD, BETTER):
        site.write(content)
        _looks(watch)
        assert watch.state.since > began
        began = watch.state.since
    _looks(watch)
    assert watch.state.since == began


def test_the_thread_outlives_what_nobody_foresaw(site, defaults):
    """Rule defaults that cannot be made, for a while."""
    site.write(GOOD)
    failing = threading.Event()
    asked = threading.Event()

    def unsteady():
        if failing.is_set():
            asked.set()
            raise MemoryError
        return defaults()

    watch = PolicyWatch(site.settings(), unsteady)
    watch.load_now()
    failing.set()
    site.write(BETTER)
    watch.start()
    assert asked.wait(20)
    assert _in_force(watch) == "good"
    _eventually(lambda: watch.state.problems)
    assert watch.state.problems == ("the policy files could not be looked at: see the log",)
    failing.clear()
    _eventually(lambda: _in_force(watch) == "better")
    assert watch.state.problems == ()
    watch.stop()


def test_a_file_that_was_in_force_cannot_just_go_even_where_none_is_required(site, defaults):
    watch = PolicyWatch(site.settings(require_file=False), defaults)
    watch.load_now()
    assert watch.current is not None, "the defaults are in force"
    site.write(GOOD)
    _looks(watch)
    assert _in_force(watch) == "good"
    site.file.unlink()
    _looks(watch)
    assert _in_force(watch) == "good"
    assert "does not exist" in watch.state.problems[0]
