#!/usr/bin/env bash
# Sourced by boot.sh: k3s, the images it runs, and the manifests.

RELEASES="${WMS_K3S_RELEASES:-https://github.com/k3s-io/k3s/releases/download}"
IMAGES="${ROOT}/var/lib/rancher/k3s/agent/images"

# What changed while its unit runs: a restart that is due. It is kept in /run, because a reboot restarts everything.
RESTARTS="${ROOT}/run/wms/restart"

# changed UNIT: the unit must be started again to see its new files.
changed() { install -D /dev/null "${RESTARTS}/$1"; }

# put SOURCE FILE MODE UNIT: install what differs from what is there.
put() {
  local source="$1" file="$2" mode="$3" unit="$4"
  if cmp --silent "${source}" "${file}"; then return; fi
  changed "${unit}"
  install -D --mode="${mode}" "${source}" "${file}"
}

# fetch URL FILE SHA256 MODE: nothing where the right bytes lie already; nothing half or wrong is ever left there.
fetch() {
  local url="$1" file="$2" sum="$3" mode="$4"
  if [[ -f "${file}" ]] && sha256sum --check --status <<<"${sum}  ${file}"; then return; fi
  mkdir -p "$(dirname "${file}")"
  curl --fail --silent --show-error --location --retry 5 --retry-all-errors --connect-timeout 10 --max-time 300 \
    --output "${file}.part" "${url}" || die "${url} could not be fetched"
  if ! sha256sum --check --status <<<"${sum}  ${file}.part"; then
    rm -f "${file}.part"
    die "${url} does not have the SHA-256 ${sum}; nothing was installed" \
      "Compare devops/node/pins.env with the release's sha256sum-amd64.txt."
  fi
  chmod "${mode}" "${file}.part"
  changed k3s.service
  mv "${file}.part" "${file}"
}

install_k3s() {
  # The plus sign of the version is part of the tag, and must be escaped in an address.
  local release="${RELEASES}/${K3S_VERSION/+/%2B}"
  fetch "${release}/k3s" "${ROOT}/usr/local/bin/k3s" "${K3S_SHA256}" 0755
  fetch "${release}/k3s-airgap-images-amd64.tar.zst" "${IMAGES}/k3s.tar.zst" "${K3S_IMAGES_SHA256}" 0644
  put "${NODE_FOLDER}/k3s-config.yaml" "${ROOT}/etc/rancher/k3s/config.yaml" 0600 k3s.service
  # With this file k3s imports an archive again only when it changed.
  touch "${IMAGES}/.cache.json"
}

# An image of ours is named by what it is made of; its archive lies in the data bucket under that name.
fetch_images() {
  local name=wms-mlflow tag
  tag="$(kubectl kustomize "${ENVIRONMENT_FOLDER}" | sed --quiet "s#^ *image: localhost/${name}:##p" | head --lines=1)"
  [[ -n "${tag}" ]] || die "no image localhost/${name} in ${ENVIRONMENT_FOLDER}"
  fetch_image "${name}" "${tag}"
  # Older ones would be imported and kept for ever.
  find "${IMAGES}" -name "${name}-*.tar.gz" ! -name "${name}-${tag}.tar.gz" -delete
}

fetch_image() {
  local name="$1" tag="$2" key file sum
  key="node/images/${name}/${tag}.tar.gz"
  file="${IMAGES}/${name}-${tag}.tar.gz"
  [[ -f "${file}" ]] && return
  wait_for_image "${key}"
  aws s3 cp --no-progress "s3://${WMS_DATA_BUCKET}/${key}" "${file}.part"
  if ! sha256sum --check --status <<<"${sum}  ${file}.part"; then
    rm -f "${file}.part"
    die "s3://${WMS_DATA_BUCKET}/${key} does not have the SHA-256 ${sum} that was stored with it" \
      "Delete it and publish it anew: devops/containers/publish.sh mlflow ${WMS_DATA_BUCKET}"
  fi
  # k3s imports images when it starts.
  changed k3s.service
  mv "${file}.part" "${file}"
}

# wait_for_image KEY: sets `sum` to the SHA-256 that was stored with it. At the first boot nobody has stored one yet,
# because the same `apply` makes the bucket and the instance. Without a lease the watchdog ends the wait.
wait_for_image() {
  local key="$1" deadline=$((SECONDS + ${IMAGE_WAIT_SECONDS:-1500})) told=false
  local store="devops/containers/publish.sh mlflow ${WMS_DATA_BUCKET}"
  until sum="$(aws s3api head-object --bucket "${WMS_DATA_BUCKET}" --key "${key}" --query 'Metadata.sha256' --output text 2>&1)"; do
    [[ "${SECONDS}" -lt "${deadline}" ]] || die "s3://${WMS_DATA_BUCKET}/${key} is not there: ${sum}" \
      "Build and store it: ${store}"
    "${told}" || report booting "waiting for the image s3://${WMS_DATA_BUCKET}/${key}; to store it: ${store}"
    told=true
    sleep "${IMAGE_POLL_SECONDS:-10}"
  done
}

install_units() {
  local unit
  for unit in "${NODE_FOLDER}"/systemd/*; do
    put "${unit}" "${ROOT}/etc/systemd/system/$(basename "${unit}")" 0644 "$(basename "${unit}")"
  done
  systemctl daemon-reload
}

# The first thing that runs: whatever fails later, an instance that nobody holds still stops by itself.
start_watchdog() {
  install_units
  systemctl enable --quiet --now wms-watchdog.timer || die "the watchdog did not start" \
    "See systemctl status wms-watchdog.timer; stop the instance by hand until it runs."
}

# `enable --now` starts what does not run, and restarts nothing.
start_units() {
  restart_changed
  systemctl enable --quiet --now k3s.service wms-mlflow.socket wms-backup.timer wms-backup-on-stop.service \
    wms-serve.socket wms-deploy.timer
}

restart_changed() {
  local unit
  for unit in k3s.service wms-mlflow.service wms-mlflow.socket wms-serve.service wms-serve.socket \
    wms-watchdog.timer wms-backup.timer wms-deploy.timer; do
    [[ -e "${RESTARTS}/${unit}" ]] || continue
    # A proxy holds its socket: it ends first, and the next connection starts it again.
    case "${unit}" in
      wms-mlflow.* | wms-serve.*) systemctl stop "${unit%.*}.service" ;;
    esac
    systemctl try-restart "${unit}"
  done
  rm -rf "${RESTARTS}"
}

wait_for_cluster() {
  local deadline=$((SECONDS + ${CLUSTER_WAIT_SECONDS:-180}))
  until kubectl get --raw /readyz >/dev/null 2>&1; do
    [[ "${SECONDS}" -lt "${deadline}" ]] || die "k3s did not get ready" "See journalctl --unit k3s."
    sleep 1
  done
}

apply_manifests() {
  kubectl apply --filename "${NODE_FOLDER}/../k3s/base/namespace.yaml"
  apply_secrets
  kubectl apply --server-side --force-conflicts --kustomize "${ENVIRONMENT_FOLDER}"
  # Pods read their secrets when they start: what changed starts MLflow anew, by a mark on its template.
  kubectl --namespace wms patch deployment mlflow --type=merge --patch \
    "{\"spec\":{\"template\":{\"metadata\":{\"annotations\":{\"wms/settings\":\"$(secrets_mark)\"}}}}}"
}

# The last word is an authenticated answer of the API, by the same way that the tunnel takes.
wait_for_mlflow() {
  local deadline=$((SECONDS + ${MLFLOW_WAIT_SECONDS:-300})) address="${WMS_MLFLOW_ADDRESS:-http://127.0.0.1:5000}"
  until curl --fail --silent --output /dev/null --max-time 15 --config <(printf 'user = "admin:%s"\n' "${ADMIN_PASSWORD}") \
    "${address}/api/2.0/mlflow/experiments/search?max_results=1"; do
    [[ "${SECONDS}" -lt "${deadline}" ]] || die "MLflow does not answer at ${address}" \
      "See k3s kubectl --namespace wms get pods,events and logs deployment/mlflow."
    sleep 2
  done
}
