#!/usr/bin/env bash
# shellcheck disable=SC2034  # the scripts that source this use them
# Sourced by backup.sh and restore.sh: the database's own tools, run where the database is, and one folder that both
# sides see under names of their own. No dump goes through `kubectl exec`, which can cut a long stream off.

read -r -a pg_command <<<"${WMS_PG_COMMAND-k3s kubectl --namespace wms exec --stdin statefulset/postgres --}"
DUMP_FOLDER="${WMS_DUMP_FOLDER:-${DATA}/postgres/dump}"
DUMP_FOLDER_THERE="${WMS_DUMP_FOLDER_THERE:-/wms/dump}"
DUMP_KEY="backup/mlflow.dump"

pg() { "${pg_command[@]}" "$@"; }
# sql DATABASE STATEMENT: the answer, bare.
sql() {
  pg psql --username "${WMS_PG_SUPERUSER:-postgres}" --dbname "$1" --no-psqlrc --quiet --tuples-only --no-align \
    --set ON_ERROR_STOP=1 --command "$2"
}
