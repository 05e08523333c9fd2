#!/bin/sh
# Saves the work tree and the state of git before a commit. For .git/hooks/pre-commit, or with pre-commit by
# .pre-commit-hooks.yaml. RERAIL_SUBJECT says whose checkpoint it is (default workspace/<directory>), RERAIL the command line.
# A checkpoint that cannot be made lets the commit go on and says so; RERAIL_REQUIRED=1 refuses the commit.
set -u
root=$(git rev-parse --show-toplevel) || exit 1
name=$(basename "$root" | tr -c 'A-Za-z0-9\n' '-' | sed 's/^-*//; s/-*$//')
branch=$(git symbolic-ref --quiet --short HEAD || echo detached)
# A hook finds these set for its own repository; whoever looks at git from elsewhere must not.
unset GIT_DIR GIT_INDEX_FILE GIT_WORK_TREE GIT_PREFIX

if "${RERAIL:-rerail}" -o none checkpoint create --root "$root" --subject "${RERAIL_SUBJECT:-workspace/${name:-git}}" \
  --name "before a commit on $branch" --tag pre-commit; then
  exit 0
fi
echo "rerail: no checkpoint was made before this commit" >&2
[ "${RERAIL_REQUIRED:-0}" = 1 ] && exit 1
exit 0
