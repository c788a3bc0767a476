# Only the switch: no plan here can replace or remove the host.

provider "aws" {
  region = var.region
}

resource "aws_ec2_instance_state" "node" {
  instance_id = var.instance_id
  state       = var.running ? "running" : "stopped"

  timeouts {
    create = "10m"
    update = "10m"
  }
}
