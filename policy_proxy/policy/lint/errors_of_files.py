"""Errors of policy files: where they lie and how they are written."""

from __future__ import annotations

from policy_proxy.policy.lint.code import Code, policy_file

ERRORS_OF_FILES = {
    "PP101": Code(
        "file cannot be read",
        "A policy of which a part is missing is another policy. So a file that is missing, cannot "
        "be opened, is no regular file or is larger than 2 MiB leaves in force what was.",
        "Mend the file, its owner or its mode. To run on the default rules alone, without a policy "
        "file, set `[policy] require_file = false`.",
        {},
    ),
    "PP102": Code(
        "a backup is read as policy",
        "oslo.policy reads every file of a policy directory whose name does not begin with a dot, "
        "and so does the proxy. What an editor, a package manager or an operator set aside "
        "there is in force, and mostly wins over the newer file, as its name sorts behind.",
        "Move the file out of the directory.",
        {"policy.d/10-traits.yaml~": '"placement:traits:list": "role:reader"\n'},
    ),
    "PP103": Code(
        "file is no YAML",
        "oslo.policy fails one request with such a file, then goes on with what it read before.",
        "Save the file as UTF-8, and put names and check strings into double quotes.",
        policy_file('"placement:traits:list": "role:reader'),
    ),
    "PP104": Code(
        "file is empty",
        "To oslo.policy an empty file means the default rules. But a file is also empty when the "
        "disk is full, or while it is being written.",
        "Write `{}` into it if the default rules alone are meant.",
        {"policy.yaml": ""},
    ),
    "PP105": Code(
        "file holds no mapping",
        "A policy file is a mapping of rule names to check strings.",
        'Write lines such as `"placement:traits:list": "role:reader"`.',
        policy_file('- "placement:traits:list": "role:reader"'),
    ),
    "PP106": Code(
        "file holds a second document",
        "Behind `---` another document begins, and which of them counts is up to the reader.",
        "Put everything into one document.",
        policy_file('"admin_api": "role:boss"', "---", '"service_api": "role:robot"'),
    ),
    "PP107": Code(
        "rule name is no string",
        "YAML reads some names as something else: `on`, `null`, `1.5`. No rule is found by those.",
        "Put the name into double quotes.",
        policy_file('on: "role:reader"', '"placement:traits:list": "role:reader"'),
    ),
    "PP108": Code(
        "value is no string",
        "What is empty or no string mostly means “everyone may” to oslo.policy: an unquoted `!` "
        "(which is a YAML tag), `no`, `off`, `false`, `~`, `0`, `[]`, `{}`, or nothing at all.",
        'Write a check string in double quotes: `"!"` for nobody, `"@"` for everyone.',
        policy_file('"placement:traits:delete": !', '"placement:traits:update": no'),
    ),
    "PP109": Code(
        "rule stands twice in a file",
        "YAML takes the last one and says nothing of the others.",
        "Keep the one that is meant.",
        policy_file('"admin_api": "role:boss"', '"admin_api": "role:admin or role:boss"'),
    ),
    "PP110": Code(
        "comments in place of rules in force",
        "Comments alone are how samples are delivered, and then they are a warning (PP201). Where "
        "rules of the same file are in force, an upgrade or a tool has replaced them, and the "
        "default rules would come back unasked.",
        "Write `{}` below the comments if the default rules alone are meant.",
        policy_file("# Here could be your rules."),
        before=policy_file('"placement:traits:delete": "role:boss"'),
    ),
    "PP127": Code(
        "file is not what it looks like",
        "To YAML 1.1, which oslo.policy reads, a line also ends at U+0085, U+2028, U+2029 and at a "
        "bare carriage return. Editors and `git diff` show no end there, so what looks like a "
        "comment can hold a rule. Other characters (U+202A to U+202E, U+2066 to U+2069) have text "
        "shown in another order than it is read in.",
        "End every line with a line feed, and take the other characters away.",
        policy_file('# who may list them\u2028"placement:traits:list": "role:reader"'),
    ),
}
