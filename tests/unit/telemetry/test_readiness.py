from __future__ import annotations

import logging

from policy_proxy.telemetry.readiness import STOPPING, Readiness


def test_nothing_is_ready_before_the_first_look():
    readiness = Readiness({"policy": lambda: ""}, 60)
    assert readiness.failing == ("policy",)
    readiness.look()
    assert readiness.failing == ()


def test_a_lasting_failure_is_logged_once(caplog):
    readiness = Readiness({"backend": lambda: "refused"}, 60)
    with caplog.at_level(logging.INFO):
        for _ in range(5):
            readiness.look()
    assert caplog.text.count("refused") == 1


def test_it_looks_again_by_itself():
    seen = []
    readiness = Readiness(
        {"x": lambda: seen.append(1) or ("" if len(seen) > 1 else "not yet")}, 0.01
    )
    readiness.start()
    deadline = 500
    while readiness.failing and deadline:
        deadline -= 1
        readiness._stopped.wait(0.01)
    readiness.stop()
    assert readiness.failing == ()


def test_a_service_that_is_about_to_stop_is_ready_no_more():
    readiness = Readiness({"policy": lambda: ""}, 60)
    readiness.look()
    readiness.end()
    readiness.look()
    assert readiness.failing == (STOPPING,)
