"""`Location` as clients must see it: where they came in, never where the backend is."""

from __future__ import annotations

from urllib.parse import quote, urlsplit

from policy_proxy.model import Environ, Operation

_WILDCARDS = frozenset({"", "0.0.0.0", "::", "[::]"})  # noqa: S104  compared, not bound to


def base_of(environ: Environ, public_url: str | None) -> str:
    """The URL under which the client reaches the proxy, without a slash at its end.

    From configuration, or else the address that the server listens on. Listening on every address
    names none of them: the result is then a path only, which RFC 9110 (section 10.2.2) lets a
    client resolve against the URL that it asked. The Host header is not looked at.
    """
    if public_url:
        return public_url.rstrip("/")
    prefix = quote(environ.get("SCRIPT_NAME", "").encode("latin-1")).rstrip("/")
    name = environ.get("SERVER_NAME", "")
    if name in _WILDCARDS or name.startswith("/"):  # a unix socket has a path
        return prefix
    host = f"[{name}]" if ":" in name and not name.startswith("[") else name
    return f"{environ['wsgi.url_scheme']}://{host}:{environ['SERVER_PORT']}{prefix}"


def rewritten(location: str, backend_url: str, base: str, operations: tuple[Operation, ...]) -> str:
    """The same resource at the proxy, or nothing if it is no resource of the service.

    :param location: as the backend gave it: an absolute URL or a path.
    """
    try:
        target = urlsplit(location)
    except ValueError:
        return ""
    prefix = urlsplit(backend_url).path.rstrip("/")
    path = target.path
    if prefix and path.startswith(f"{prefix}/"):
        path = path[len(prefix) :]
    known = target.query == "" and any(_fits(path, operation.template) for operation in operations)
    return f"{base}{path}" if known else ""


def _fits(path: str, template: str) -> bool:
    given, wanted = path.split("/"), template.split("/")
    return len(given) == len(wanted) and all(
        part == literal or (literal.startswith("{") and _plain(part))
        for part, literal in zip(given, wanted, strict=True)
    )


def _plain(part: str) -> bool:
    return part != "" and all(c.isascii() and (c.isalnum() or c in "_-") for c in part)
