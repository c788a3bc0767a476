mock_provider "aws" {}

variables {
  region      = "eu-central-1"
  instance_id = "i-0123456789abcdef0"
}

run "on" {
  command = plan

  variables {
    running = true
  }

  assert {
    condition     = aws_ec2_instance_state.node.state == "running" && aws_ec2_instance_state.node.instance_id == "i-0123456789abcdef0"
    error_message = "The instance is not started."
  }
}

run "off_is_a_stop_that_lets_the_host_finish" {
  command = plan

  variables {
    running = false
  }

  assert {
    condition     = aws_ec2_instance_state.node.state == "stopped" && aws_ec2_instance_state.node.force != true
    error_message = "The instance is not stopped, or by force: the database could not close."
  }
}

run "a_name_is_no_instance" {
  command = plan

  variables {
    instance_id = "wms-dev-node"
    running     = true
  }

  expect_failures = [var.instance_id]
}
