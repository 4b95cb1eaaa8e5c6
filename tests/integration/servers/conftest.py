"""Each server once, for all tests that ask for it; and the table of what they see."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from harness.programs import missing
from harness.proxy import configuration
from harness.servers import SERVERS, Options, WSGIServer, launched
from integration.raw_backend import RawBackend
from integration.servers import table
from integration.servers.site import Scripted, Site

Tell = Callable[[str, str, object], None]


@pytest.fixture(
    scope="session",
    params=[pytest.param(name, marks=pytest.mark.xdist_group(f"in {name}")) for name in SERVERS],
)
def server(request) -> WSGIServer:
    """One after the other."""
    chosen = SERVERS[request.param]
    if why := chosen.missing():
        missing(why)
    return chosen


@pytest.fixture(scope="session")
def start(tmp_path_factory, keystone, keystone_url, password):
    """Starts a server anew; gives what `with` makes a site of."""

    def starting(server: WSGIServer, **sizes: int) -> Iterator[Site]:
        folder = tmp_path_factory.mktemp(server.name)
        script = Scripted()
        with RawBackend(script) as backend:
            path = configuration(
                folder,
                backend=backend.url,
                keystone=keystone_url,
                password=password,
                options="[limits]\nmax_body_readers = 4",  # below the threads of each server
            )
            text = path.read_text().replace("read_timeout = 2", "read_timeout = 20")
            path.write_text(text.replace("total_timeout = 4", "total_timeout = 30"))
            with launched(server, Options(path, folder, **sizes)) as running:
                yield Site(server.name, running, backend, script, keystone, folder)

    return starting


@pytest.fixture(scope="session")
def site(server, start) -> Iterator[Site]:
    """The server as it is shared by all tests that do not end it."""
    yield from start(server)


@pytest.fixture
def told(server, record_property) -> Tell:
    """Called with a heading and a row of the table, and what was seen, which must be what is kept
    in the table.
    """

    def telling(heading: str, row: str, seen: object) -> None:
        record_property("server", [heading, row, server.name, str(seen)])
        if not table.writing():
            of_row = table.kept().get(heading, {}).get(row, {})
            assert str(seen) == of_row.get(server.name), (
                f"{heading}: {row}: not as in docs/servers.json; "
                f"`{table.VARIABLE}=write make test-servers` writes it anew"
            )

    return telling


def pytest_terminal_summary(terminalreporter, config):
    if not table.writing():
        return
    seen = [
        value
        for report in terminalreporter.getreports("passed")
        for name, value in report.user_properties
        if name == "server"
    ]
    versions = {name: SERVERS[name].version() for name in SERVERS if not SERVERS[name].missing()}
    table.write(seen, versions, whole=not config.getoption("keyword"))
