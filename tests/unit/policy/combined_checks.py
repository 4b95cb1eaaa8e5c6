"""Check strings for property tests: single checks, put together in every way."""

from __future__ import annotations

from hypothesis import strategies as st

SCOPE_TYPES = st.sampled_from([None, ["project"], ["system", "domain"], ["project", "system"]])


def combined(singles: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.recursive(
        singles,
        lambda inner: st.one_of(
            inner.map("not ({})".format),
            st.builds("({} and {})".format, inner, inner),
            st.builds("({} or {})".format, inner, inner),
        ),
        max_leaves=6,
    )
