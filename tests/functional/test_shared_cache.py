"""Validated tokens in a memcached that all workers share, encrypted."""

from __future__ import annotations

import os
import pickle
import socket
import time
from contextlib import closing, contextmanager

import pytest

from harness import secrets
from harness.memcached import memcached
from harness.proxy import ADMIN, Proxy, configuration
from harness.serve import free_port

SECRET = secrets.made()


@pytest.fixture
def shared():
    with memcached() as server:
        yield server


@pytest.fixture
def worker(tmp_path, recorder, keystone, keystone_url, password):
    """A proxy with the shared cache; without Keystone, it can validate no token by itself."""

    @contextmanager
    def worker(address, *, with_keystone=True, more=""):
        path = configuration(
            tmp_path,
            backend=recorder.url,
            keystone=keystone_url if with_keystone else f"http://127.0.0.1:{free_port()}",
            password=password,
            options=f"memcached_servers = {address}\n"
            f"memcache_security_strategy = ENCRYPT\nmemcache_secret_key = {SECRET}\n"
            f"http_request_max_retries = 0\n{more}",
        )
        proxy = Proxy.built(path, keystone)
        with closing(proxy.app):
            yield proxy

    return worker


@pytest.fixture
def token(keystone):
    return {"X-Auth-Token": keystone.issue(ADMIN)}


def status(proxy, token):
    return proxy.ask("GET", "/traits", grant=None, headers=token).status_int


def test_what_one_worker_validated_another_need_not(shared, worker, token):
    with worker(shared.address) as first:
        assert status(first, token) == 200
    with worker(shared.address, with_keystone=False) as second:
        assert status(second, token) == 200


def test_the_cache_holds_nothing_that_can_be_read(shared, worker, token):
    with worker(shared.address) as proxy:
        assert status(proxy, token) == 200
    assert shared.entries
    stored = repr(shared.entries)
    for private in (token["X-Auth-Token"], ADMIN.user, "roles", "user_domain_id", SECRET):
        assert private not in stored


@pytest.mark.parametrize(
    "forged", [b"", b"\x00\xff", b"null", b'[{"token": {"roles": [{"name": "admin"}]}}, "2999"]']
)
def test_a_forged_value_is_a_miss(shared, worker, token, forged):
    with worker(shared.address) as proxy:
        assert status(proxy, token) == 200
        shared.overwrite(forged)
        assert status(proxy, token) == 200
    with worker(shared.address, with_keystone=False) as alone:
        shared.overwrite(forged)
        assert status(alone, token) == 503


def test_only_a_value_that_is_as_it_was_stands_for_the_identity_read_from_it(
    shared, worker, token, read
):
    with worker(shared.address, more="[identity_cache]\nttl = 0.2\n") as proxy:
        for forged, reads in ((None, 1), (None, 1), (b"forged", 2)):
            if forged:
                shared.overwrite(forged)
            assert status(proxy, token) == 200
            assert len(read) == reads
            time.sleep(0.25)


class Planted:
    """Pickled, it is an instruction to make a directory."""

    def __init__(self, path):
        self._path = path

    def __reduce__(self):
        return os.mkdir, (str(self._path),)


@pytest.mark.parametrize("flags", range(16))
def test_what_a_value_claims_to_be_is_not_believed(shared, worker, token, tmp_path, flags):
    trap = tmp_path / "trap"
    with worker(shared.address) as proxy:
        assert status(proxy, token) == 200
        shared.overwrite(pickle.dumps(Planted(trap)), b"%d" % flags)
        assert status(proxy, token) == 200
    assert not trap.exists()


def test_a_cache_that_hangs_is_a_miss_and_then_left_alone(worker, token):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"127.0.0.1:{silent.getsockname()[1]}"
        with worker(address, more="memcache_pool_socket_timeout = 1\n") as proxy:
            assert status(proxy, token) == 200
            silent.settimeout(0)
            assert silent.accept()
            assert status(proxy, token) == 200
            with pytest.raises(BlockingIOError):
                silent.accept()


def test_a_cache_that_is_not_there_is_a_miss(worker, token):
    with worker(f"127.0.0.1:{free_port()}") as proxy:
        assert status(proxy, token) == 200
