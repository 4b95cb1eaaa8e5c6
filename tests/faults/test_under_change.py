"""Policy is changed and workers are replaced under load: no client sees anything of it."""

from __future__ import annotations

import http.client
import signal
import time
from collections import Counter
from functools import partial

from harness.load import load
from harness.proxy import ADMIN, configuration
from harness.serve import serving
from harness.stack import eventually
from integration.raw_backend import RawBackend, placement

ROUNDS = 3
POLICIES = ("{}\n", '"placement:resource_classes:list": "role:reader"\n')


def test_reloads_and_restarts_cost_no_client_an_answer_and_double_no_write(
    tmp_path, keystone, keystone_url, password
):
    with RawBackend(placement) as backend:
        path = configuration(
            tmp_path,
            backend=backend.url,
            keystone=keystone_url,
            password=password,
            options="[policy]\nwatch_interval = 0.1",
        )
        with serving(path, "--workers", "2") as served:
            connect = partial(http.client.HTTPConnection, "127.0.0.1", served.port, timeout=20)
            with load(connect, keystone.issue(ADMIN), kept=4, new=2) as seen:
                for number in range(ROUNDS):
                    for policy in POLICIES:
                        (tmp_path / "policy.yaml").write_text(policy)
                        served.process.send_signal(signal.SIGHUP)
                        time.sleep(0.15)
                    served.process.send_signal(signal.SIGUSR2)
                    eventually(partial(restarted, served, number + 1))
        requests = [raw.split(b" ", 2)[:2] for raw in backend.requests]
    heard = Counter(target for method, target in requests if method == b"PUT")
    assert (seen.unanswered, seen.refused, {*seen.answered}) == ([], 0, {200})
    assert {*heard.values()} == {1}
    assert sum(target != b"/" for _, target in requests) == seen.answered[200]


def restarted(served, times):
    return served.log.read_text().count("new workers serve") == times
