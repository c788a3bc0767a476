#!/usr/bin/env bash
# Builds an image and stores it in the data bucket, where the node fetches it. Nothing is done where it is already.
#
#   devops/containers/publish.sh mlflow wms-dev-data-123456789012
#
# Docker or podman builds it (CONTAINER_TOOL); a workflow and a laptop do the same.
set -euo pipefail
cd "$(dirname "$0")"
name="${1:?the name of an image, such as mlflow}"
bucket="${2:?the data bucket}"
tool="${CONTAINER_TOOL:-docker}"
tag="$(./tag.sh "${name}")"
image="localhost/wms-${name}:${tag}"
key="node/images/wms-${name}/${tag}.tar.gz"
export AWS_PAGER=""

answer="$(aws s3api head-object --bucket "${bucket}" --key "${key}" 2>&1)" && {
  echo "s3://${bucket}/${key} is there already"
  exit
}
[[ "${answer}" == *"(404)"* ]] || {
  echo "s3://${bucket}/${key} could not be asked for: ${answer}" >&2
  exit 1
}

scratch="$(mktemp --directory)"
trap 'rm -rf "${scratch}"' EXIT
"${tool}" build --platform linux/amd64 --file "${name}.Dockerfile" --tag "${image}" .
"${tool}" save "${image}" | gzip --no-name >"${scratch}/image.tar.gz"
sum="$(sha256sum "${scratch}/image.tar.gz" | cut --delimiter=' ' --fields=1)"
aws s3 cp --no-progress "${scratch}/image.tar.gz" "s3://${bucket}/${key}" --metadata "sha256=${sum}"
echo "stored s3://${bucket}/${key}, SHA-256 ${sum}"
