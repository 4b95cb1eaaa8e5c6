from __future__ import annotations

import logging
import os
import threading

import pytest
import webob

from policy_proxy import wsgi
from policy_proxy.errors import ConfigurationError


def hello(environ, start_response):
    start_response("200 OK", [])
    return [b"hello"]


def test_a_door_is_opened_by_its_first_request_and_once():
    built = []

    def build():
        built.append(threading.get_ident())
        return hello

    door = wsgi.Door(build)
    assert built == []
    threads = [
        threading.Thread(target=lambda: webob.Request.blank("/").get_response(door))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(built) == 1


def test_a_door_that_was_open_before_a_fork_is_opened_again_after_it():
    """Even if another thread was just opening it: nobody would ever let go of its lock."""
    built = []

    def build():
        built.append(os.getpid())
        return hello

    door = wsgi.Door(build)
    door.opened()
    door._building[os.getpid()].acquire()
    child = os.fork()
    if not child:
        door.opened()
        door.opened()
        os._exit(0 if built == [os.getppid(), os.getpid()] else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert built == [os.getpid()]


def test_the_environ_of_the_server_stays_as_it_is():
    """gunicorn writes its access log from it, and what is not there fails the request."""

    def clearing(environ, start_response):
        environ.clear()
        return hello(environ, start_response)

    environ = webob.Request.blank("/traits").environ | {"RAW_URI": "/traits"}
    before = dict(environ)
    assert wsgi.Door(lambda: clearing)(environ, lambda *_: None) == [b"hello"]
    assert environ == before


def test_what_cannot_be_built_lets_nothing_in_and_says_why_in_the_log(caplog):
    def build():
        raise ConfigurationError(["[backend] url is not set", "[audit] file cannot be opened"])

    with caplog.at_level(logging.ERROR):
        answer = webob.Request.blank("/traits").get_response(wsgi.Door(build))
    assert answer.status_int == 503
    assert answer.json["errors"][0]["code"] == "placement.undefined_code"
    assert "backend" not in answer.text
    assert "[backend] url is not set" in caplog.text
    assert "[audit] file cannot be opened" in caplog.text


def test_a_failure_that_nobody_foresaw_lets_nothing_in_either(caplog):
    def build():
        raise ValueError("the inside")

    answer = webob.Request.blank("/traits").get_response(wsgi.Door(build))
    assert answer.status_int == 503
    assert answer.json["errors"][0]["request_id"].startswith("req-")
    assert "the inside" not in answer.text
    assert "ValueError: the inside" in caplog.text


def test_the_configuration_is_the_one_of_the_environment(monkeypatch, tmp_path):
    monkeypatch.setenv("POLICY_PROXY_CONFIG_FILE", str(tmp_path / "nowhere.conf"))
    with pytest.raises(ConfigurationError, match=r"nowhere\.conf"):
        wsgi.Door(wsgi.application._build).opened()


def filtered_hello(global_conf, **local_conf):
    return wsgi.filter_factory(global_conf, **local_conf)(hello)


@pytest.mark.parametrize("factory", [wsgi.app_factory, filtered_hello])
def test_paste_names_the_configuration_itself(factory, tmp_path):
    door = factory({}, config_file=str(tmp_path / "nowhere.conf"))
    with pytest.raises(ConfigurationError, match=r"nowhere\.conf"):
        door.opened()


def test_an_authorizer_does_not_start_without_its_front_end(monkeypatch, tmp_path):
    path = tmp_path / "policy-proxy.conf"
    path.write_text("[DEFAULT]\n")
    monkeypatch.setenv("POLICY_PROXY_CONFIG_FILE", str(path))
    with pytest.raises(ConfigurationError, match="front_end is not set: name the server that asks"):
        wsgi.Door(wsgi.authorize._build).opened()
