#!/usr/bin/env bash
# Starts MLflow's server. Secrets come by environment variable and stay out of the command line, where any
# process could read them.
set -euo pipefail

: "${POSTGRES_HOST:?the host of PostgreSQL}"
: "${POSTGRES_PASSWORD:?the password of its role mlflow}"
: "${ARTIFACTS_DESTINATION:?where artifacts are kept, such as s3://bucket}"
: "${ALLOWED_HOSTS:?the Host headers that are answered, with their ports, separated by commas}"
: "${MLFLOW_AUTH_ADMIN_PASSWORD:?the password of the user admin, of 12 characters or more}"
: "${MLFLOW_FLASK_SERVER_SECRET_KEY:?a random text that stays the same}"

database="postgresql+psycopg2://mlflow:${POSTGRES_PASSWORD}@${POSTGRES_HOST}:${POSTGRES_PORT:-5432}/mlflow"
scratch="${TMPDIR:-/tmp}"

# Whoever is not the administrator may do nothing until granted. A password is hashed once a minute and not at
# each request: the hash is made to be slow, and under load it would be most of the work.
umask 077
cat >"${scratch}/auth.ini" <<INI
[mlflow]
default_permission = NO_PERMISSIONS
database_uri = ${database}
admin_username = admin
authorization_function = mlflow.server.auth:authenticate_request_basic_auth
auth_cache_ttl_seconds = 60
INI

export MLFLOW_AUTH_CONFIG_PATH="${scratch}/auth.ini"
export MLFLOW_BACKEND_STORE_URI="${database}"
export MLFLOW_DISABLE_TELEMETRY=true
# Jobs of MLflow's own (evaluations, prompts) are not used here and cost eight more processes.
export MLFLOW_SERVER_ENABLE_JOB_EXECUTION=false
# A worker has 40 threads, and a request may hold two connections at once: with fewer than 80, threads that hold one
# wait for each other, and after 30 s requests are refused with HTTP 400. There are three pools (tracking, registry,
# users) in each worker; PostgreSQL's max_connections holds them all.
export MLFLOW_SQLALCHEMYSTORE_POOL_SIZE="${MLFLOW_SQLALCHEMYSTORE_POOL_SIZE:-20}"
export MLFLOW_SQLALCHEMYSTORE_MAX_OVERFLOW="${MLFLOW_SQLALCHEMYSTORE_MAX_OVERFLOW:-60}"

python "$(dirname "$0")/admin.py"

exec mlflow server \
  --host 0.0.0.0 --port "${PORT:-5000}" --workers "${WORKERS:-2}" \
  --app-name basic-auth \
  --allowed-hosts "${ALLOWED_HOSTS}" \
  --serve-artifacts --artifacts-destination "${ARTIFACTS_DESTINATION}" \
  --uvicorn-opts "--timeout-keep-alive 75 --timeout-graceful-shutdown 20"
