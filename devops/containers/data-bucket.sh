#!/usr/bin/env bash
# Prints the data bucket of the environment that WMS_ENVIRONMENT names, in the account that the credentials belong to.
#
# As wms/core/settings/infra.py has it; here, because a build needs nothing else of wms.
set -euo pipefail
environment="${WMS_ENVIRONMENT:?name the data bucket, or set WMS_ENVIRONMENT to a folder of infrastructure, such as dev}"
settings="$(dirname "$0")/../../infrastructure/${environment}/terraform.tfvars"
name="$(sed --quiet --regexp-extended 's/^name\s*=\s*"([a-z0-9-]+)".*/\1/p' "${settings}")"
[[ -n "${name}" ]] || {
  echo "${settings} says no name" >&2
  exit 1
}
account="$(aws sts get-caller-identity --query Account --output text)"
printf '%s-data-%s\n' "${name}" "${account}"
