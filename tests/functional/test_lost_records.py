"""A disk that is full: requests go on, and the health check tells what became of their records."""

from __future__ import annotations


def test_the_health_check_counts_the_records_that_could_not_be_written(
    make_proxy, recorder, tmp_path
):
    (tmp_path / "audit.jsonl").symlink_to("/dev/full")
    proxy = make_proxy(recorder)

    def told():
        here = {"REMOTE_ADDR": "127.0.0.1"}
        return proxy.ask("GET", "/healthcheck?detailed=1", grant=None, environ=here).json

    assert told()["audit"] == {"lost": 0}
    assert [proxy.ask("GET", "/traits").status_int for _ in range(2)] == [200, 200]
    assert told()["audit"] == {"lost": 2}
    assert told()["warnings"] == ["audit records could not be written where they should be"]
