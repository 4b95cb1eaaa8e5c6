"""How the pages for a browser are filled in."""

from __future__ import annotations

from jinja2 import Environment, PackageLoader, StrictUndefined

FOLDER = "browser"
"""Of the package whose pages they are."""


def environment(package: str) -> Environment:
    """
    Whatever is filled in is text, not HTML; a name that nobody has given is an error.

    :param package: that has the folder with the templates.
    """
    return Environment(
        loader=PackageLoader(package, FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
