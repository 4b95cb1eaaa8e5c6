"""Cases that are proposed can be pasted, whatever is in them."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from policy_proxy.cli.policy.cases.coverage_output import pasted
from policy_proxy.cli.policy.cases.files import Suite, Under, snapshot_of
from policy_proxy.cli.policy.cases.measured import Ran
from policy_proxy.model import Effect, Identity
from policy_proxy.policy.cases.coverage import Coverage
from policy_proxy.policy.cases.gaps import Proposal
from policy_proxy.policy.cases.reader import read

DEFAULTS = snapshot_of((), Under())
RULE = "placement:traits:list"
VISIBLE = st.characters(codec="utf-8", exclude_categories=["C", "Z"])  # lint lets no other in
TEXTS = st.one_of(
    st.text(VISIBLE, min_size=1, max_size=8),
    st.text("$${}a:# -'\"[],&*!|>%@`\n\\~", min_size=1),
    st.sampled_from(["${who}", "null", "true", "1", "0x1", "2026-01-01", "a: b", "#", "=", "<<"]),
)
NAMES = st.sampled_from(["project_id", "resource_provider.uuid"])
IDENTITIES = st.builds(
    Identity,
    user_id=TEXTS,
    project_id=TEXTS,
    roles=st.lists(TEXTS, max_size=2).map(tuple),
    service_roles=st.lists(TEXTS, max_size=1).map(tuple),
    is_admin_project=st.booleans(),
)


@settings(max_examples=100)
@given(
    asking=st.lists(
        st.tuples(IDENTITIES, st.dictionaries(NAMES, TEXTS), st.booleans()),
        min_size=1,
        max_size=2,
    )
)
def test_what_is_pasted_is_what_was_proposed(asking):
    proposals = tuple(Proposal(RULE, who, target, allowed, ()) for who, target, allowed in asking)
    ran = Ran(Suite("policy.yaml", DEFAULTS, ()), (), Coverage((), ()), proposals)

    cases = read("x.policy-test.yaml", "\n".join(pasted(ran)).encode()).cases

    effects = [Effect.ALLOW if allowed else Effect.DENY for *_, allowed in asking]
    assert [case.asked for case in cases] == [RULE] * len(asking)
    assert [(case.identity, case.target) for case in cases] == [one[:2] for one in asking]
    assert [case.expect for case in cases] == effects
