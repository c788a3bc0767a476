#!/usr/bin/env bash
# `stop` or `start` MLflow's server while its database is exchanged.
set -euo pipefail

case "${1:-}" in
  stop)
    k3s kubectl --namespace wms scale deployment/mlflow --replicas=0
    k3s kubectl --namespace wms wait --for=delete pod --selector app.kubernetes.io/name=mlflow --timeout=120s
    ;;
  start)
    k3s kubectl --namespace wms scale deployment/mlflow --replicas=1
    k3s kubectl --namespace wms rollout status deployment/mlflow --timeout=300s
    ;;
  *)
    echo "usage: mlflow-control.sh stop|start" >&2
    exit 2
    ;;
esac
