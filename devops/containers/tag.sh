#!/usr/bin/env bash
# Prints the tag of an image: its main version, and what it is made of.
#
#   devops/containers/tag.sh mlflow
#
# The same files give the same tag on every machine, so nodes find an image by the files that they have, and no
# digest of a build has to be written back into Git.
set -euo pipefail
cd "$(dirname "$0")"
name="${1:?the name of an image, such as mlflow}"
version="$(sed --quiet "s/^${name}==//p" "${name}/requirements.txt")"
sources=("${name}.Dockerfile" "${name}")
if [[ -x "${name}/prepare.sh" ]]; then # it builds the wheel of wms
  version="$(sed --quiet 's/^version = "\(.*\)"$/\1/p' ../../pyproject.toml)"
  sources+=(../../pyproject.toml ../../WMS/src/wms ../../WMS/configs)
fi
made_of="$(find "${sources[@]}" -type f ! -name '*.pyc' ! -path '*/dist/*' -print0 | LC_ALL=C sort --zero-terminated |
  xargs --null sha256sum | sha256sum | cut --characters=1-12)"
printf '%s-%s\n' "${version}" "${made_of}"
