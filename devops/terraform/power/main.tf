# The switch alone: whatever is planned here, the host cannot be planned away.

provider "aws" {
  region = var.region
}

resource "aws_ec2_instance_state" "node" {
  instance_id = var.instance_id
  state       = var.running ? "running" : "stopped"

  # A lock that is older than a switch and this wait is a dead run's: `wms infra up` breaks it (wms/core/records/cloud.py).
  timeouts {
    create = "10m"
    update = "10m"
  }
}
