"""`policy-proxy up`: what it sets up, keeps, shows, and leaves behind."""

from __future__ import annotations

import json
import re
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from harness.stack import COMMAND, Stack, eventually, processes_of, running, starting

TRYING = Path(__file__).parents[2] / "docs" / "trying.md"
PROVIDERS = "/resource_providers"
OLD, NARROWER = "role:admin or role:service", "role:admin"
"""What docs/trying.md has one take out of the one rule of the policy."""
APPENDED = re.search(r'^    ("placement:usages": .+)$', TRYING.read_text(), re.MULTILINE)[1]
"""The rule that docs/trying.md has one add at the end of it."""
SCOPES = {
    "admin": "admin",
    "nova": "service",
    "alice": "alpha",
    "alice-admin": "alpha",
    "alice-reader": "alpha",
    "bob": "beta",
    "bob-reader": "beta",
    "collector": "monitoring",
    "norole": None,
    "sysadmin": "system",
    "sysreader": "system",
}


def test_clouds_yaml_has_each_user_with_its_scope(stack: Stack) -> None:
    auths = {name: cloud["auth"] for name, cloud in stack.clouds.items()}
    scopes = {
        name: "system" if auth.get("system_scope") == "all" else auth.get("project_name")
        for name, auth in auths.items()
    }
    assert scopes == SCOPES


@pytest.mark.parametrize("interface", ["public", "internal", "admin"])
def test_the_catalogue_leads_to_the_proxy(stack: Stack, interface: str) -> None:
    session = stack.session("nova")
    assert session.get_endpoint(service_type="placement", interface=interface) == stack.url


def test_openrc_leads_the_openstack_command_to_the_stack(stack: Stack) -> None:
    script = f". '{stack.state_dir}/openrc' && echo $OS_CLIENT_CONFIG_FILE && command -v openstack"
    shell = subprocess.run(["/bin/sh", "-c", script], capture_output=True, text=True, check=True)
    assert shell.stdout.splitlines() == [
        str(stack.clouds_file),
        str(COMMAND.with_name("openstack")),
    ]


def test_the_state_is_its_owners_alone(stack: Stack) -> None:
    everything = [stack.state_dir, *stack.state_dir.rglob("*")]
    open_to_others = [path for path in everything if stat.S_IMODE(path.stat().st_mode) & 0o077]
    assert open_to_others == []


def test_passwords_are_in_no_log_and_no_command_line(stack: Stack) -> None:
    assert stack.session("nova").get(f"{stack.url}{PROVIDERS}").status_code == 200
    written = {path: path.read_text() for path in stack.state_dir.glob("*.log")}
    written |= {path: path.read_text() for path in [stack.output, stack.state_dir / "audit.jsonl"]}
    assert {path.name for path in written} >= {"keystone.log", "placement.log", "policy-proxy.log"}
    written |= {Path(f"/proc/{pid}"): line for pid, line in processes_of(stack.state_dir).items()}
    passwords = json.loads((stack.state_dir / "passwords.json").read_text())
    shown = [
        (user, str(path))
        for user, password in passwords.items()
        for path, text in written.items()
        if password in text
    ]
    assert shown == []
    assert len(set(passwords.values())) == len(SCOPES) + 2


def refused(*options: str, program: tuple[str, ...] = (str(COMMAND),)) -> str:
    """What a start that ends at once says: one line, with exit code 1."""
    ended = subprocess.run(
        [*program, "up", *options], capture_output=True, text=True, timeout=60, check=False
    )
    assert ended.returncode == 1
    assert len(ended.stderr.splitlines()) == 1
    return ended.stderr


def test_a_busy_port_is_one_sentence(stack: Stack, tmp_path: Path) -> None:
    port = stack.url.rpartition(":")[2]
    said = refused("--state-dir", str(tmp_path), "--port", port)
    assert f"port {port} of 127.0.0.1" in said
    assert "in use" in said
    assert "--port" in said


def test_an_address_of_another_machine_is_one_sentence(tmp_path: Path) -> None:
    assert "--host" in refused("--state-dir", str(tmp_path), "--host", "192.0.2.1")


def test_a_state_directory_in_use_is_one_sentence(stack: Stack) -> None:
    said = refused("--state-dir", str(stack.state_dir), "--port", "0")
    assert f"{stack.state_dir} is in use" in said
    assert "--state-dir" in said


def test_a_state_directory_that_cannot_be_made_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert "--state-dir" in refused("--state-dir", str(tmp_path / "file" / "state"))


def test_missing_packages_are_one_sentence(tmp_path: Path) -> None:
    hidden = "import sys; sys.modules['keystone'] = None; from policy_proxy.cli import main; main()"
    said = refused("--state-dir", str(tmp_path), program=(sys.executable, "-c", hidden))
    assert "pip install '.[embedded]'" in said


@dataclass(frozen=True, slots=True)
class Story:
    """Two starts of one state directory: what the first left, what the second found."""

    exit_after_sigint: int
    left_after_sigint: dict[int, str]
    first_url: str
    policy: str
    state_dir: Path
    second_url: str
    output: str
    endpoint: str
    providers: list[str]
    traits: int
    passwords_kept: bool
    policy_kept: bool


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Story:
    """Started, changed, stopped by Ctrl-C; started again with the tour, asked, and killed."""
    state_dir = tmp_path_factory.mktemp("story") / "state"
    passwords, policy = state_dir / "passwords.json", state_dir / "policy.yaml"
    with running(state_dir, "--no-tour") as first:
        nova = first.session("nova")
        nova.post(f"{first.url}{PROVIDERS}", json={"name": "kept"})
        assert traits(first) == 200
        assert usages(first) == 200
        edited = policy.read_text().replace(OLD, NARROWER)
        policy.write_text(f"{edited}{APPENDED}\n")
        eventually(lambda: (traits(first), usages(first)) == (403, 403))
        policy.write_text(edited)
        eventually(lambda: usages(first) == 200)
        before = passwords.read_text(), policy.read_text()
        exit_after_sigint = first.stop(signal.SIGINT)
        left_after_sigint = processes_of(state_dir)
    with running(state_dir) as second:
        eventually(lambda: "Ctrl-C stops" in second.output.read_text())
        nova = second.session("nova")
        listed = nova.get(f"{second.url}{PROVIDERS}").json()["resource_providers"]
        told = Story(
            exit_after_sigint=exit_after_sigint,
            left_after_sigint=left_after_sigint,
            first_url=first.url,
            policy=before[1],
            state_dir=state_dir,
            second_url=second.url,
            output=second.output.read_text(),
            endpoint=nova.get_endpoint(service_type="placement"),
            providers=[provider["name"] for provider in listed],
            traits=traits(second),
            passwords_kept=passwords.read_text() == before[0],
            policy_kept=policy.read_text() == before[1],
        )
        second.stop(signal.SIGKILL)
    return told


def traits(stack: Stack) -> int:
    """The status that nova's service user gets for a list of the traits."""
    return status(stack, "nova", "/traits")


def usages(stack: Stack) -> int:
    """The status that a reader gets for the usages of her project."""
    project = stack.session("alice-reader").get_project_id()
    return status(stack, "alice-reader", f"/usages?project_id={project}")


def status(stack: Stack, cloud: str, path: str) -> int:
    headers = {"OpenStack-API-Version": "placement 1.39"}
    answer = stack.session(cloud).get(f"{stack.url}{path}", headers=headers, raise_exc=False)
    return int(answer.status_code)


def test_ctrl_c_stops_everything(story: Story) -> None:
    assert (story.exit_after_sigint, story.left_after_sigint) == (0, {})


def test_a_second_start_goes_on_from_the_first(story: Story) -> None:
    assert story.passwords_kept
    assert story.providers == ["kept"]


def test_the_policy_file_is_the_operators(story: Story) -> None:
    assert f'"placement:traits:list": "{NARROWER}"' in story.policy
    assert story.policy_kept
    assert story.traits == 403


def test_the_catalogue_follows_the_proxy_to_another_port(story: Story) -> None:
    assert story.first_url != story.second_url == story.endpoint


def test_a_command_that_is_killed_takes_everything_with_it(story: Story) -> None:
    eventually(lambda: not processes_of(story.state_dir))


def test_in_the_tour_a_reader_lists_and_is_refused_a_delete(story: Story) -> None:
    steps = re.findall(r"^  (GET|POST|PUT|DELETE) .+\n  (\d{3}) ", story.output, re.MULTILINE)
    assert steps[:3] == [("POST", "200"), ("POST", "201"), ("PUT", "204")]
    assert steps[3:6] == [("GET", "200"), ("DELETE", "403"), ("GET", "403")]
    assert steps[6:] == [("POST", "409"), ("POST", "409"), ("DELETE", "204"), ("DELETE", "204")]
    assert '{"usages": {"INSTANCE": {"VCPU": 2, "consumer_count": 1}}}' in story.output


def test_the_tour_shows_an_error_before_and_after(story: Story) -> None:
    words = story.output.partition("A tour of real requests")[2].split()
    before, after = " ".join(words).split("409 Conflict ")[1:]
    assert "[SQL: INSERT INTO" in before
    assert "SQL" not in after
    assert after.startswith("placement.concurrent_update: ")


def test_the_output_reads_well_on_a_plain_terminal(story: Story) -> None:
    assert "Traceback" not in story.output
    assert "\x1b" not in story.output
    lines = story.output.splitlines()
    assert [line for line in lines if len(line) > 80 and str(story.state_dir) not in line] == []
    tour = story.output.partition("A tour of real requests")[2].splitlines()
    assert [line for line in tour if line != line.rstrip()] == []


@pytest.fixture
def halfway(tmp_path: Path) -> Iterator[Stack]:
    """A first start whose Keystone and Placement have been started, and are not ready yet."""
    with starting(tmp_path / "state", "--no-tour") as stack:
        eventually(lambda: len(children(stack)) == 2)
        yield stack


def children(stack: Stack) -> list[psutil.Process]:
    return psutil.Process(stack.process.pid).children()


def test_a_start_can_be_stopped(halfway: Stack) -> None:
    assert halfway.stop(signal.SIGTERM) == 0
    assert processes_of(halfway.state_dir) == {}


def test_a_service_that_ends_stops_everything_and_is_named(halfway: Stack) -> None:
    next(child for child in children(halfway) if "keystone" in child.cmdline()).kill()
    assert halfway.process.wait(60) == 1
    log = halfway.state_dir / "keystone.log"
    assert f"Keystone ended with exit code -9: see {log}" in halfway.output.read_text()
    assert processes_of(halfway.state_dir) == {}
