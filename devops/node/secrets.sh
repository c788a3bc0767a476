#!/usr/bin/env bash
# Sourced by boot.sh: passwords are made here, on the node, and are never in Git or in Terraform's state.

random() { head --bytes=32 /dev/urandom | od --address-radix=n --format=x1 | tr --delete ' \n'; }

# Those that only the node uses lie beside the database that knows them, so that they survive with it.
make_node_secrets() {
  local name
  for name in postgres-password postgres-superuser-password flask-secret-key; do
    if [[ ! -s "${SECRETS}/${name}" ]]; then
      (umask 077 && random >"${SECRETS}/${name}.new")
      mv "${SECRETS}/${name}.new" "${SECRETS}/${name}"
    fi
  done
}

# The administrator's is read by people and by workflows: Parameter Store has it, and has the last word.
# Printed on standard output; anything but "there is none yet" is an error, never a new password.
admin_password() {
  local parameter="/${WMS_NAME}/mlflow/admin-password" answer made
  if answer="$(read_parameter "${parameter}" 2>&1)"; then
    printf '%s' "${answer}"
    return
  fi
  [[ "${answer}" == *ParameterNotFound* ]] || die "${parameter} could not be read: ${answer}" \
    "The node's role needs ssm:GetParameter and ssm:PutParameter on it."
  made="$(mktemp)"
  random >"${made}"
  # By file and not by argument, which other processes could read. Without --overwrite: of two that make it
  # at once, both take the one that was first.
  answer="$(aws ssm put-parameter --name "${parameter}" --type SecureString --value "file://${made}" 2>&1)" ||
    [[ "${answer}" == *ParameterAlreadyExists* ]] || { rm -f "${made}"; die "${parameter} could not be written: ${answer}"; }
  rm -f "${made}"
  read_parameter "${parameter}"
}

read_parameter() {
  aws ssm get-parameter --name "$1" --with-decryption --query Parameter.Value --output text
}

# One number for all of them, which tells nothing about any.
secrets_mark() {
  { printf '%s' "${ADMIN_PASSWORD}" && cat "${SECRETS}"/*; } | sha256sum | cut --characters=1-16
}

# Server-side, because the ordinary way would keep a second copy of each secret in an annotation.
create() {
  kubectl --namespace wms create "$@" --dry-run=client --output=yaml |
    kubectl apply --server-side --force-conflicts --filename=-
}

apply_secrets() {
  # Not exported: no process that is started from here gets it in its environment.
  ADMIN_PASSWORD="$(admin_password)"
  create secret generic postgres \
    --from-file=password="${SECRETS}/postgres-password" \
    --from-file=superuser-password="${SECRETS}/postgres-superuser-password"
  create secret generic mlflow \
    --from-file=admin-password=<(printf '%s' "${ADMIN_PASSWORD}") \
    --from-file=flask-secret-key="${SECRETS}/flask-secret-key"
  create configmap node \
    --from-literal=artifacts-destination="s3://${WMS_ARTIFACTS_BUCKET}" \
    --from-literal=region="${AWS_DEFAULT_REGION}"
}
