# State goes from run to run: first the instance is there, then things change around it. The end of a test removes
# what it made, which the data volume refuses: tests/infra/terraform runs this once as it is, to see the refusal, and
# once with the refusal overridden.

mock_provider "aws" {}

variables {
  name              = "wms-test"
  region            = "eu-central-1"
  network           = { subnet_id = "subnet-1", security_group_id = "sg-1" }
  availability_zone = "eu-central-1a"
  instance_profile  = "the-profile"
  buckets           = { data = "the-data", artifacts = "the-artifacts" }
  release_from      = { devops = "tests/fixture", environment = "tests/fixture/test" }
  ami_id            = "ami-first"
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
    network           = { subnet_id = "subnet-2", security_group_id = "sg-1" }
    availability_zone = "eu-central-1c"
  }

  assert {
    condition     = aws_instance.node.subnet_id == "subnet-1" && aws_ebs_volume.data.availability_zone == "eu-central-1a"
    error_message = "The host or its data volume would be replaced."
  }
}

run "another_security_group_than_ours_is_shown_and_changed_in_place" {
  command = plan

  variables {
    network = { subnet_id = "subnet-1", security_group_id = "sg-2" }
  }

  assert {
    condition     = aws_instance.node.vpc_security_group_ids == toset(["sg-2"]) && aws_instance.node.id == run.first.instance_id
    error_message = "A group that somebody attached by hand would stay unseen, or the host would be replaced."
  }
}

run "a_host_that_is_replaced_by_command_takes_the_newest_image_and_keeps_the_data_volume" {
  command = plan

  plan_options {
    replace = [aws_instance.node]
  }

  variables {
    ami_id = "ami-second"
  }

  assert {
    condition     = aws_instance.node.ami == "ami-second" && aws_ebs_volume.data.id == run.first.data_volume_id
    error_message = "The new host would be as old as the one before, or the database would be lost."
  }
}
