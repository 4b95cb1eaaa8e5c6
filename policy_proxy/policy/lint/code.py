"""What there is to say of a kind of finding, besides the finding itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Code:
    """
    :param title: the finding in a few words.
    :param explanation: what happens with such a policy, and why that is unlikely to be meant.
    :param remedy: what to do instead.
    :param example: the smallest policy that has the finding: path and text of each file. The policy
        file is `policy.yaml`, the policy directory `policy.d`.
    :param before: the policy in force before, if the finding depends on it.
    """

    title: str
    explanation: str
    remedy: str
    example: Mapping[str, str]
    before: Mapping[str, str] = field(default_factory=dict)


def policy_file(*lines: str) -> dict[str, str]:
    """An example of one file."""
    return {"policy.yaml": "".join(f"{line}\n" for line in lines)}
