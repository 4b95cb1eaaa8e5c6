"""What Keystone said of a token → the `Identity` of the request."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from policy_proxy.errors import Unavailable
from policy_proxy.model import Identity

_SENTENCE = "The identity service gave an answer that cannot be used."


def identity_of(token_auth: Any, token: str, service_token: str) -> Identity:
    """
    :param token_auth: auth_token's plugin: `user` and `service`, each a keystoneauth AccessInfo or
        None.
    :raises Unavailable: if Keystone's answer lacks a user, or holds something that is no text.
    """
    user, service = token_auth.user, token_auth.service
    try:
        return Identity(
            user_id=_required(user.user_id),
            user_name=_text(user.username),
            user_domain_id=_text(user.user_domain_id),
            project_id=_text(user.project_id),
            project_name=_text(user.project_name),
            project_domain_id=_text(user.project_domain_id),
            domain_id=_text(user.domain_id),
            system_scope="all" if user.system_scoped and user.system.get("all") is True else "",
            roles=_roles(user.role_names),
            is_admin_project=user.is_admin_project is True,
            service_user_id=_text(service.user_id) if service else "",
            service_user_domain_id=_text(service.user_domain_id) if service else "",
            service_project_id=_text(service.project_id) if service else "",
            service_project_domain_id=_text(service.project_domain_id) if service else "",
            service_roles=_roles(service.role_names) if service else (),
            expires_at=user.expires.isoformat(),
            token=token,
            service_token=service_token,
        )
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise Unavailable(_SENTENCE, headers=(("Retry-After", "5"),)) from error


def lasts_until(token_auth: Any) -> float:
    """Until when the tokens alone tell the identity, in seconds since the epoch.

    0 if they do not: access rules depend on the request, and a bound token on who sends it.
    https://docs.openstack.org/keystone/latest/user/application_credentials.html#access-rules

    :param token_auth: as for `identity_of`, which must have accepted it.
    """
    tokens = [token for token in (token_auth.user, token_auth.service) if token]
    if any(token.bind or _has_rules(token) for token in tokens):
        return 0.0
    return float(min(token.expires.timestamp() for token in tokens))


def _has_rules(token: Any) -> bool:
    """An empty list of rules allows nothing, so it counts. `{}` is keystoneauth's way to say that
    there is no application credential.
    """
    rules = token.application_credential_access_rules
    return not (rules is None or rules == {})


def _text(value: Any) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise TypeError(f"text expected, not {type(value).__name__}")
    return value


def _required(value: Any) -> str:
    text = _text(value)
    if not text:
        raise ValueError("a token without a user")
    return text


def _roles(names: Iterable[Any]) -> tuple[str, ...]:
    """Each name whole: a role called `admin,x` is one role, and not admin."""
    return tuple(_required(name) for name in names)
