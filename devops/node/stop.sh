#!/usr/bin/env bash
# Before the machine stops (wms-backup-on-stop.service): a dump, then MLflow and PostgreSQL end in this order, so that
# the database closes its files and recovers nothing at its next start. systemd's order does not reach containers; they
# are still up here. Each step has its own limit, and none keeps the machine. boot.sh starts both again.
set -euo pipefail

here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
# shellcheck source=devops/node/settings.sh
source "${here}/settings.sh"
load_settings

timeout "${DUMP_SECONDS:-120}" "${here}/backup.sh" || log "no dump before this stop; the data volume has everything"
timeout 45 "${here}/pods.sh" stop mlflow || log "MLflow did not end in time"
timeout 60 "${here}/pods.sh" stop postgres || log "PostgreSQL did not end in time; it recovers at its next start"
