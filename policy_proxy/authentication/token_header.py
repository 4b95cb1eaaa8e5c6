"""What a token in a header may look like before anyone asks Keystone about it."""

from __future__ import annotations

import re

from policy_proxy.errors import Unauthenticated
from policy_proxy.model import Headers

LONGEST = 8192
"""Bytes. Fernet and JWS tokens stay well below; Keystone itself refuses longer ones."""

# RFC 6750, section 2.1: UUID, Fernet and JWS tokens are such. Decoders of Base64 skip what is not,
# so that one token would have any number of spellings.
_TOKEN = re.compile(r"[A-Za-z0-9._~+/-]+=*")

SENTENCE = "The request you have made requires authentication."


def checked(value: str | None, challenge: Headers) -> str:
    """The token, if it can be one.

    A header that came twice reaches WSGI joined by a comma; no token has a comma, so which of the
    two was meant need not be guessed.

    :param value: the header as received, None if absent.
    :param challenge: the WWW-Authenticate header of a refusal.
    :raises Unauthenticated: without any call to Keystone.
    """
    token = (value or "").strip(" ")
    if len(token) > LONGEST or not _TOKEN.fullmatch(token):
        reason = "no token" if not token else "a token that no Keystone issued: its form is wrong"
        raise Unauthenticated(SENTENCE, private=reason, headers=challenge)
    return token
