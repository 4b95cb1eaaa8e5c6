"""Every kind of finding, by its code: PP1xx are errors, PP2xx are warnings.

Codes are stable: one that is no longer used is not given to something else.
"""

from __future__ import annotations

from collections.abc import Mapping

from policy_proxy.policy.lint.code import Code
from policy_proxy.policy.lint.errors_of_files import ERRORS_OF_FILES
from policy_proxy.policy.lint.errors_of_rules import ERRORS_OF_RULES
from policy_proxy.policy.lint.warnings import WARNINGS

CODES: Mapping[str, Code] = dict(sorted((ERRORS_OF_FILES | ERRORS_OF_RULES | WARNINGS).items()))
