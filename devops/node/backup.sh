#!/usr/bin/env bash
# Stores a dump of MLflow's database in the data bucket. Nightly by wms-backup.timer, and before every stop:
#
#   sudo /opt/wms/node/backup.sh
#
# One key holds all dumps, as versions: the newest is kept for ever, a lifecycle rule keeps a number of older ones.
# By age alone, the dumps of an environment that nobody used for a season would all be gone.
set -euo pipefail

here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
# shellcheck source=devops/node/settings.sh
source "${here}/settings.sh"
load_settings
# shellcheck source=devops/node/postgres.sh
source "${here}/postgres.sh"

name="backup-$(date --utc +%Y%m%dT%H%M%SZ)-$$.dump"
trap 'rm -f "${DUMP_FOLDER:?}/${name}"' EXIT

tables="$(sql mlflow "SELECT count(*) FROM information_schema.tables WHERE table_schema = 'public'")" ||
  die "the database does not answer"
[[ "${tables}" -gt 0 ]] || die "the database is empty; nothing was stored, older dumps stay the newest" \
  "Restore one with devops/node/restore.sh, or let MLflow make its tables first."

pg pg_dump --username "${WMS_PG_SUPERUSER:-postgres}" --dbname mlflow --format custom \
  --file "${DUMP_FOLDER_THERE}/${name}" || die "pg_dump failed"
# The list of contents stands first in a dump: only reading to the end shows that it is whole.
pg pg_restore --file /dev/null "${DUMP_FOLDER_THERE}/${name}" || die "the dump cannot be read back"

sum="$(sha256sum "${DUMP_FOLDER}/${name}" | cut --delimiter=' ' --fields=1)"
version="$(aws s3api put-object --bucket "${WMS_DATA_BUCKET}" --key "${DUMP_KEY}" \
  --body "${DUMP_FOLDER}/${name}" --metadata "sha256=${sum}" --query VersionId --output text)" ||
  die "the dump could not be stored in s3://${WMS_DATA_BUCKET}/${DUMP_KEY}" \
    "The node's role needs s3:PutObject there. The database itself is safe on the data volume."
[[ -n "${version}" && "${version}" != None && "${version}" != null ]] ||
  die "the bucket ${WMS_DATA_BUCKET} keeps no versions: this dump took the place of the one before" \
    "Switch versioning on (Terraform's storage module does)."
log "stored version ${version}, $(stat --format=%s "${DUMP_FOLDER}/${name}") bytes, SHA-256 ${sum}"
