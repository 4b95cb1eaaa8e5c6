"""The HTTP client to the backend: pool, deadlines, streaming, framing."""

from __future__ import annotations

from policy_proxy.backend.client import Backend
from policy_proxy.backend.messages import Answer, Outbound

__all__ = ["Answer", "Backend", "Outbound"]
