"""Who asks: from a token, validated as the service validates it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, BinaryIO
from wsgiref.util import setup_testing_defaults

from policy_proxy import config
from policy_proxy.authentication.auth_token import AuthToken
from policy_proxy.authentication.cache import TokenCache
from policy_proxy.authentication.caution import Caution
from policy_proxy.authentication.layer import Identify
from policy_proxy.authentication.memory import Memory
from policy_proxy.cli.output import fail
from policy_proxy.config import authtoken, identity_cache
from policy_proxy.errors import ConfigurationError, Refusal, Unauthenticated
from policy_proxy.model import IDENTITY, REQUEST, Environ, Identity, Operation, Request

_ASKED = Request(Operation("", "GET", "/"), "GET", "/", {}, (), "")


def identity_of_token(file: BinaryIO, config_file: str) -> Identity:
    """Who the token in the file belongs to, by the Keystone of `[keystone_authtoken]`.

    Ends the command with exit code 1 if Keystone does not accept it, or cannot be asked. The token
    is never shown.
    """
    environ: Environ = {}
    setup_testing_defaults(environ)
    environ |= {REQUEST: _ASKED, "HTTP_X_AUTH_TOKEN": file.read().decode("latin-1").strip()}
    try:
        conf = config.read([config_file]).conf
        if problems := authtoken.problems(conf):
            fail(f"{config_file}: {problem}" for problem in problems)
        auth_token = AuthToken(conf, TokenCache(0), Caution(1, 1))
        Identify(_end, auth_token, Memory(identity_cache.OFF), ())(environ, _start)
    except ConfigurationError as error:
        fail(error.problems)
    except Unauthenticated as refusal:
        fail([f"{file.name}: {refusal.private or refusal.detail}: ask Keystone for a new one"])
    except Refusal as refusal:
        reason = refusal.__cause__ or refusal.private
        fail([f"{config_file}: [keystone_authtoken]: Keystone cannot be asked: {reason}"])
    identity: Identity = environ[IDENTITY]
    return identity


def _end(environ: Environ, start_response: Any) -> Iterable[bytes]:
    del environ, start_response
    return []


def _start(status: str, headers: list[tuple[str, str]]) -> None:
    del status, headers
