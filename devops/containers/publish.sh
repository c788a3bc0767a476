#!/usr/bin/env bash
# Builds an image and stores it in the data bucket, where the node fetches it. Nothing is done where it is already.
#
#   WMS_ENVIRONMENT=dev devops/containers/publish.sh mlflow
#   devops/containers/publish.sh mlflow wms-dev-data-123456789012
#
# Docker builds it, or podman where there is no Docker (CONTAINER_TOOL names another). The workflow mlflow-image.yml and a
# laptop do the same.
set -euo pipefail
export AWS_PAGER=""
cd "$(dirname "$0")"
name="${1:?the name of an image, such as mlflow}"
bucket="${2:-$(./data-bucket.sh)}"
tool="${CONTAINER_TOOL:-$(command -v docker >/dev/null && echo docker || echo podman)}"
# An image with wms in it has the browser page, and its tag names it.
[[ ! -x "${name}/prepare.sh" ]] || make --no-print-directory --directory ../.. web
tag="$(./tag.sh "${name}")"
image="localhost/wms-${name}:${tag}"
key="node/images/wms-${name}/${tag}.tar.gz"

# The manifest of MLflow names its tag. An image with wms in it is another one after each change of the code: the node
# takes the newest.
name_newest() {
  [[ ! -x "${name}/prepare.sh" ]] || aws s3 cp --no-progress - "s3://${bucket}/node/images/wms-${name}/current" <<<"${tag}"
}

answer="$(aws s3api head-object --bucket "${bucket}" --key "${key}" 2>&1)" && {
  echo "s3://${bucket}/${key} is there already"
  name_newest
  exit
}
[[ "${answer}" == *"(404)"* ]] || {
  echo "s3://${bucket}/${key} could not be asked for: ${answer}" >&2
  exit 1
}

scratch="$(mktemp --directory)"
trap 'rm -rf "${scratch}"' EXIT
# An image with the wheel of wms builds it first.
[[ ! -x "${name}/prepare.sh" ]] || "${name}/prepare.sh"
"${tool}" build --platform linux/amd64 --file "${name}.Dockerfile" --tag "${image}" .
"${tool}" save "${image}" | gzip --no-name >"${scratch}/image.tar.gz"
sum="$(sha256sum "${scratch}/image.tar.gz" | cut --delimiter=' ' --fields=1)"
aws s3 cp --no-progress "${scratch}/image.tar.gz" "s3://${bucket}/${key}" --metadata "sha256=${sum}"
name_newest
echo "stored s3://${bucket}/${key}, SHA-256 ${sum}"
