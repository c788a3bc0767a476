#!/usr/bin/env bash
# Run by cloud-init at every boot: fetch the current release, check it, hand over to its boot script.
# Where nothing can be fetched, the release that is here goes on. Where none is, there is no watchdog either, so the
# instance stops itself after a while that a person can use to look.
set -euo pipefail

env_file=${WMS_NODE_ENV:-/etc/wms/node.env}
root=${WMS_ROOT:-/opt/wms}
set -a
# shellcheck source=/dev/null
. "$env_file"
set +a

say() { echo "wms-fetch: $*" >&2; }

# Fetch the release $1 into the folder $2; fails unless every byte is as its list says, and nothing else came along.
fetch() {
  aws s3 cp --only-show-errors --recursive "s3://$WMS_DATA_BUCKET/node/$1/" "$2" || return
  (
    cd "$2"
    echo "$1  SHA256SUMS" | sha256sum --check --strict --quiet || exit
    sha256sum --check --strict --quiet SHA256SUMS || exit
    diff <(cut -c 67- SHA256SUMS | sort) <(find . -type f ! -path ./SHA256SUMS -printf '%P\n' | sort) || exit
    # S3 keeps no modes.
    while IFS= read -r -d '' file; do
      if head -c 2 "$file" | grep -q '^#!'; then chmod +x "$file"; fi
    done < <(find . -type f -print0)
  ) >&2
}

# Make $root the current release.
update() {
  local wanted next
  wanted=$(aws s3 cp --only-show-errors "s3://$WMS_DATA_BUCKET/node/current" -) || return
  [[ $wanted =~ ^[0-9a-f]{64}$ ]] || { say "node/current is no digest: $wanted"; return 1; }
  if [[ -f $root/RELEASE && $(<"$root/RELEASE") == "$wanted" ]]; then
    say "release $wanted is here"
    return
  fi
  next=$root.next
  rm -rf "$next"
  mkdir -p "$next"
  fetch "$wanted" "$next" || { say "release $wanted did not come whole"; return 1; }
  echo "$wanted" >"$next/RELEASE"
  rm -rf "$root.last"
  if [[ -e $root ]]; then mv "$root" "$root.last"; fi
  mv "$next" "$root"
  say "release $wanted is new"
}

# The first boot has nothing to go on with, and its role may take minutes to work everywhere.
attempts=30
if [[ -f $root/RELEASE ]]; then attempts=5; fi
for ((attempt = 1; attempt <= attempts; attempt++)); do
  update && break
  say "attempt $attempt of $attempts failed"
  sleep "${WMS_FETCH_WAIT_SECONDS:-10}"
done

if [[ ! -x $root/node/boot.sh ]]; then
  say "there is no release to go on with; the instance stops in 20 minutes"
  shutdown -h +20
  exit 1
fi
exec "$root/node/boot.sh"
