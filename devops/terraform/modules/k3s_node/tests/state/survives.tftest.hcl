# State goes from run to run: first the instance is there, then things change around it. The end of a test removes
# what it made, which the data volume refuses: tests/infra/terraform runs this once as it is, to see the refusal, and
# once with the refusal overridden.

mock_provider "aws" {}

variables {
  name             = "wms-test"
  region           = "eu-central-1"
  network          = { subnet_id = "subnet-1", security_group_id = "sg-1", availability_zone = "eu-central-1a" }
  instance_profile = "the-profile"
  buckets          = { data = "the-data", artifacts = "the-artifacts" }
  release_from     = { devops = "tests/fixture", environment = "tests/fixture/test" }
  ami_id           = "ami-first"
}

run "first" {
  command = apply
}

run "a_newer_image_and_another_boot_script_leave_the_host_alone" {
  command = plan

  variables {
    ami_id  = "ami-second"
    buckets = { data = "other-data", artifacts = "the-artifacts" }
  }

  assert {
    condition     = aws_instance.node.ami == "ami-first" && !strcontains(aws_instance.node.user_data, "other-data")
    error_message = "The host would be replaced."
  }
}

run "a_host_in_another_network_is_taken_as_it_is" {
  command = plan

  variables {
    network = { subnet_id = "subnet-2", security_group_id = "sg-2", availability_zone = "eu-central-1c" }
  }

  assert {
    condition = (
      aws_instance.node.subnet_id == "subnet-1" &&
      aws_instance.node.vpc_security_group_ids == toset(["sg-1"]) &&
      aws_ebs_volume.data.availability_zone == "eu-central-1a"
    )
    error_message = "The host or its data volume would be replaced."
  }
}
