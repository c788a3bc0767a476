mock_provider "aws" {}

variables {
  name              = "wms-test"
  region            = "eu-central-1"
  availability_zone = "eu-central-1a"
}

run "only_https_leaves" {
  command = plan

  assert {
    condition = (
      aws_vpc_security_group_egress_rule.https.ip_protocol == "tcp" &&
      aws_vpc_security_group_egress_rule.https.from_port == 443 &&
      aws_vpc_security_group_egress_rule.https.to_port == 443
    )
    error_message = "Something besides HTTPS may leave."
  }
}

# Of the group's own blocks; that no rule of its own exists either is seen by tests/infra/terraform/test_house_rules.py.
run "nothing_comes_in" {
  command = apply

  assert {
    condition     = length(aws_security_group.node.ingress) == 0
    error_message = "The security group lets something in."
  }
}

run "the_address_is_auto_assigned_by_the_subnet" {
  command = plan

  assert {
    condition     = aws_subnet.public.map_public_ip_on_launch
    error_message = "Without an address of its own the instance reaches neither SSM nor the internet."
  }
}

run "s3_is_reached_without_charge" {
  command = plan

  assert {
    condition     = aws_vpc_endpoint.s3.vpc_endpoint_type == "Gateway" && aws_vpc_endpoint.s3.service_name == "com.amazonaws.eu-central-1.s3"
    error_message = "The S3 endpoint must be the free gateway of the region."
  }
}

run "the_zone_stays_when_another_would_be_chosen" {
  command = apply

  variables {
    availability_zone = "eu-central-1c"
  }

  assert {
    condition     = aws_subnet.public.availability_zone == "eu-central-1a"
    error_message = "The subnet moved away from the data volume."
  }
}

run "a_range_too_small_for_a_subnet_is_refused" {
  command = plan

  variables {
    cidr_block = "10.20.0.0/28"
  }

  expect_failures = [var.cidr_block]
}
