"""The backend's name leads to another address while the proxy runs."""

from __future__ import annotations

import ctypes.util
import socket
import threading
import time

from harness.programs import missing
from harness.proxy import configuration
from harness.serve import serving
from harness.stack import eventually
from integration.raw_backend import OK, VERSIONS
from policy_proxy.backend.options import DNS_SECONDS

NAME = "backend.example.org"


def answering(listener, heard):
    """Notes the writes. Connections are kept, and so is what the proxy knows with each. A write
    opens another one, and must not go by the old address for long.
    """

    def serve(sock):
        with sock:
            while request := sock.recv(65536):
                if request.startswith(b"PUT"):
                    heard.append(request.split(b" ")[1])
                sock.sendall(VERSIONS if request.startswith(b"GET / ") else OK)

    while True:
        try:
            sock, _ = listener.accept()
        except OSError:
            return
        threading.Thread(target=serve, args=(sock,), daemon=True).start()


def test_new_connections_follow_it(tmp_path, monkeypatch, keystone_url, password, client_of):
    library = ctypes.util.find_library("nss_wrapper")
    if library is None:
        missing("libnss_wrapper is not here: apt-get install libnss-wrapper")
    hosts = tmp_path / "hosts"
    hosts.write_text(f"127.0.0.1 {NAME}\n")
    monkeypatch.setenv("LD_PRELOAD", library)
    monkeypatch.setenv("NSS_WRAPPER_HOSTS", str(hosts))
    first, second, told = [], [], []
    with socket.create_server(("127.0.0.1", 0)) as one:
        port = one.getsockname()[1]
        with socket.create_server(("127.0.0.2", port)) as two:
            for listener, heard in ((one, first), (two, second)):
                threading.Thread(target=answering, args=(listener, heard), daemon=True).start()
            path = configuration(
                tmp_path,
                backend=f"http://{NAME}:{port}",
                keystone=keystone_url,
                password=password,
            )
            with serving(path) as served:
                client = client_of(served)
                assert client.ask("/traits/CUSTOM_A", "PUT").status == 200
                assert (len(first), second) == (1, [])
                hosts.write_text(f"127.0.0.2 {NAME}\n")
                began = time.monotonic()

                def moved():
                    told.append(client.ask("/traits/CUSTOM_B", "PUT").status)
                    return second

                eventually(moved, DNS_SECONDS + 5)
                took = time.monotonic() - began
            one.shutdown(socket.SHUT_RDWR)
            two.shutdown(socket.SHUT_RDWR)
    print(f"\nfollowed after {took:.1f} s")
    assert took < DNS_SECONDS + 3
    assert {*told} == {200}
    assert len(first) + len(second) == 1 + len(told)
