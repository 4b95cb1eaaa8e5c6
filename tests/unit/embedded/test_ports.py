from __future__ import annotations

import pytest

from policy_proxy.embedded import ports
from policy_proxy.errors import ConfigurationError


@pytest.mark.parametrize("host", ["a..b", "x" * 64, "no-such-host.invalid"])
def test_a_host_that_is_none_is_one_sentence(host):
    with pytest.raises(ConfigurationError) as caught:
        ports.check(host, 0)

    (problem,) = caught.value.problems
    assert problem.startswith(f"--host {host}: ")
    assert problem.endswith(": name another")
