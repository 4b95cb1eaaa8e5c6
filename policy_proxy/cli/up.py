"""`policy-proxy up`: a real Keystone and Placement with the proxy in front, for trying."""

from __future__ import annotations

import os
import shlex
import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path

import click
from keystoneauth1.exceptions import ClientException
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from policy_proxy.cli.output import fail
from policy_proxy.cli.terminal import print_stripped
from policy_proxy.embedded import ports, proxy, stack, state, tour
from policy_proxy.embedded.users import CLOUDS
from policy_proxy.errors import ConfigurationError

DEFAULT_PORT = 8778


@click.command(short_help="Run Keystone, Placement and the proxy, to try them.")
@click.option(
    "--state-dir",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where everything is kept; made if missing, used again if not. "
    "Default: policy-proxy in $XDG_STATE_HOME or ~/.local/state.",
)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address of the proxy.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=DEFAULT_PORT,
    show_default=True,
    help=f"Port of the proxy; 0 stands for {DEFAULT_PORT}, too.",
)
@click.option(
    "--set",
    "assignments",
    multiple=True,
    metavar="SECTION.OPTION=VALUE",
    help="An option of the proxy's configuration, for this start. May come again.",
)
@click.option("--no-tour", is_flag=True, help="Leave out the requests that show what it does.")
def up(
    state_dir: Path | None, host: str, port: int, assignments: Sequence[str], *, no_tour: bool
) -> None:
    """Run Keystone, Placement and the proxy on this machine until Ctrl-C or SIGTERM.

    For trying and for tests: users and passwords are made up, everything is in one directory.
    """
    wanted = proxy.Wanted(host, port or DEFAULT_PORT, settings_of(assignments))
    os.umask(0o077)
    os.environ["no_proxy"] = "*"  # a proxy for the web has no way to this machine's loopback
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    console = Console(highlight=False)
    root = (state_dir or state.default_directory()).expanduser().absolute()
    try:
        _run(console, root, wanted, with_tour=not no_tour)
    except ConfigurationError as error:
        fail(error.problems)
    except ClientException as error:
        fail([f"a request of the tour failed: {error}"])
    except KeyboardInterrupt:
        console.print("Stopped.")


def settings_of(assignments: Sequence[str]) -> dict[str, dict[str, str]]:
    """By section and name.

    :raises click.UsageError: for what is no assignment.
    """
    settings: dict[str, dict[str, str]] = {}
    for assignment in assignments:
        name, equals, value = assignment.partition("=")
        section, dot, option = name.partition(".")
        if not (section and dot and option and equals):
            raise click.UsageError(f"--set takes SECTION.OPTION=VALUE, not {assignment}")
        settings.setdefault(section, {})[option] = value
    return settings


def _run(console: Console, root: Path, wanted: proxy.Wanted, *, with_tour: bool) -> None:
    console.print(Text(f"Starting in {root}"), soft_wrap=True)

    @contextmanager
    def step(words: str) -> Iterator[None]:
        began = time.monotonic()
        with console.status(f"  {words} ..."):
            yield
        console.print(f"  {words:<32}{time.monotonic() - began:6.1f} s")

    with stack.running(root, wanted, step) as running:
        click.echo(f"ready {running.proxy_url}")
        _show_places(console, running, wanted.host)
        _show_users(console)
        _show_commands(console, root)
        if with_tour:
            _show_tour(console, running)
        console.print("\nCtrl-C stops all of it; the next start goes on from here.")
        running.wait()


def _show_places(console: Console, running: stack.Stack, host: str) -> None:
    everywhere = "; on all addresses" if ports.is_wildcard(host) else ""
    places = {
        "Proxy": f"{running.proxy_url}  (the catalogue's placement{everywhere})",
        "Keystone": running.keystone_url,
        "Placement": f"{running.placement_url}  (behind the proxy)",
        "Policy": f"{running.root / 'policy.yaml'}  (yours to change)",
        "Audit": str(running.root / "audit.jsonl"),
    }
    console.print()
    for name, place in places.items():
        console.print(Text(f"{name:<11}{place}"), soft_wrap=True)


def _show_users(console: Console) -> None:
    table = Table(
        "Cloud", "Role", "Project", "May, by the default policy", box=None, padding=(0, 2, 0, 0)
    )
    for user in CLOUDS:
        scope = "(system)" if user.system else user.project
        table.add_row(user.name, user.role or "none", scope, user.may)
    console.print()
    print_stripped(console, table)


def _show_commands(console: Console, root: Path) -> None:
    console.print("\nTo try in another terminal:\n")
    for command in (
        f". {shlex.quote(str(root / 'openrc'))}",
        "openstack --os-cloud nova resource provider create node-1",
        "openstack --os-cloud alice-reader resource provider list",
    ):
        console.print(Text(f"  {command}"), soft_wrap=True)


def _show_tour(console: Console, running: stack.Stack) -> None:
    console.print("\nA tour of real requests\n")
    for stop in tour.tour(running):
        status = HTTPStatus(stop.status)
        style = "green" if status < HTTPStatus.BAD_REQUEST else "red"
        answer = f"  {stop.answer}" if stop.answer else ""
        outcome = Text.assemble((f"{status} {status.phrase}", style), answer)
        print_stripped(console, Text(stop.shows))
        print_stripped(console, Padding.indent(Text(f"{stop.method} {stop.path}"), 2))
        print_stripped(console, Padding.indent(outcome, 2))
        console.print()
    console.print("What came through the proxy is recorded in")
    console.print(Text(f"  {running.root / 'audit.jsonl'}"), soft_wrap=True)
