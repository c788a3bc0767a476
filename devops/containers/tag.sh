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
made_of="$(find "${name}.Dockerfile" "${name}" -type f ! -name '*.pyc' -print0 | LC_ALL=C sort --zero-terminated |
  xargs --null sha256sum | sha256sum | cut --characters=1-12)"
printf '%s-%s\n' "${version}" "${made_of}"
