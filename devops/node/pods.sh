#!/usr/bin/env bash
# pods.sh stop|start mlflow|postgres
set -euo pipefail

case "${2:-}" in
  mlflow) workload=deployment/mlflow ;;
  postgres) workload=statefulset/postgres ;;
  *) set -- ;;
esac
case "${1:-}" in
  stop)
    k3s kubectl --namespace wms scale "${workload}" --replicas=0
    k3s kubectl --namespace wms wait --for=delete pod --selector "app.kubernetes.io/name=$2" --timeout=120s
    ;;
  start)
    k3s kubectl --namespace wms scale "${workload}" --replicas=1
    k3s kubectl --namespace wms rollout status "${workload}" --timeout=300s
    ;;
  *)
    echo "usage: pods.sh stop|start mlflow|postgres" >&2
    exit 2
    ;;
esac
