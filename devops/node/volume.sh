#!/usr/bin/env bash
# Sourced by boot.sh: the data volume, which holds the database and outlives the instance. Its file system is XFS, as
# Amazon Linux's own root is, so the tools are there.

VOLUME_LABEL=wms-data
VOLUME_WAIT_SECONDS="${VOLUME_WAIT_SECONDS:-120}"

# Blank is what a new EBS volume is: nothing that blkid knows, and zeros where a file system would begin.
# One check alone could take an unreadable or unknown volume for an empty one.
is_blank() {
  local device="$1" found=0
  blkid --probe "${device}" >/dev/null 2>&1 || found=$?
  [[ "${found}" -eq 2 ]] || return 1
  [[ "$(head --bytes=1M "${device}" | wc --bytes)" -eq 1048576 ]] || return 1
  [[ "$(head --bytes=1M "${device}" | tr --delete '\0' | wc --bytes)" -eq 0 ]]
}

format_if_blank() {
  local device="$1"
  if is_blank "${device}"; then
    log "${device} is blank; making a file system"
    mkfs.xfs -q -L "${VOLUME_LABEL}" "${device}"
  fi
  [[ "$(blkid --probe --match-tag LABEL --output value "${device}")" == "${VOLUME_LABEL}" ]] ||
    die "${device} holds something that is not labelled ${VOLUME_LABEL}; it was left alone" \
      "See what it is (blkid ${device}); attach the environment's own data volume."
}

mount_data_volume() {
  local waited=0
  until [[ -e "${WMS_DATA_DEVICE}" ]]; do
    [[ "${waited}" -lt "${VOLUME_WAIT_SECONDS}" ]] || die \
      "the data volume did not appear as ${WMS_DATA_DEVICE} in ${VOLUME_WAIT_SECONDS} s" \
      "See that it is attached to this instance (aws ec2 describe-volumes)."
    sleep 1
    waited=$((waited + 1))
  done
  mkdir -p "${DATA}"
  if ! mountpoint --quiet "${DATA}"; then
    format_if_blank "${WMS_DATA_DEVICE}"
    # Without the entry k3s, which requires this mount, would not start at the next boot.
    grep --quiet "LABEL=${VOLUME_LABEL} " "${ROOT}/etc/fstab" ||
      printf 'LABEL=%s %s xfs defaults,noatime,nofail,x-systemd.device-timeout=120 0 0\n' \
        "${VOLUME_LABEL}" "${DATA}" >>"${ROOT}/etc/fstab"
    systemctl daemon-reload
    mount "${DATA}"
  fi
  # `data_volume_gib` grows the volume; this grows the file system, and does nothing where it fills the volume.
  xfs_growfs -d "${DATA}" >/dev/null || log "the file system was not grown; it works as it was"
  # The database's image runs as user 999.
  install --directory --mode=0700 --owner="${POSTGRES_UID:-999}" --group="${POSTGRES_UID:-999}" \
    "${DATA}/postgres" "${DATA}/postgres/dump"
  install --directory --mode=0700 "${SECRETS}"
}
