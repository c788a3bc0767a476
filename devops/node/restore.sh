#!/usr/bin/env bash
# Puts a dump of MLflow's database back, on this node or on a fresh one:
#
#   sudo /opt/wms/node/restore.sh                 the newest dump
#   sudo /opt/wms/node/restore.sh --list          which there are
#   sudo /opt/wms/node/restore.sh --version ID    one of them
#   ... --force                                          although the database holds runs or models
#
# The dump is read into a database beside the one in use, and takes its name at the very end: whatever fails before
# leaves everything as it was. With --force the old one stays, under the name that is printed.
set -euo pipefail

here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
# shellcheck source=devops/node/settings.sh
source "${here}/settings.sh"

usage() {
  sed --quiet '2,/^set /{/^#/s/^# \{0,1\}//p}' "${BASH_SOURCE[0]}"
  exit "$1"
}

list=false force=false version=""
while [[ $# -gt 0 ]]; do
  case "$1" in
    --list) list=true ;;
    --force) force=true ;;
    --version)
      [[ $# -gt 1 ]] || usage 2
      version="$2"
      shift
      ;;
    --help) usage 0 ;;
    *) usage 2 ;;
  esac
  shift
done

load_settings
# shellcheck source=devops/node/postgres.sh
source "${here}/postgres.sh"
bucket=(--bucket "${WMS_DATA_BUCKET}")

if "${list}"; then
  aws s3api list-object-versions "${bucket[@]}" --prefix "${DUMP_KEY}" --output table \
    --query 'Versions[].{stored: LastModified, version: VersionId, bytes: Size, newest: IsLatest}'
  exit
fi

stamp="$(date --utc +%Y%m%dT%H%M%SZ)"
name="restore-${stamp}-$$.dump"
fresh="mlflow_restore_${stamp,,}_$$"
cleanup() {
  rm -f "${DUMP_FOLDER:?}/${name}"
  sql postgres "DROP DATABASE IF EXISTS ${fresh} WITH (FORCE)" >/dev/null 2>&1 || log "${fresh} could not be dropped"
}

# How many runs, models and experiments besides MLflow's own first one; 0 where there are no tables yet.
held() {
  local table total=0 where
  for table in runs registered_models experiments; do
    where=""
    [[ "${table}" != experiments ]] || where="WHERE experiment_id <> 0"
    [[ "$(sql mlflow "SELECT to_regclass('public.${table}') IS NOT NULL")" == t ]] || continue
    total=$((total + $(sql mlflow "SELECT count(*) FROM ${table} ${where}")))
  done
  printf '%s' "${total}"
}

exists="$(sql postgres "SELECT count(*) FROM pg_database WHERE datname = 'mlflow'")" || die "the database does not answer"
holds=0
[[ "${exists}" -eq 0 ]] || holds="$(held)"
[[ "${holds}" -eq 0 ]] || "${force}" || die \
  "the database holds ${holds} runs, models and experiments; nothing was changed" \
  "Store them first (backup.sh), then run this again with --force: the old database is kept beside the new one."

trap cleanup EXIT
what=(--key "${DUMP_KEY}")
[[ -z "${version}" ]] || what+=(--version-id "${version}")
sum="$(aws s3api get-object "${bucket[@]}" "${what[@]}" --query 'Metadata.sha256' --output text "${DUMP_FOLDER}/${name}")" ||
  die "there is no such dump in s3://${WMS_DATA_BUCKET}/${DUMP_KEY}" "See which there are: restore.sh --list"
sha256sum --check --status <<<"${sum}  ${DUMP_FOLDER}/${name}" ||
  die "the dump does not have the SHA-256 ${sum} that was stored with it; nothing was changed" \
    "Take an older one: restore.sh --list"
# The database's own user must read what root fetched.
chmod 0644 "${DUMP_FOLDER}/${name}"

sql postgres "CREATE DATABASE ${fresh} OWNER mlflow"
pg pg_restore --username "${WMS_PG_SUPERUSER:-postgres}" --dbname "${fresh}" --no-owner --role mlflow \
  --exit-on-error "${DUMP_FOLDER_THERE}/${name}" || die "the dump could not be read in; nothing was changed"

"${here}/pods.sh" stop mlflow
if [[ "${exists}" -gt 0 ]]; then
  old="mlflow_before_${stamp,,}"
  sql postgres "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'mlflow'" >/dev/null
  sql postgres "ALTER DATABASE mlflow RENAME TO ${old}"
fi
sql postgres "ALTER DATABASE ${fresh} RENAME TO mlflow"
"${here}/pods.sh" start mlflow
if [[ "${exists}" -gt 0 ]]; then
  if [[ "${holds}" -eq 0 ]]; then
    sql postgres "DROP DATABASE ${old} WITH (FORCE)"
  else
    log "the database of before is kept as ${old}; drop it when it is no longer needed"
  fi
fi
log "restored, SHA-256 ${sum}"
