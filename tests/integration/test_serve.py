"""`policy-proxy serve` and `check` over real sockets: start, refusal to start, limits, stop."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import ssl
import subprocess
import threading
import time
from pathlib import Path

import httpx
import psutil
import pytest

from harness import plain, secrets
from harness.certificates import self_signed
from harness.keystone import Grant
from harness.proxy import ADMIN, READER, configuration
from harness.serve import COMMAND, free_port, serving
from harness.stack import eventually
from integration.raw_backend import OK, VERSIONS, RawBackend


@pytest.fixture(scope="module")
def served(tmp_path_factory, keystone_url, password, backend):
    path = configuration(
        tmp_path_factory.mktemp("served"),
        backend=backend.url,
        keystone=keystone_url,
        password=password,
    )
    with serving(path) as served:
        yield served


def forwarded(backend):
    return [raw for raw in backend.requests if b"X-Openstack-Request-Id" in raw]


def request(method, target, token, *lines, body=b""):
    head = [f"{method} {target} HTTP/1.1", "Host: h", f"X-Auth-Token: {token}", "Connection: close"]
    return "\r\n".join([*head, *lines]).encode() + b"\r\n\r\n" + body


def status_of(answer):
    return int(answer.split(b" ", 2)[1]) if answer else 0


def error_of(answer):
    """Status and title of an answer that is an error of ours."""
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"content-type: application/json" in head.lower()
    (error,) = json.loads(body)["errors"]
    assert error["status"] == status_of(answer)
    assert error["request_id"].encode() in head
    return error["status"], error["title"]


def test_a_request_line_of_32_kib_works(served, keystone, backend):
    names = ",".join(f"CUSTOM_{number:05d}" for number in range(2700))
    target = f"/traits?name=in:{names}"
    assert len(target) > 32 * 1024
    answer = served.raw(request("GET", target, keystone.issue(ADMIN)))
    assert status_of(answer) == 200
    assert len(forwarded(backend)[-1].split(b"\r\n")[0]) > 32 * 1024


def test_longer_than_the_limit_is_414(served, keystone, backend):
    before = len(forwarded(backend))
    answer = served.raw(request("GET", f"/traits?name={'x' * 60_000}", keystone.issue(ADMIN)))
    assert error_of(answer) == (414, "Request-URI Too Long")
    assert len(forwarded(backend)) == before


@pytest.mark.parametrize(
    "lines",
    [
        [f"X-{number}: x" for number in range(80)],
        [f"X-A: {'x' * 40_000}"],
        [f"X-{number}: {'x' * 1000}" for number in range(64)],
    ],
    ids=["many", "large", "large together"],
)
def test_too_many_or_too_large_headers_are_431(served, keystone, lines):
    answer = served.raw(request("GET", "/traits", keystone.issue(ADMIN), *lines))
    assert error_of(answer) == (431, "Request Header Fields Too Large")


@pytest.mark.parametrize(
    ("target", "lines", "status"),
    [
        (f"/traits?name={'x' * 66_000}", [], 414),
        ("/traits", [f"X-{number}: x" for number in range(100)], 431),
        ("/traits", [f"X-A: {'x' * 600_000}"], 431),
        ("/a b", [], 400),
        ("/traits", ["X A: b"], 400),
        ("/traits", ["Transfer-Encoding: gzip"], 400),
        ("/traits", ["Content-Length: x"], 400),
        ("/traits", ["Content-Length: 2", "Content-Length: 3"], 400),
    ],
    ids=range(8),
)
def test_what_is_no_request_is_refused_by_granian_as_documented(
    served, keystone, backend, target, lines, status
):
    before = len(forwarded(backend))
    answer = served.raw(request("GET", target, keystone.issue(ADMIN), *lines))
    assert status_of(answer) == status
    assert answer.endswith(b"\r\n\r\n")
    assert len(forwarded(backend)) == before


@pytest.mark.parametrize(
    ("lines", "body"),
    [
        (["Content-Length: 100"], b'{"name": "a"}'),
        (["Content_Length: 5", "Content-Length: 13"], b'{"name": "a"}'),
        (["Content-Length: 1_3"], b'{"name": "a"}'),
        (["Content-Length: +13"], b'{"name": "a"}'),
        (["Content-Length: 13", "Content-Encoding: gzip"], b'{"name": "a"}'),
    ],
)
def test_a_body_that_is_not_whole_and_plain_is_not_forwarded(
    served, keystone, backend, lines, body
):
    before = len(forwarded(backend))
    sent = request(
        "POST",
        "/resource_providers",
        keystone.issue(ADMIN),
        "Content-Type: application/json",
        *lines,
        body=body,
    )
    truncated = lines == ["Content-Length: 100"]
    answer = served.raw(sent, timeout=3, half_close=truncated)
    assert status_of(answer) in ({0, 400} if truncated else {400, 415})
    assert len(forwarded(backend)) == before


@pytest.mark.parametrize(
    "body", [b'd\r\n{"name": "a"}\r\n0\r\n\r\n', b'd\r\n{"name": "a"}\r\n', b'20\r\n{"name": "a"}']
)
def test_a_chunked_body_is_411(served, keystone, backend, body):
    """granian hands one that broke off on as if it were whole."""
    before = len(forwarded(backend))
    lines = ["Content-Type: application/json", "Transfer-Encoding: chunked"]
    sent = request("POST", "/resource_providers", keystone.issue(ADMIN), *lines, body=body)
    whole = body.endswith(b"0\r\n\r\n")
    answer = status_of(served.raw(sent, half_close=not whole))
    assert answer in ({411} if whole else {0, 411})  # 0: granian gave up when the client did
    assert len(forwarded(backend)) == before


def test_two_framings_are_refused(served, keystone, backend):
    """granian takes chunked over a length, as RFC 9112 (6.3) says, and hides the length."""
    lines = ["Transfer-Encoding: chunked", "Content-Length: 3", "Content-Type: application/json"]
    body = b'd\r\n{"name": "a"}\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n'
    before = len(forwarded(backend))
    sent = request("POST", "/resource_providers", keystone.issue(ADMIN), *lines, body=body)
    answer = served.raw(sent, timeout=3)
    assert answer.count(b"HTTP/1.1 ") == 1
    assert status_of(answer) == 411
    assert len(forwarded(backend)) == before


def test_a_body_over_the_limit_is_413(served, keystone, backend):
    before = len(forwarded(backend))
    lines = ["Content-Type: application/json", f"Content-Length: {8 * 1024 * 1024 + 1}"]
    sent = request("POST", "/resource_providers", keystone.issue(ADMIN), *lines, body=b"{")
    assert status_of(served.raw(sent, timeout=3)) == 413
    assert len(forwarded(backend)) == before


@pytest.mark.parametrize(
    ("grant", "framing", "status"),
    [
        (READER, "Content-Length: 12", 403),
        (None, "Content-Length: 12", 401),
        (ADMIN, "Transfer-Encoding: chunked", 411),
    ],
    ids=["denied", "without a token", "chunked"],
)
@pytest.mark.parametrize("body", [b"", b'{"name":"a"}'], ids=["body later", "body at once"])
def test_an_answer_before_the_body_was_read_says_that_it_is_the_last(
    served, keystone, grant, framing, status, body
):
    token = [f"X-Auth-Token: {keystone.issue(grant)}"] if grant else []
    lines = ["Host: h", *token, "Content-Type: application/json", framing]
    head = "\r\n".join(["POST /resource_providers HTTP/1.1", *lines, "", ""]).encode()
    answer = served.raw(head + body, enough=lambda heard: b"\r\n\r\n" in heard)
    assert status_of(answer) == status
    assert b"connection: close" in answer.lower()


def test_one_after_it_was_read_does_not(served, keystone):
    lines = [f"X-Auth-Token: {keystone.issue(ADMIN)}", "Content-Type: application/json"]
    head = ["POST /resource_providers HTTP/1.1", "Host: h", *lines, "Content-Length: 1", "", ""]
    sent = "\r\n".join(head).encode() + b"{"
    answer = served.raw(sent, enough=lambda heard: b"\r\n\r\n" in heard)
    assert status_of(answer) == 400
    assert b"connection: close" not in answer.lower()


def test_the_answer_of_head_has_no_body(served, keystone):
    answer = served.raw(request("HEAD", "/resource_providers", keystone.issue(ADMIN)))
    assert status_of(answer) == 405
    assert b"allow: GET, POST" in answer
    assert answer.endswith(b"\r\n\r\n")


def test_an_identity_header_with_underscores_gives_nothing(served, keystone, backend):
    before = len(forwarded(backend))
    token = keystone.issue(Grant("nobody", ("reader",), "alpha"))
    lines = ["X_Roles: admin", "X-Roles: admin", "X_Identity_Status: Confirmed"]
    assert status_of(served.raw(request("GET", "/traits", token, *lines))) == 403
    assert len(forwarded(backend)) == before


def test_sigterm_finishes_what_is_in_flight(tmp_path, keystone, keystone_url, password):
    asked, go_on = threading.Event(), threading.Event()

    def slow(connection):
        while heard := connection.hear():
            if heard.startswith(b"GET / "):
                connection.say(VERSIONS)
            else:
                asked.set()
                go_on.wait(10)
                connection.say(OK)

    with RawBackend(slow) as backend:
        path = configuration(
            tmp_path, backend=backend.url, keystone=keystone_url, password=password
        )
        with serving(path) as served:
            answers = []
            sent = request("PUT", "/traits/CUSTOM_A", keystone.issue(ADMIN))
            client = threading.Thread(target=lambda: answers.append(served.raw(sent, timeout=15)))
            client.start()
            assert asked.wait(10)
            served.process.send_signal(signal.SIGTERM)
            time.sleep(0.3)
            go_on.set()
            client.join()
            assert served.process.wait(timeout=20) == 0
    assert status_of(answers[0]) == 200
    assert len(forwarded(backend)) == 1


def test_what_does_not_finish_is_cut_off_and_told_once(tmp_path, keystone, keystone_url, password):
    asked, go_on = threading.Event(), threading.Event()

    def never(connection):
        while heard := connection.hear():
            if heard.startswith(b"GET / "):
                connection.say(VERSIONS)
            else:
                asked.set()
                go_on.wait(30)

    with RawBackend(never) as backend:
        path = configuration(
            tmp_path,
            backend=backend.url,
            keystone=keystone_url,
            password=password,
            options="[server]\ndrain_timeout = 1",
        )
        with serving(path) as served:
            sent = request("PUT", "/traits/CUSTOM_A", keystone.issue(ADMIN))
            client = threading.Thread(target=served.raw, args=(sent,))
            client.start()
            assert asked.wait(10)
            served.process.send_signal(signal.SIGTERM)
            assert served.process.wait(timeout=20) == 0
            client.join()
        go_on.set()
    assert served.log.read_text().count("does not end: it is killed") == 1


def test_workers_end_with_a_supervisor_that_is_killed(good):
    with serving(good, "--workers", "2") as served:
        eventually(lambda: len(served.worker_pids()) == 2)
        workers = [psutil.Process(pid) for pid in served.worker_pids()]
        served.process.kill()
        served.process.wait()
        _, left = psutil.wait_procs(workers, timeout=20)
        assert left == []
        with socket.create_server(("127.0.0.1", served.port)):
            pass


def run(*arguments):
    return subprocess.run(
        [COMMAND, *arguments], capture_output=True, text=True, timeout=60, check=False
    )


@pytest.fixture
def good(tmp_path, keystone_url, password, backend):
    """It listens where nobody else does, not even one who runs this proxy on this machine."""
    return configuration(
        tmp_path,
        backend=backend.url,
        keystone=keystone_url,
        password=password,
        options="[server]\nport = 0",
    )


def sentences(finished):
    assert finished.returncode == 1
    assert "Traceback" not in finished.stderr
    lines = finished.stderr.splitlines()
    assert all(line.startswith("error: ") for line in lines)
    return lines


def test_check_of_a_good_configuration(good):
    finished = run("check", "--config-file", str(good))
    assert (finished.returncode, finished.stderr) == (0, "")
    assert finished.stdout.endswith(": good\n")


@pytest.mark.parametrize("command", ["serve", "check"])
def test_bad_configuration_ends_in_sentences(good, command):
    text = good.read_text().replace("http_connect_timeout = 2", "delay_auth_decision = true")
    good.write_text(re.sub(r"(?m)^url = .*$", "", text))
    lines = sentences(run(command, "--config-file", str(good)))
    for option in ("[backend] url", "http_connect_timeout", "delay_auth_decision"):
        assert any(option in line for line in lines), option


@pytest.mark.parametrize("command", ["serve", "check"])
def test_a_missing_policy_file_ends_in_one_sentence(good, command):
    (good.parent / "policy.yaml").unlink()
    (line,) = sentences(run(command, "--config-file", str(good)))
    assert "policy.yaml" in line


@pytest.mark.parametrize("command", ["serve", "check"])
def test_a_dangerous_policy_ends_in_one_sentence(good, command):
    (good.parent / "policy.yaml").write_text('"placement:traits:list": !\n')
    (line,) = sentences(run(command, "--config-file", str(good)))
    assert "policy.yaml:1" in line
    assert "placement:traits:list" in line


@pytest.mark.parametrize("command", ["serve", "check"])
def test_configuration_audit_file_and_policy_are_told_at_once(good, command):
    text = re.sub(r"(?m)^(password|file) = .*$", "", good.read_text())
    more = "[limits]\nmax_requests = 129\n"
    good.write_text(f"{text}\n[audit]\nfile = {good.parent}\n{more}")
    (good.parent / "policy.yaml").unlink()
    lines = sentences(run(command, "--config-file", str(good)))
    parts = ("password is not set", "is a folder", "policy.yaml", "is above [server] threads")
    for part in parts:
        assert any(part in line for line in lines), part


SLIPS = """
[limit]
max_headers = 9
[backend]
url = localhost
crdentials = service
[keystone_authtoken]
delay_auth_decision = true
insecure = true
memcached_servers = 127.0.0.1:11211
[server]
host = 127.0.0.77
port = soon
tls_certfile = /nowhere
[audit]
file = /nowhere/audit.jsonl
"""


@pytest.mark.parametrize("command", ["serve", "check"])
def test_slips_hide_no_other_problem(good, command):
    text = re.sub(r"(?m)^(url|file) = .*$", "", good.read_text())
    good.write_text(f"{text}{SLIPS}")
    (good.parent / "policy.yaml").unlink()
    lines = sentences(run(command, "--config-file", str(good)))
    for part in (
        "there is no section [limit]: write [limits]",
        "[backend] url is not valid",
        "[backend] has no option crdentials: write credentials",
        "[keystone_authtoken] delay_auth_decision = true",
        "[keystone_authtoken] insecure = true",
        "[keystone_authtoken] memcached_servers needs",
        "[server] port is not valid",
        "[server] tls_certfile and tls_keyfile go together",
        "[server] tls_certfile = /nowhere cannot be read",
        "[audit] file = /nowhere/audit.jsonl: the folder /nowhere does not exist",
    ):
        assert [line for line in lines if f"{good}: {part}" in line], (part, lines)
    assert [line for line in lines if f"{good.parent / 'policy.yaml'}: does not exist" in line]
    assert len(lines) == 11


def test_what_good_sections_lead_to_is_looked_at_beside_bad_ones(good, keystone_url, password):
    text = good.read_text().replace(keystone_url, f"http://127.0.0.1:{free_port()}")
    good.write_text(text + "[limits]\nmax_headers = few\n[backend]\nurl = http://127.0.0.1:1\n")
    lines = sentences(run("check", "--config-file", str(good)))
    assert len(lines) == 3
    for part in ("max_headers", "http://127.0.0.1:1 does not answer", "Keystone does not answer"):
        assert [line for line in lines if part in line and str(good) in line], (part, lines)


def test_a_busy_port_ends_in_one_sentence(good):
    with socket.create_server(("127.0.0.1", 0)) as busy:
        port = str(busy.getsockname()[1])
        (line,) = sentences(run("serve", "--config-file", str(good), "--port", port))
    assert port in line


def test_a_proxy_that_is_its_own_backend_does_not_start(good, backend):
    port = str(free_port())
    good.write_text(good.read_text().replace(backend.url, f"http://127.0.0.1:{port}"))
    (line,) = sentences(run("serve", "--config-file", str(good), "--port", port))
    assert "is where this proxy itself listens" in line


def test_an_unreachable_keystone_is_one_sentence_and_never_ready(good, keystone_url):
    nowhere = f"http://127.0.0.1:{free_port()}"
    good.write_text(good.read_text().replace(keystone_url, nowhere))
    (line,) = sentences(run("check", "--config-file", str(good)))
    assert f"Keystone does not answer at {nowhere}/v3: libcurl 7" in line
    with serving(good, wait=False) as served:
        deadline = time.monotonic() + 30
        while nowhere not in served.log.read_text() and time.monotonic() < deadline:
            time.sleep(0.1)
        assert f"Keystone does not answer at {nowhere}" in served.log.read_text()
        eventually(served.listens)
        answer = served.raw(b"GET /healthcheck HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
        assert status_of(answer) == 503
        assert b"the identity service does not answer" in answer
        assert nowhere.encode() not in answer


def test_an_unreachable_backend_is_one_sentence(good, backend):
    nowhere = f"http://127.0.0.1:{free_port()}"
    good.write_text(good.read_text().replace(backend.url, nowhere))
    (line,) = sentences(run("check", "--config-file", str(good)))
    assert nowhere in line


def test_a_wrong_password_is_one_sentence(good, password):
    another = secrets.made()
    good.write_text(good.read_text().replace(password, another))
    (line,) = sentences(run("check", "--config-file", str(good)))
    assert f"{good}: [keystone_authtoken] the proxy's user gets no token" in line
    assert another not in line


def test_tls_and_the_number_of_workers(good):
    certificate = self_signed(good.parent, "proxy")
    tls = f"[server]\ntls_certfile = {certificate.cert}\ntls_keyfile = {certificate.key}\n"
    good.write_text(f"{tls}{good.read_text()}")
    context = ssl.create_default_context(cafile=certificate.cert)
    with (
        serving(good, "--workers", "2", wait=False) as served,
        httpx.Client(base_url=f"https://127.0.0.1:{served.port}", verify=context) as client,
    ):

        def ready():
            try:
                return client.get("/healthcheck").status_code == 200
            except httpx.TransportError:
                return False

        eventually(ready)
        assert client.get("/traits").status_code == 401
        assert b"200" not in served.raw(b"GET /healthcheck HTTP/1.1\r\nHost: h\r\n\r\n")
        assert len(served.worker_pids()) == 2


def cores_of(worker):
    """The cores that its threads which have served are bound to: the others may use all."""
    everywhere = os.sched_getaffinity(0)
    threads = [int(path.name) for path in Path(f"/proc/{worker}/task").iterdir()]
    bound = [os.sched_getaffinity(thread) for thread in threads]
    return {core for cores in bound if cores != everywhere for core in cores}


@pytest.mark.skipif(
    len(os.sched_getaffinity(0)) < 2,
    reason="workers are bound only where there are cores to choose from",
)
def test_each_worker_serves_on_a_core_of_its_own_and_leaves_it_to_the_next(good):
    def cores():
        return [cores_of(worker) for worker in served.worker_pids()]

    def two_have_served():
        for _ in range(20):
            plain.get(f"{served.url}/healthcheck")
        return [len(one) for one in cores()] == [1, 1]

    with serving(good, "--workers", "2") as served:
        eventually(two_have_served)
        before = cores()
        assert before[0] != before[1]
        os.kill(served.worker_pids()[0], signal.SIGKILL)
        eventually(two_have_served)
        assert all(core in cores() for core in before)


def test_workers_are_forked_whatever_this_python_would_do(good, tmp_path, monkeypatch):
    """A new interpreter would have none of the files and handlers that are made for the workers."""
    spawning = "import multiprocessing\nmultiprocessing.set_start_method('spawn', force=True)\n"
    (tmp_path / "sitecustomize.py").write_text(spawning)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=os.pathsep)
    with serving(good) as served:
        (worker,) = served.worker_pids()
        ours = Path(f"/proc/{served.process.pid}/cmdline").read_bytes()
        assert Path(f"/proc/{worker}/cmdline").read_bytes() == ours


def test_without_one_core_threads_serve_where_they_like(good):
    good.write_text(f"[server]\none_core = false\n{good.read_text()}")
    with serving(good) as served:
        plain.get(f"{served.url}/healthcheck")
        assert [cores_of(worker) for worker in served.worker_pids()] == [set()]


@pytest.mark.parametrize("moment", range(8))
def test_sigterm_in_the_middle_of_the_start_is_obeyed(good, moment):
    """The moments are spread over the time that the workers take until they serve. A worker that
    does not hear the signal is killed after the 30 seconds of `[server] drain_timeout`.
    """
    with serving(good, "--workers", "2", wait=False) as served:
        eventually(lambda: len(served.worker_pids()) == 2)
        time.sleep(moment * 0.05)
        served.process.send_signal(signal.SIGTERM)
        served.process.wait(timeout=20)


def test_wrong_usage_is_exit_code_2():
    for arguments in (["serve"], ["check"], ["nonsense"], ["serve", "--port", "x"]):
        assert run(*arguments).returncode == 2
