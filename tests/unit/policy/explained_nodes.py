"""Random rules, callers and targets: small enough to try everything, of every kind of check."""

from __future__ import annotations

from hypothesis import strategies as st

from policy_proxy.policy.nodes import (
    Always,
    And,
    Foreign,
    HasRole,
    Literal,
    Matches,
    Never,
    Not,
    Or,
    Reference,
)
from policy_proxy.policy.values import Text

ROLES = ("r", "s")
VALUES = ("a", "b")
CALLERS = ("project_id", "user_id")
TARGETS = ("owner", "size")
FRESH = "z"
"""A value that no rule names."""


def _fails(*_):
    raise RuntimeError("broken")


TEXTS = st.sampled_from(
    [*(Text(value) for value in VALUES), *(Text(f"%({name})s", (name,)) for name in TARGETS)]
)
OURS = st.one_of(
    st.sampled_from([Always(), Never(), Matches(("system_scope",), Text("all"))]),
    st.sampled_from(ROLES).map(lambda role: HasRole(Text(role))),
    st.just(HasRole(Text("%(size)s", ("size",)))),
    st.builds(lambda name, text: Matches((name,), text), st.sampled_from(CALLERS), TEXTS),
    st.builds(
        lambda value, text: Literal(repr(value), value, text), st.sampled_from(VALUES), TEXTS
    ),
)
THEIRS = st.sampled_from(
    [Foreign("x:yes", lambda *_: True), Foreign("x:no", lambda *_: False), Foreign("x:bad", _fails)]
)


def _trees(leaves):
    return st.recursive(
        leaves,
        lambda inner: st.one_of(
            inner.map(Not),
            st.lists(inner, min_size=2, max_size=3).map(lambda parts: And(tuple(parts))),
            st.lists(inner, min_size=2, max_size=3).map(lambda parts: Or(tuple(parts))),
        ),
        max_leaves=7,
    )


@st.composite
def rules(draw, leaves=OURS):
    """Rules by name; `top` may refer to `h0` and `h1`, and `h1` to `h0`."""
    made = {}
    for name in ("h0", "h1", "top"):
        references = [Reference(other, made) for other in made]
        made[name] = draw(_trees(leaves | st.sampled_from(references) if references else leaves))
    return made


def _some(values):
    return st.none() | st.sampled_from(values)


@st.composite
def callers(draw):
    """Credentials; of the scopes a token has one at most."""
    found = {name: draw(_some(VALUES)) for name in CALLERS}
    if not found["project_id"]:
        found["system_scope"] = draw(_some(["all"]))
    creds = {name: value for name, value in found.items() if value}
    return creds | {"roles": draw(st.lists(st.sampled_from(ROLES), unique=True))}


targets = st.fixed_dictionaries({}, optional={name: st.sampled_from(VALUES) for name in TARGETS})
