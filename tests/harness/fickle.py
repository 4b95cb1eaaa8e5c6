"""A Keystone over raw sockets whose mood a test can change."""

from __future__ import annotations

import http.client
import json
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from integration.raw_backend import Connection, RawBackend

PAUSE = 0.25
"""Seconds between two bytes of an answer that drips."""


class Fickle:
    """`mood` is `well`, where everything goes on to a real application, or one of MOODS.

    :param url: of the Keystone that answers while it is well.
    """

    def __init__(self, url: str) -> None:
        self.mood = "well"
        self.asked: list[tuple[str, str]] = []
        """Method and path of each call."""
        self._address = urlsplit(url).netloc

    @property
    def validations(self) -> int:
        return self.asked.count(("GET", "/v3/auth/tokens"))

    def script(self, connection: Connection) -> None:
        while request := connection.hear():
            method, path = request.decode("latin-1").split(" ", 2)[:2]
            self.asked.append((method, path.partition("?")[0]))
            MOODS[self.mood](connection, self._answer(request))

    def _answer(self, request: bytes) -> bytes:
        head, _, body = request.partition(b"\r\n\r\n")
        line, *fields = head.decode("latin-1").split("\r\n")
        method, target, _ = line.split(" ")
        upstream = http.client.HTTPConnection(self._address, timeout=20)
        headers = dict(field.split(": ", 1) for field in fields if ": " in field)
        upstream.request(method, target, body=body or None, headers=headers)
        answer = upstream.getresponse()
        content = answer.read()
        subject = answer.headers.get("X-Subject-Token", "")
        more = [f"X-Subject-Token: {subject}"] if subject else []
        return _whole(answer.status, content, *more)


def _whole(status: int, content: bytes, *fields: str, kind: str = "application/json") -> bytes:
    lines = [f"HTTP/1.1 {status} X", f"Content-Type: {kind}", f"Content-Length: {len(content)}"]
    return "\r\n".join([*lines, *fields]).encode() + b"\r\n\r\n" + content


Mood = Callable[[Connection, bytes], None]


def _well(connection: Connection, answer: bytes) -> None:
    connection.say(answer)


def _hang(connection: Connection, answer: bytes) -> None:
    while connection.hear():
        pass


def _hang_up(connection: Connection, answer: bytes) -> None:
    connection.sock.close()


def _drip(connection: Connection, answer: bytes) -> None:
    """Each pause is short, the answer takes minutes."""
    for byte in answer:
        connection.say(bytes([byte]))
        time.sleep(PAUSE)


def _drip_body(connection: Connection, answer: bytes) -> None:
    head, end, body = answer.partition(b"\r\n\r\n")
    connection.say(head + end)
    _drip(connection, body)


def _instead(content: bytes, status: int = 200, kind: str = "application/json") -> Mood:
    return lambda connection, answer: connection.say(_whole(status, content, kind=kind))


def _changed(change: Callable[[dict[str, Any]], Any]) -> Mood:
    """A token document that is not quite one; all other answers as they are."""

    def mood(connection: Connection, answer: bytes) -> None:
        head, _, body = answer.partition(b"\r\n\r\n")
        document = json.loads(body)
        if "token" in document:
            change(document["token"])
        content = json.dumps(document).encode()
        connection.say(re.sub(rb"(Length): \d+", rb"\1: %d" % len(content), head))
        connection.say(b"\r\n\r\n" + content)

    return mood


def _endless(connection: Connection, answer: bytes) -> None:
    connection.say(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        connection.say(b"10000\r\n" + bytes(65536) + b"\r\n")


MOODS: dict[str, Mood] = {
    "well": _well,
    "hangs": _hang,
    "hangs up": _hang_up,
    "drips": _drip,
    "drips in the body": _drip_body,
    "answers html": _instead(b"<html>It works!</html>", kind="text/html"),
    "answers {}": _instead(b"{}"),
    "answers null as token": _instead(b'{"token": null}'),
    "answers 401": _instead(b"{}", status=401),
    "answers 403": _instead(b"{}", status=403),
    "answers 429": _instead(b"{}", status=429),
    "answers 500": _instead(b"", status=500),
    "answers without end": _endless,
    "tells no user": _changed(lambda token: token.pop("user", None)),
}


@contextmanager
def fickle(url: str) -> Iterator[tuple[Fickle, str]]:
    """One, and the URL under which it is asked."""
    keystone = Fickle(url)
    with RawBackend(keystone.script) as server:
        yield keystone, server.url
