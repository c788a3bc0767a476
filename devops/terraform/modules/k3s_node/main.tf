# The instance. The root power starts and stops it; a plan of this module never does.

data "aws_ami" "al2023" {
  count = var.ami_id == null ? 1 : 0

  owners      = ["amazon"]
  most_recent = true

  filter {
    name   = "name"
    values = ["al2023-ami-2023.*-kernel-6.1-x86_64"]
  }
}

locals {
  burstable = startswith(var.instance_type, "t")
}

resource "aws_instance" "node" {
  #checkov:skip=CKV_AWS_126:detailed monitoring costs 2 USD a month; the watchdog on the node and MLflow's own answer say more
  ami                    = var.ami_id == null ? data.aws_ami.al2023[0].id : var.ami_id
  instance_type          = var.instance_type
  subnet_id              = var.network.subnet_id
  vpc_security_group_ids = [var.network.security_group_id]
  iam_instance_profile   = var.instance_profile
  ebs_optimized          = true
  monitoring             = false
  user_data              = local.user_data
  tags                   = { Name = "${var.name}-node" }

  # The watchdog on the node calls `shutdown`, which must never terminate the instance.
  instance_initiated_shutdown_behavior = "stop"

  # Session tokens only. Two hops, not one: MLflow's pod uses the node's role, and the pod network is a hop.
  # NetworkPolicies decide which pods get there.
  metadata_options {
    http_endpoint               = "enabled"
    http_tokens                 = "required"
    http_put_response_hop_limit = 2
    instance_metadata_tags      = "disabled"
  }

  # Unlimited costs at most 0.07 USD an hour more (2 vCPU, 70 % above the baseline, 0.05 USD a vCPU-hour). Standard
  # would limit a start without credits to 30 %, so the same work would take three times the paid hours.
  dynamic "credit_specification" {
    for_each = local.burstable ? ["unlimited"] : []

    content {
      cpu_credits = credit_specification.value
    }
  }

  root_block_device {
    volume_type           = "gp3"
    volume_size           = var.root_volume_gib
    encrypted             = true
    delete_on_termination = true
    tags                  = { Name = "${var.name}-root" }
  }

  lifecycle {
    # A newer image, another script for first boots or another network must not replace the host: it updates itself.
    # Its security groups are not ignored: a plan shows a foreign one, and removes it.
    ignore_changes = [ami, user_data, subnet_id, root_block_device[0].encrypted]
  }

  # The first boot finds its release.
  depends_on = [aws_s3_object.current]
}

# The disk of the database. Terraform refuses to remove it; devops/terraform/README.md says how to remove it.
resource "aws_ebs_volume" "data" {
  #checkov:skip=CKV_AWS_189:a key of our own costs 1 USD a month; the account's EBS key encrypts it too
  availability_zone = var.availability_zone
  type              = "gp3"
  size              = var.data_volume_gib
  encrypted         = true
  tags              = { Name = "${var.name}-data" }

  lifecycle {
    prevent_destroy = true
    # It cannot move to another zone.
    ignore_changes = [availability_zone]
  }
}

resource "aws_volume_attachment" "data" {
  device_name = "/dev/sdf"
  volume_id   = aws_ebs_volume.data.id
  instance_id = aws_instance.node.id

  # Never detach the database from a running host.
  stop_instance_before_detaching = true
}
