#!/usr/bin/env bash
# shellcheck disable=SC2034  # the scripts that source this use them
# Sourced by the other scripts: where things lie on the node, and what it was told about its environment.

# A folder that stands for / in tests.
ROOT="${WMS_BOOT_ROOT:-}"
DATA="${ROOT}/var/lib/wms"
SECRETS="${DATA}/secrets"
export AWS_PAGER=""
# Where k3s is; `sudo` leaves it out.
export PATH="${ROOT}/usr/local/bin:${PATH}"

log() { printf '%s wms: %s\n' "$(date --utc +%FT%TZ)" "$*" >&2; }
die() {
  LAST_WORDS="$1"
  log "$1"
  [[ -z "${2:-}" ]] || log "what to do: $2"
  exit 1
}

load_settings() {
  local file="${ROOT}/etc/wms/node.env" name
  [[ -r "${file}" ]] || die "${file} is missing: the node does not know its environment" \
    "Terraform's user data writes it; docs/runbook.md lists its keys."
  set -a
  # shellcheck source=/dev/null
  source "${file}"
  set +a
  for name in WMS_NAME WMS_DATA_BUCKET WMS_ARTIFACTS_BUCKET WMS_DATA_DEVICE AWS_DEFAULT_REGION; do
    [[ -n "${!name:-}" ]] || die "${file} does not set ${name}"
  done
}

kubectl() { k3s kubectl "$@"; }
