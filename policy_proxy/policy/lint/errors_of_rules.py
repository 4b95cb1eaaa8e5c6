"""Errors of check strings, and of rules together."""

from __future__ import annotations

from policy_proxy.policy.lint.code import Code, policy_file

ERRORS_OF_RULES = {
    "PP111": Code(
        "check string cannot be parsed",
        "oslo.policy logs what it cannot parse and goes on with “nobody” in its place, which `not` "
        "turns into “everybody”.",
        "Write single checks such as `role:NAME` or `rule:NAME`, joined by `and`, `or`, `not`, and "
        "close every parenthesis.",
        policy_file('"admin_api": "role:admin or"', '"service_api": "service"'),
    ),
    "PP112": Code(
        "check is too large",
        "A few rules that each refer twice to the next take longer than any request can wait; a "
        "long chain of them ends in an error. At most 10,000 checks, and 100 within each other, "
        "are evaluated for a decision.",
        "Refer to fewer rules.",
        policy_file(f'"admin_api": "{"not " * 100}role:admin"'),
    ),
    "PP113": Code(
        "check asks a remote server",
        "An `http:` or `https:` check hands the decision, and the credentials of the caller, to "
        "whoever answers. It is refused unless `[policy] allow_remote_checks` is on, and then the "
        "URL must be the same for every request.",
        "Decide by role, project or the like.",
        policy_file('"admin_api": "https://decider.example/%(project_id)s"'),
    ),
    "PP114": Code(
        "check compares with None",
        "To oslo.policy an attribute that is absent equals the text `None`, so that an absent "
        "project matches an absent project. Here what is absent matches nothing, so such a check "
        "never holds.",
        "Name the value that is meant.",
        policy_file('"admin_api": "role:admin and project_id:None"'),
    ),
    "PP115": Code(
        "check fails when it is evaluated",
        "It can be parsed, but each request that meets it ends in an error.",
        "Write an attribute of the token or a literal on the left side, text or `%(name)s` on the "
        "right side.",
        policy_file('"admin_api": "project_id:%(project_id"', '"service_api": "user_id:50%"'),
    ),
    "PP116": Code(
        "no token has such an attribute",
        "The left side of a check names what the token has. What it never has never matches, and "
        "under `not` it always does.",
        "Correct the name.",
        policy_file('"admin_api": "rol:admin"'),
    ),
    "PP117": Code(
        "operation does not supply the attribute",
        "`%(name)s` names an attribute of the target. Each operation supplies its own, listed in "
        "docs/operations.md. One that is not supplied never matches, and under `not` it always "
        "does. Of a rule that others refer to, every operation that they decide is looked at.",
        "Name an attribute that the operation supplies, or give it a rule of its own.",
        policy_file('"placement:traits:show": "role:reader and \'CUSTOM_GOLD\':%(name)s"'),
    ),
    "PP118": Code(
        "no token of the right scope is let in",
        "An operation takes tokens of its scope types alone, which a policy file cannot change. "
        "The rule asks for what only tokens of another scope have.",
        "Ask for roles, or for what tokens of that scope have.",
        policy_file('"placement:traits:delete": "role:admin and system_scope:all"'),
    ),
    "PP119": Code(
        "rule allows everyone without saying so",
        "Whatever token is presented, the check holds: one of its parts does when the others do "
        "not. Or a default rule that refers to this one has become so. Looked at are the rules "
        "that the service asks for, with all that they refer to, up to some 300 single checks.",
        'Name who may; or write `"@"` if everyone is meant, which is a warning (PP203).',
        policy_file('"placement:traits:list": "role:reader or not role:reader"'),
    ),
    "PP120": Code(
        "rule allows no one without saying so",
        "No token can fulfil the check: its parts exclude each other. It is looked for as "
        "PP119 is.",
        'Name who may; or write `"!"` if nobody is meant, which is a warning (PP204).',
        policy_file('"placement:traits:list": "project_id:alpha and project_id:beta"'),
    ),
    "PP121": Code(
        "service has no such rule",
        "oslo.policy ignores rules that nobody asks for, so the default of the one that was meant "
        "stays in force. A name with the service's own prefix must be one of its rules, and none "
        "has an invisible character in it; any other name is for rules to refer to.",
        "Correct the name.",
        policy_file('"placement:trait:list": "role:reader"'),
    ),
    "PP122": Code(
        "reference to a rule that is not defined",
        "oslo.policy takes it for “nobody”, which `not` turns into “everybody”.",
        "Define the rule, or correct its name.",
        policy_file('"placement:traits:list": "not rule:admin_appi"'),
    ),
    "PP123": Code(
        "rules refer to each other in a circle",
        "Such a rule has no value.",
        "Break the circle.",
        policy_file('"admin_api": "rule:service_api"', '"service_api": "rule:admin_api"'),
    ),
    "PP124": Code(
        "default rule lets everyone in",
        "oslo.policy takes the rule `default` for every rule that it does not know. The proxy "
        "never does, but Placement would, with the same file.",
        'Write `"default": "!"`, or nothing.',
        policy_file('"default": "@"'),
    ),
    "PP125": Code(
        "check compares with what nothing equals",
        "What stands on the right side, up to the next blank, is compared as it is. Nothing at "
        "all, a text in quotes, one with an invisible character, with a comma or a semicolon at "
        "its end, an unmatched parenthesis or another check in it, as in `role:a,role:b`, equals "
        "no role and no attribute. Nor does a list of roles, as in `role:a,b`, anything but `True` "
        "and `False` for `is_admin_project`, anything but `all` for `system_scope`, or a literal "
        "on the left that is such a text, or neither a text nor a number, as in `b'x'`. And under "
        "`not` such a check always holds.",
        "Write the value as it is, without quotes, and join checks by `and`, `or`.",
        policy_file('"admin_api": "role:\'admin\'"'),
    ),
    "PP126": Code(
        "check compares two fixed texts",
        "A literal on the left is compared with the right side. Without an attribute of the target "
        "there, the check has one answer, whoever asks for what: as in `'trait':CUSTOM_GOLD`, "
        "where `'CUSTOM_GOLD':%(trait)s` was meant. Under `not` it is the other answer.",
        "Write `%(name)s` on the right side; or `@` for everyone, `!` for nobody.",
        policy_file('"placement:traits:show": "role:reader and not \'trait\':CUSTOM_GOLD"'),
    ),
}
