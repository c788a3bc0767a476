#!/usr/bin/env bash
# Makes a fresh Amazon Linux into the environment's node, and a node that was stopped into one that runs. Every step
# looks first and does only what is missing, so it can be run again at any time and after any failure:
#
#   sudo /opt/wms/node/boot.sh
#
# cloud-init runs it at every start. Each step says how long it took (docs/runbook.md has the budget).
set -euo pipefail

NODE_FOLDER="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
# shellcheck source=devops/node/settings.sh
source "${NODE_FOLDER}/settings.sh"
# shellcheck source=devops/node/pins.env
source "${NODE_FOLDER}/pins.env"
# shellcheck source=devops/node/volume.sh
source "${NODE_FOLDER}/volume.sh"
# shellcheck source=devops/node/secrets.sh
source "${NODE_FOLDER}/secrets.sh"
# shellcheck source=devops/node/cluster.sh
source "${NODE_FOLDER}/cluster.sh"

step() {
  local begun="${SECONDS}"
  STEP="$1"
  "$1"
  log "$1: $((SECONDS - begun)) s"
}

# Who started the instance reads this and cannot see the log. That it cannot be told stops nothing here.
report() { "${NODE_FOLDER}/report" "$@" || log "nobody was told: $*"; }

# Whatever ends the boot too early is told, by the step that it was in and the last words there.
tell_failure() {
  local code="$?"
  [[ "${code}" -eq 0 ]] || report failed "${STEP:-the beginning}: ${LAST_WORDS:-exit code ${code}}"
}

# A release holds devops/'s folders and the one environment's, which names the base as it lies in Git.
find_environment() {
  local release found
  release="$(dirname "${NODE_FOLDER}")"
  found=("${release}"/infrastructure/*/kustomization.yaml)
  [[ ${#found[@]} -eq 1 && -f "${found[0]}" ]] ||
    die "${release}/infrastructure does not hold the kustomization.yaml of one environment" \
      "The release is made by Terraform (modules/k3s_node): apply the stack and start the node again."
  ENVIRONMENT_FOLDER="$(dirname "${found[0]}")"
  ln --symbolic --force --no-dereference . "${release}/devops"
}

main() {
  load_settings
  trap tell_failure EXIT
  step start_watchdog
  report booting
  step find_environment
  step mount_data_volume
  step make_node_secrets
  step install_k3s
  step fetch_images
  step start_units
  step wait_for_cluster
  step apply_manifests
  step wait_for_mlflow
  log "MLflow answers after ${SECONDS} s"
  report ready
}

if [[ "${BASH_SOURCE[0]}" == "$0" ]]; then main "$@"; fi
