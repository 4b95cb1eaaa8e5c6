"""A part of the suite through etc/wsgi/guarded_placement.py, under real servers: Placement and the
chain around it in each of their processes, on one database.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from configparser import RawConfigParser
from contextlib import closing
from pathlib import Path

import pytest

from harness import sections
from harness.gabbi_cloud import OTHERS, SECTIONS
from harness.gabbi_suite import load, run
from harness.programs import missing
from harness.servers import ETC, SERVERS, Options, launched
from integration.gabbi.differences import DIFFERENCES

FILES = ("allocations.yaml", "inventory.yaml", "traits.yaml", "unicode.yaml")
"""Those that need nothing in the database beforehand: the fixtures of the others write into their
own.
"""
KEPT = {"alembic_version", "resource_classes", "traits"}
"""Tables that Placement fills as it starts."""


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(name, marks=pytest.mark.xdist_group(f"in {name}"))
        for name in ("uWSGI", "Apache")
    ],
)
def guarded(request, cloud, tmp_path_factory) -> Iterator[tuple[str, Path]]:
    """The URL of Placement in the server, and its database."""
    server = SERVERS[request.param]
    if why := server.missing():
        missing(why)
    folder = tmp_path_factory.mktemp("guarded")
    configuration = cloud.configuration(OTHERS, "caller", folder)
    _placement_conf(cloud, folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OS_PLACEMENT_CONFIG_DIR", str(folder))
        patch.setenv("PYTHONPATH", f"{ETC / 'wsgi'}:{ETC.parent}")
        application = "guarded_placement:application"
        with launched(server, Options(configuration, folder, application, threads=2)) as running:
            yield running.url, folder / "placement.sqlite"


def _placement_conf(cloud, folder):
    parser = RawConfigParser()
    parser.read_dict(
        {
            "api": {"auth_strategy": "keystone"},
            "placement_database": {
                "connection": f"sqlite:///{folder}/placement.sqlite",
                "sync_on_startup": "true",
            },
            "keystone_authtoken": sections.authtoken(
                cloud.keystone_url, cloud.proxy_user, cloud.proxy_password
            ),
            **SECTIONS[OTHERS],
        }
    )
    with (folder / "placement.conf").open("w") as stream:
        parser.write(stream)


def _emptied(path):
    with closing(sqlite3.connect(path)) as database, database:
        tables = database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        for (table,) in tables:
            if table not in KEPT:
                database.execute(f"DELETE FROM {table}")
        for table in ("resource_classes", "traits"):
            database.execute(f"DELETE FROM {table} WHERE name LIKE 'CUSTOM_%'")


@pytest.mark.parametrize("file", FILES)
def test_a_part_of_the_suite_passes_under_real_servers(guarded, cloud, file):
    assert load(file)["fixtures"] == [OTHERS]
    url, database = guarded
    _emptied(database)
    outcome = run(file, url, cloud.client, DIFFERENCES.get(file))
    assert not outcome.wrong, "\n\n".join(f"{name}: {text}" for name, text in outcome.wrong.items())
    assert outcome.passed
