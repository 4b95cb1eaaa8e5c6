"""`python -m tests.docs_from_code`."""

from __future__ import annotations

from . import write

write()
