#!/usr/bin/env bash
# Run once by PostgreSQL's image, when it makes an empty database: MLflow gets a role that owns its database
# and nothing else.
set -euo pipefail
psql --set ON_ERROR_STOP=1 --username postgres --set password="${MLFLOW_DATABASE_PASSWORD:?}" <<'SQL'
CREATE ROLE mlflow LOGIN PASSWORD :'password';
CREATE DATABASE mlflow OWNER mlflow;
SQL
