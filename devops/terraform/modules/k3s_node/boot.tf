# The first boot writes two files: the node's settings, and a script that cloud-init runs at every later boot.

locals {
  node_env = {
    WMS_NAME             = var.name
    AWS_DEFAULT_REGION   = var.region
    WMS_DATA_BUCKET      = var.buckets.data
    WMS_ARTIFACTS_BUCKET = var.buckets.artifacts
    WMS_DATA_DEVICE      = "/dev/sdf"
  }

  cloud_config = {
    write_files = [
      {
        path        = "/etc/wms/node.env"
        permissions = "0644"
        content     = join("", [for key, value in local.node_env : "${key}=${value}\n"])
      },
      {
        path        = "/var/lib/cloud/scripts/per-boot/wms"
        permissions = "0755"
        content     = file("${path.module}/fetch.sh")
      },
    ]
  }
  user_data = "#cloud-config\n${yamlencode(local.cloud_config)}"
}
