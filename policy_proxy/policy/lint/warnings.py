"""Warnings: what is legal but worth a look."""

from __future__ import annotations

from policy_proxy.policy.lint.code import Code, policy_file

WARNINGS = {
    "PP201": Code(
        "file holds comments only",
        "The generators of sample files write such files. The default rules are in force.",
        "Write `{}` below the comments to say that this is meant.",
        policy_file("# List all traits.", '#"placement:traits:list": "role:reader"'),
    ),
    "PP202": Code(
        "rule equals its default",
        "It changes nothing now, and will hide a better default of a later release.",
        "Take the rule away.",
        policy_file('"service_api": "role:service"'),
    ),
    "PP203": Code(
        "rule allows everyone",
        "Whoever has a token of the right scope may do this, with any role in any project. It "
        "need not be written as `@`: where an operation names no project, `%(project_id)s` is the "
        "caller's own, so that to compare it with `project_id` says nothing.",
        'Name who may, as in `"role:reader"`; or say why everyone may, in a comment '
        "`# lint: allow PP203 REASON`.",
        policy_file('"placement:traits:list": "@"'),
    ),
    "PP204": Code(
        "rule allows no one",
        "Administrators and services of the cloud are kept out as well.",
        "Name who may; or say why nobody may, in a comment `# lint: allow PP204 REASON`.",
        policy_file('"placement:reshaper:reshape": "!"'),
    ),
    "PP205": Code(
        "rule that decides nothing",
        "The service asks for the rules of its operations. None of them refers to this one, "
        "neither directly nor through others. Of Placement's own rules, too, some decide nothing "
        "unless a file refers to them: `admin_api` is one.",
        "Refer to it, or take it away.",
        policy_file('"operators": "role:operator"'),
    ),
    "PP206": Code(
        "files override each other",
        "Of two files in policy directories the one whose name sorts behind wins. Whoever changes "
        "the other one will wonder. A file that overrides the policy file itself is as it should "
        "be.",
        "Keep the rule in one of the files.",
        {
            "policy.d/10-readers.yaml": '"placement:traits:list": "role:reader"\n',
            "policy.d/20-members.yaml": '"placement:traits:list": "role:member"\n',
        },
    ),
    "PP207": Code(
        "file is not read",
        "Of a policy directory the files are read, but no directories within and nothing whose "
        "name begins with a dot. A directory that holds tests of policies alone is not told.",
        "Put the file into the directory itself, under another name.",
        {"policy.d/.10-readers.yaml": '"placement:traits:list": "role:reader"\n'},
    ),
    "PP208": Code(
        "file with an unusual ending is read",
        "Every file of a policy directory is read, whatever its name ends in. So is a policy file "
        "that is named as such, though its name be that of a backup.",
        "Rename the file, or move it out of the directory.",
        {"policy.d/10-readers.txt": '"placement:traits:list": "role:reader"\n'},
    ),
    "PP209": Code(
        "file is written as JSON",
        "OpenStack has given up policy files in JSON: no comment can say why a rule is there.",
        "Write it as YAML: `policy-proxy policy fmt` does.",
        policy_file('{"placement:traits:list": "role:reader"}'),
    ),
    "PP210": Code(
        "comment silences nothing",
        "`# lint: allow PP2xx REASON` silences one warning about the rule that it stands behind or "
        "above. This one names no code or no reason, or a warning that is not found there, or an "
        "error, which cannot be silenced.",
        "Correct the comment, or take it away.",
        policy_file('"placement:traits:list": "role:reader"  # lint: allow PP203 all may look'),
    ),
    "PP211": Code(
        "rule stands under an old name",
        "The service has given the name up. oslo.policy still takes the check for the new names, "
        "which may be several, unless the file has rules of those; a later release will not.",
        "Write the rule under each new name for which it is meant.",
        policy_file('"rule:admin_api": "role:boss"'),
    ),
    "PP212": Code(
        "text where an attribute may be meant",
        "An attribute of the target is named by `%(name)s` and in no other way. `%%(name)s`, "
        "`{name}` and the name by itself are texts, which hardly anything equals.",
        "Write `%(name)s`.",
        policy_file('"placement:traits:list": "role:admin or user_id:{user_id}"'),
    ),
    "PP213": Code(
        "text that may look like another one",
        "Texts are the same only if they are the same character by character. A Cyrillic "
        "`\u0430` among Latin letters, a wide `\uff41`, or an accent that is a character of its "
        "own looks like what it is not equal to; and under `not` such a check holds.",
        "Type the text anew, in the letters of one script.",
        policy_file('"placement:traits:list": "role:\u0430dmin"'),
    ),
    "PP214": Code(
        "attribute that may be absent, under not",
        "Some requests can leave an attribute out: `user_id` in GET /usages, the owner in "
        "PUT /allocations/{consumer_uuid} before 1.8, and in POST /allocations where consumers are "
        "of several. What is absent matches nothing, so the check holds under `not`: whoever "
        "leaves the attribute out is let in.",
        "Say who is meant by a check that is not under `not`.",
        policy_file('"placement:usages": "role:reader and not user_id:%(user_id)s"'),
    ),
    "PP215": Code(
        "text that looks like a pattern",
        "Texts are compared whole, and `*` stands for itself. No resource class, trait or id has "
        "one in it, so such a check never holds, and under `not` it always does.",
        "Name each value that is meant, joined by `or`.",
        policy_file('"placement:traits:show": "role:admin or \'CUSTOM_*\':%(trait)s"'),
    ),
}
