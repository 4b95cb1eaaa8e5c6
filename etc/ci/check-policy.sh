#!/bin/sh
# Checks a repository of policy files, in a pull request or before a push.
#
#   check-policy.sh BASE
#
# BASE is the commit that the change will be merged into, such as origin/main. The repository has
# policy.yaml, its tests under tests/, and perhaps the audit logs of some days under logs/. What each
# step says is explained in docs/guide.md. Exit code 0: good; 1: something is not; 2: wrong usage.
set -eu

if [ $# -ne 1 ]; then
    echo "usage: check-policy.sh BASE, a commit such as origin/main" >&2
    exit 2
fi
base=$1
failed=

# Each step runs, whatever the ones before it found.
step() {
    echo
    echo "== $1"
    shift
    "$@" || failed=yes
}

# Within GitHub, findings are shown at their lines.
form=table
[ -z "${GITHUB_ACTIONS:-}" ] || form=github

step "mistakes" policy-proxy policy lint --strict --format "$form" policy.yaml
step "form" policy-proxy policy fmt --check policy.yaml
step "tests" policy-proxy policy test --fail-under 100 --junit policy-tests.xml tests
step "what changes, and for whom" policy-proxy policy diff --git "$base" policy.yaml
if [ -d logs ]; then
    # A gain is for the reviewers, who read the step above; a loss breaks somebody's work.
    step "who would have been refused" \
        policy-proxy policy replay --log logs --policy policy.yaml --fail-on loss
fi

[ -z "$failed" ] || exit 1
