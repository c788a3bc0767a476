#!/bin/sh
# Let Git run the hooks in devops/hooks, and say what that replaces. Repeating it changes nothing.
set -eu
ours=devops/hooks
own=$(git config --local --get core.hooksPath || true)
before=$(git config --get core.hooksPath || true)
folder=$(git rev-parse --git-path hooks)

if [ "$before" = "$ours" ]; then
  echo "hooks: Git runs $ours already"
  exit 0
fi
back="git config --unset core.hooksPath"
[ -z "$own" ] || back="git config core.hooksPath '$own'"
[ -z "$before" ] || echo "hooks: core.hooksPath was $before"
for hook in "$folder"/*; do
  case $hook in *.sample) continue ;; esac
  if [ -x "$hook" ]; then
    echo "hooks: $hook is not run any more"
  fi
done
git config core.hooksPath "$ours"
echo "hooks: Git runs $ours from now on; to go back: $back"
