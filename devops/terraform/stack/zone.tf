# Not every zone has every type, not every region has every fallback type, and which letter means which zone differs by
# account.

data "aws_ec2_instance_type_offerings" "zones" {
  for_each = var.availability_zone == null ? toset(concat([var.instance_type], var.fallback_instance_types)) : []

  location_type = "availability-zone"

  filter {
    name   = "instance-type"
    values = [each.value]
  }

  lifecycle {
    postcondition {
      condition     = each.value != var.instance_type || length(self.locations) > 0
      error_message = "${var.region} does not offer ${each.value}: write another instance_type."
    }
  }
}

locals {
  offered = { for type, found in data.aws_ec2_instance_type_offerings.zones : type => found.locations if length(found.locations) > 0 }
  # A zone with all types, so that the type can change later; without such a zone, one with the type that is wanted.
  zones             = try(sort(setintersection(values(local.offered)...)), [])
  availability_zone = var.availability_zone != null ? var.availability_zone : concat(local.zones, sort(try(local.offered[var.instance_type], [])))[0]
}
