"""What all tests share."""

from __future__ import annotations

from hypothesis import settings

# Shared machines are slow by fits and starts: an example that takes long says nothing.
settings.register_profile("default", deadline=None)
settings.load_profile("default")
