"""Who asks, as a case says it: the words of the file → an `Identity`, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from policy_proxy.model import Identity

TEXTS = {
    "user": "user_id",
    "user_domain": "user_domain_id",
    "project": "project_id",
    "project_domain": "project_domain_id",
    "domain": "domain_id",
    "service_user": "service_user_id",
    "service_user_domain": "service_user_domain_id",
    "service_project": "service_project_id",
    "service_project_domain": "service_project_domain_id",
}
"""What a file calls an attribute, and what an identity does."""
_SCOPES = ("project", "domain", "system")


class Unclear(Exception):
    """Nobody can be meant; its message says why, and what to do."""

    def __init__(self, text: str, remedy: str) -> None:
        super().__init__(text, remedy)
        self.text = text
        self.remedy = remedy


def identity(said: Any, known: Mapping[str, Any]) -> Identity:
    """
    :param said: a name among the known, or a mapping in the form of the schema.
    :param known: identities by name, in the same form.
    :raises Unclear: for a name that is not known, for identities like each other in a circle, and
        for more than one scope.
    """
    said = _whole(said, known, ())
    scopes = [name for name in _SCOPES if said.get(name)]
    if len(scopes) > 1:
        raise Unclear(f"the identity has {' and '.join(scopes)}", "keep one: a token has one scope")
    texts = {attribute: said[name] for name, attribute in TEXTS.items() if said.get(name)}
    system = "all" if said.get("system") else ""
    in_admin_project = said.get("is_admin_project", True)
    return Identity(
        **texts,
        roles=_listed(said.get("roles", ())),
        service_roles=_listed(said.get("service_roles", ())),
        system_scope=system,
        is_admin_project=in_admin_project,
    )


def words(who: Identity) -> dict[str, Any]:
    """An identity as a file would say it, without what it does not have."""
    said: dict[str, Any] = {}
    if who.roles:
        said["roles"] = [*who.roles]
    texts = {name: getattr(who, attribute) for name, attribute in TEXTS.items()}
    said |= {name: value for name, value in texts.items() if value}
    if who.system_scope:
        said["system"] = True
    if not who.is_admin_project:
        said["is_admin_project"] = False
    if who.service_roles:
        said["service_roles"] = [*who.service_roles]
    return said


def _whole(said: Any, known: Mapping[str, Any], chain: tuple[str, ...]) -> Mapping[str, Any]:
    """What is said, over the identity that it is like."""
    name = said if isinstance(said, str) else said.get("like")
    if name is None:
        return said  # type: ignore[no-any-return]  # by the schema it is one
    if name in chain:
        text = f"the identity {name} is like itself ({' -> '.join((*chain, name))})"
        raise Unclear(text, "break the circle")
    if name not in known:
        there = ", ".join(known) or "there are none"
        raise Unclear(f"there is no identity {name!r}", f"name one of identities: {there}")
    base = _whole(known[name], known, (*chain, name))
    if isinstance(said, str):
        return base
    mine = {key: value for key, value in said.items() if key != "like"}
    scoped = any(mine.get(scope) for scope in _SCOPES)
    rest = {key: base[key] for key in base if not (scoped and key in _SCOPES)}
    return {**rest, **mine}


def _listed(said: Any) -> tuple[str, ...]:
    return (said,) if isinstance(said, str) else tuple(said)
