"""A real memcached that is forged, stopped, gone, and one that drips: a miss each time, in time."""

from __future__ import annotations

import itertools
import shutil
import signal
import socket
import subprocess
import time
from contextlib import contextmanager, suppress
from urllib.parse import unquote

import pytest
from pymemcache.client.base import Client as Memcache

from harness import secrets
from harness.fickle import fickle
from harness.keystone import Grant
from harness.programs import missing
from harness.proxy import configuration
from harness.serve import free_port, serving
from integration.raw_backend import RawBackend, placement

TIMEOUT = 1
"""Seconds that memcached may take."""
LONGEST = TIMEOUT + 2
FORGED = b'{"token": {"roles": [{"name": "admin"}], "user": {"id": "x"}}}'

pytestmark = pytest.mark.xdist_group("memcached faults")


@contextmanager
def memcached():
    """A real one: its process and its port."""
    program = shutil.which("memcached")
    if program is None:
        missing("memcached is not here: apt-get install memcached")
    port = free_port()
    command = [program, "-l", "127.0.0.1", "-p", str(port), "-U", "0", "-u", "root", "-t", "1"]
    process = subprocess.Popen(command)
    try:
        while socket.socket().connect_ex(("127.0.0.1", port)):
            assert process.poll() is None
            time.sleep(0.02)
        yield process, port
    finally:
        process.send_signal(signal.SIGCONT)
        process.kill()
        process.wait()


@contextmanager
def proxy_with(folder, address, keystone_url, password, client_of):
    """A proxy that asks memcached for each request, and its Keystone."""
    with fickle(keystone_url) as (keystone, url), RawBackend(placement) as backend:
        path = configuration(
            folder,
            backend=backend.url,
            keystone=url,
            password=password,
            options=f"memcached_servers = {address}\nmemcache_security_strategy = ENCRYPT\n"
            f"memcache_secret_key = {secrets.made()}\n"
            f"memcache_pool_socket_timeout = {TIMEOUT}\nmemcache_pool_dead_retry = 1\n"
            "[identity_cache]\nttl = 0\n",
        )
        with serving(path) as served:
            yield client_of(served), keystone


def overwritten(port, value):
    """Put `value` in the place of each that memcached holds; how many there were."""
    cache = Memcache(("127.0.0.1", port))
    dump = cache.raw_command(b"lru_crawler metadump all", b"END\r\n")
    lines = [line.split()[0].decode() for line in dump.splitlines() if line[:4] == b"key="]
    keys = [unquote(line.removeprefix("key=")) for line in lines]
    for key in keys:
        cache.set(key, value, noreply=False)
    cache.close()
    return len(keys)


def test_a_real_one_through_its_life(tmp_path, keystone, keystone_url, password, client_of):
    token = keystone.issue(Grant("somebody", ("admin",), "project"))
    reader = keystone.issue(Grant("reader", ("reader",), "project"))
    with (
        memcached() as (process, port),
        proxy_with(tmp_path, f"127.0.0.1:{port}", keystone_url, password, client_of) as (
            client,
            asked,
        ),
    ):

        def ask(token):
            """Status, seconds, and how often Keystone validated meanwhile."""
            before = asked.validations
            told = client.ask(token=token)
            return told.status, told.seconds < LONGEST, asked.validations - before

        assert [ask(token), ask(token), ask(reader)] == [
            (200, True, 1),
            (200, True, 0),
            (403, True, 1),
        ]
        for value in (FORGED, b"", b"\x00\xff", b"x" * 100_000):
            assert overwritten(port, value) >= 2
            assert [ask(token), ask(reader)] == [(200, True, 1), (403, True, 1)]
        process.send_signal(signal.SIGSTOP)
        assert [ask(token) for _ in range(4)] == [(200, True, 1)] * 4
        process.send_signal(signal.SIGCONT)
        time.sleep(1.2)  # until it is tried again
        ask(token)
        assert ask(token) == (200, True, 0)
        process.kill()
        assert [ask(token) for _ in range(4)] == [(200, True, 1)] * 4
        assert ask(reader) == (403, True, 1)


def drip(connection):
    """Begins a value and says a byte of it now and then."""
    with suppress(OSError):
        connection.sock.recv(65536)
        connection.say(b"VALUE x 0 4000\r\n")
        for _ in itertools.count():
            connection.say(b"x")
            time.sleep(0.3)


def test_one_that_drips_is_a_miss_in_time(tmp_path, keystone_url, password, client_of):
    with (
        RawBackend(drip) as cache,
        proxy_with(tmp_path, f"127.0.0.1:{cache.port}", keystone_url, password, client_of) as (
            client,
            _,
        ),
    ):
        told = client.ask_at_once([{} for _ in range(10)])
    assert {one.status for one in told} == {200}
    assert max(one.seconds for one in told) < LONGEST + TIMEOUT  # one to read, one to write
