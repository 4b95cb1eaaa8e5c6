"""The real stack with a proxy whose lines to Keystone and Placement can be broken."""

from __future__ import annotations

import contextlib
import json
import subprocess
import threading
import time
from collections.abc import Iterator
from configparser import RawConfigParser
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.sections import written
from harness.serve import COMMAND, Served, serving
from harness.stack import Stack, running
from policy_proxy.embedded.users import REGION
from soak import policies
from soak.clients import MICROVERSION
from soak.line import Line

CALLERS = ("admin", "nova", "alice", "alice-reader", "bob", "collector", "sysadmin")
PROJECTS = ("alice", "bob")
"""Callers whose projects are asked about."""
TOKEN_LIFE = 20.0
"""Seconds after which a caller has a new token, so that Keystone is always needed."""


@dataclass(slots=True)
class Site:
    """
    :param writing: held while the policy file is changed.
    :param in_force: since when (monotonic, seconds) which revision lies in the policy file.
    """

    folder: Path
    stack: Stack
    served: Served
    keystone: Line
    backend: Line
    policy: Path
    audit: Path
    key: Path
    workers: int
    seed: int
    decisions: policies.Decisions
    writing: threading.Lock = field(default_factory=threading.Lock)
    in_force: list[tuple[float, str]] = field(default_factory=list)
    _logging_in: threading.Lock = field(default_factory=threading.Lock)
    _sessions: dict[str, tuple[Any, float]] = field(default_factory=dict)

    def put_policy(self, text: str) -> None:
        at = time.monotonic()
        name = policies.put(self.policy, text)
        self.decisions.learn(name, text)
        self.in_force.append((at, name))

    def token(self, caller: str) -> str:
        """Of Keystone itself, past the line that may be broken; a new one every `TOKEN_LIFE`."""
        with self._logging_in:  # two at a time can lock each other out of Keystone's SQLite file
            session, since = self._sessions.get(caller, (None, 0.0))
            if session is None or time.monotonic() - since > TOKEN_LIFE:
                session = self.stack.session(caller)
                session.get_token()
                self._sessions[caller] = session, time.monotonic()
            token: str = session.get_token()
            return token

    def credentials(self, caller: str) -> dict[str, Any]:
        """Who the caller is by Keystone's word, as oslo.policy wants it."""
        self.token(caller)
        session, _ = self._sessions[caller]
        access = session.auth.get_access(session)
        return {
            "user_id": access.user_id,
            "project_id": access.project_id,
            "roles": tuple(sorted(access.role_names)),
            "system_scope": "all" if access.system_scoped else None,
        }

    def placement(self, path: str, method: str = "GET", document: Any = None) -> Any:
        """What Placement itself says to its administrator, past the proxy."""
        answer = self.stack.session("admin").request(
            f"{self.stack.placement_url}{path}",
            method,
            json=document,
            headers={"OpenStack-API-Version": MICROVERSION},
            raise_exc=True,
        )
        return answer.json() if answer.content else None

    def records(self) -> Iterator[dict[str, Any]]:
        """Of the audit file, one line after the other. What is none, `verified` finds."""
        with self.audit.open("rb") as lines:
            for line in lines:
                with contextlib.suppress(ValueError):
                    yield json.loads(line)

    def verified(self) -> tuple[bool, str]:
        """What `audit verify` says of the file."""
        command = [COMMAND, "audit", "verify", "--key-file", str(self.key), str(self.audit)]
        done = subprocess.run(command, check=False, capture_output=True, text=True)
        return done.returncode == 0, (done.stdout + done.stderr).strip()


@contextmanager
def site(folder: Path, *, workers: int, seed: int) -> Iterator[Site]:
    """Start all of it in a folder that is empty or not there."""
    folder.mkdir(parents=True, exist_ok=True)
    with running(folder / "state", "--no-tour") as stack:
        keystone, backend = Line(stack.keystone_url), Line(stack.placement_url)
        keystone.open()
        backend.open()
        proxy = folder / "proxy"
        proxy.mkdir()
        policies.put(proxy / "policy.yaml", policies.TEXTS[0])
        _register(stack, keystone.url)
        path = _configuration(stack, proxy, keystone.url, backend.url, workers)
        with serving(path) as served:
            made = Site(
                folder=folder,
                stack=stack,
                served=served,
                keystone=keystone,
                backend=backend,
                policy=proxy / "policy.yaml",
                audit=proxy / "audit.jsonl",
                key=proxy / "audit.key",
                workers=workers,
                seed=seed,
                decisions=policies.Decisions(folder / "oracle"),
            )
            made.put_policy(policies.TEXTS[0])
            yield made
        keystone.close()
        backend.close()


def _register(stack: Stack, url: str) -> None:
    """Who asks for Keystone's admin endpoint, as only our proxy does, is sent to the line."""
    admin, base = stack.session("admin"), stack.keystone_url
    (service,) = admin.get(f"{base}/services?type=identity").json()["services"]
    known = admin.get(f"{base}/endpoints?service_id={service['id']}&interface=admin").json()
    for one in known["endpoints"]:
        admin.delete(f"{base}/endpoints/{one['id']}")
    endpoint = {"interface": "admin", "service_id": service["id"], "url": url}
    region = {"region_id": REGION}
    admin.post(f"{base}/endpoints", json={"endpoint": endpoint | region})


def _configuration(stack: Stack, proxy: Path, keystone: str, backend: str, workers: int) -> Path:
    """As of `policy-proxy up`, but through the lines, with the proxy's own credentials (so that its
    policy alone decides), and with an audit file that is strict and sealed.
    """
    parser = RawConfigParser()
    parser.read(stack.state_dir / "policy-proxy.conf")
    sections = {name: dict(parser[name]) for name in parser.sections()}
    key = proxy / "audit.key"
    key.touch(mode=0o600)
    key.write_bytes(
        subprocess.run([COMMAND, "audit", "key"], check=True, capture_output=True).stdout
    )
    sections["backend"] = {"url": backend, "credentials": "service", "connect_timeout": "5"}
    sections["server"] = {"workers": str(workers), "log_level": "debug"}
    sections["oslo_policy"] = {"policy_file": str(proxy / "policy.yaml")}
    sections["audit"] = {
        "file": str(proxy / "audit.jsonl"),
        "strict": "all",
        "timeout": "20",
        "key_file": str(key),
    }
    sections["keystone_authtoken"] |= {
        "auth_url": keystone,
        "interface": "admin",
        "token_cache_time": "5",
        "http_connect_timeout": "10",
    }
    return written(proxy, sections)
