# Not every zone has every type, and which letter means which zone differs by account.

data "aws_ec2_instance_type_offerings" "zones" {
  for_each = var.availability_zone == null ? toset(concat([var.instance_type], var.fallback_instance_types)) : []

  location_type = "availability-zone"

  filter {
    name   = "instance-type"
    values = [each.value]
  }

  lifecycle {
    postcondition {
      condition     = length(self.locations) > 0
      error_message = "${var.region} does not offer ${each.value}: take it out of instance_type or fallback_instance_types."
    }
  }
}

locals {
  zones             = [for offered in data.aws_ec2_instance_type_offerings.zones : offered.locations]
  availability_zone = var.availability_zone != null ? var.availability_zone : sort(setintersection(local.zones...))[0]
}
