"""Runs the gabbi suite that comes with Placement over real sockets, one of its files at a time.

The suite's fixtures configure Placement in their own process, so this process serves it. The
suite's requests say who they are in headers that `placement.auth.NoAuthMiddleware` takes. On the
wire they carry a token of the test Keystone instead, which becomes those headers again in front of
Placement: whatever lies between sees nothing but a Keystone token.
"""

from __future__ import annotations

import os
import unittest
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any
from unittest import mock
from urllib.parse import urlsplit

import httpx
import yaml
from gabbi import handlers, httpclient, suitemaker
from gabbi.case import HTTPTestCase
from placement.tests import functional
from placement.tests.functional.fixtures import gabbits

from harness import noauth
from harness.keystone import Grant, Keystone

DIRECTORY = Path(functional.__file__).parent / "gabbits"
FILES = tuple(sorted(path.name for path in DIRECTORY.glob("*.yaml")))

UNSENDABLE = {("basic-http.yaml", "bad content length not int")}
"""A Content-Length that is no number, which h11 does not send."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A test of the suite that may end differently, and how.

    :param reason: why the proxy answers otherwise on purpose.
    :param instead: what gabbi is to expect in place of the same keys of the test.
    """

    reason: str
    instead: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Outcome:
    """Of one file: how many tests it has, how many ended as written there, what went wrong."""

    total: int
    passed: int
    wrong: dict[str, str] = field(default_factory=dict)


class PlacementUnderTest:
    """The WSGI application that the fixtures of the running file have configured.

    One request at a time: they share the one connection of a SQLite database in memory. `callers`
    are those who asked since the last restart.
    """

    def __init__(self, keystone: Keystone) -> None:
        self._keystone = keystone
        self._lock = Lock()
        self.restart()

    def restart(self) -> None:
        """Configure the application anew with the next request."""
        self._application = gabbits.setup_app()
        self.callers: set[Grant] = set()

    @contextmanager
    def idle(self) -> Iterator[None]:
        """Placement with nothing in it, for as long as the `with` block lasts."""
        self.restart()
        with mock.patch.dict(os.environ), gabbits.APIFixture():
            yield

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        grant = self._keystone.read(environ.pop("HTTP_X_AUTH_TOKEN", ""))
        if grant:
            self.callers.add(grant)
            environ.update(noauth.environ(grant))
        with self._lock:
            return self._application(environ, start_response)


class Client(httpclient.Http):
    """The client that gabbi sends with, one for all tests: its own would leak a connection each."""

    def __init__(self, keystone: Keystone) -> None:
        self.extensions: dict[str, str] = {}
        self.client = httpx.Client(verify=False, trust_env=False)
        self._token = cache(keystone.issue)

    def request(self, absolute_uri, method, body, headers, redirect, timeout):
        """As gabbi calls it."""
        grant, sent = noauth.taken_from(headers)
        if grant:
            sent["x-auth-token"] = self._token(grant)
        return super().request(absolute_uri, method, body, sent, redirect, timeout)


@cache
def load(file: str) -> Mapping[str, Any]:
    """One file of the suite: its `fixtures`, `defaults` and `tests`."""
    with (DIRECTORY / file).open() as stream:
        return yaml.load(stream, Loader=yaml.CSafeLoader)


def run(
    file: str, url: str, client: Client, differences: Mapping[str, Difference] | None = None
) -> Outcome:
    """Run one file of the suite against a base URL.

    What is wrong: a test that fails; one that is to differ and does not, or is not in the file.
    """
    suite = _suite(file, url, client)
    tests: dict[str, HTTPTestCase] = {test.test_data["name"]: test for test in suite}
    differing = dict(differences or {})
    wrong = dict.fromkeys(differing.keys() - tests.keys(), "is listed, but not in the file")
    written = {name: tests[name].test_data for name in differing.keys() & tests.keys()}
    for name, data in written.items():
        tests[name].test_data = {**deepcopy(data), **differing[name].instead}
    wrong |= _failures(suite)
    for name, data in written.items():
        if name not in wrong and _passes(tests[name], data):
            wrong[name] = "is listed, but passes as it is written: strike it off the list"
    total = suite.countTestCases()
    return Outcome(total, total - len(wrong.keys() | written.keys()), wrong)


def _suite(file: str, url: str, client: Client) -> unittest.TestSuite:
    target = urlsplit(url)
    content = deepcopy(load(file))  # gabbi fills in its templates in place
    content["tests"] = [test for test in content["tests"] if (file, test["name"]) not in UNSENDABLE]
    with mock.patch.object(httpclient, "get_http", return_value=client):
        return suitemaker.test_suite_from_dict(
            unittest.TestLoader(),
            Path(file).stem,
            content,
            str(DIRECTORY),
            target.hostname,
            target.port,
            gabbits,
            None,
            handlers=[handler() for handler in handlers.RESPONSE_HANDLERS],
        )


def _failures(suite: unittest.TestSuite) -> dict[str, str]:
    result = _Result()
    with mock.patch.dict(os.environ):  # where the fixtures leave what they made
        suite.run(result)
    return result.wrong


class _Result(unittest.TestResult):
    """Keeps what went wrong, without the way through gabbi to it."""

    def __init__(self) -> None:
        super().__init__()
        self.wrong: dict[str, str] = {}

    def addFailure(self, test, err):  # noqa: N802 - unittest's name
        self.wrong[test.test_data["name"]] = f"{err[0].__name__}: {err[1]}"

    addError = addFailure  # noqa: N815 - unittest's name


def _passes(test: HTTPTestCase, data: dict[str, Any]) -> bool:
    """Whether the answer that the test got is also the one that `data` expects."""
    test.test_data = data
    try:
        test._assert_response()
    except AssertionError:
        return False
    return True
