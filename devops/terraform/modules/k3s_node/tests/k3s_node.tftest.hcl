mock_provider "aws" {}

variables {
  name              = "wms-test"
  region            = "eu-central-1"
  network           = { subnet_id = "subnet-1", security_group_id = "sg-1" }
  availability_zone = "eu-central-1a"
  instance_profile  = "the-profile"
  buckets           = { data = "the-data", artifacts = "the-artifacts" }
  release_from      = { devops = "tests/fixture", environment = "tests/fixture/test" }
}

run "the_instance_is_what_was_asked_for" {
  command = plan

  assert {
    condition     = aws_instance.node.instance_type == "t3.large" && aws_instance.node.tags == tomap({ Name = "wms-test-node" })
    error_message = "Type or name are others."
  }

  assert {
    condition     = aws_instance.node.iam_instance_profile == "the-profile" && aws_instance.node.vpc_security_group_ids == toset(["sg-1"])
    error_message = "Profile or security group are others."
  }
}

run "metadata_answers_session_tokens_alone_two_hops_away" {
  command = plan

  assert {
    condition     = aws_instance.node.metadata_options[0].http_tokens == "required" && aws_instance.node.metadata_options[0].http_put_response_hop_limit == 2
    error_message = "IMDSv1 answers, or pods do not reach the node's role."
  }
}

run "both_disks_are_encrypted_gp3" {
  command = plan

  assert {
    condition     = aws_instance.node.root_block_device[0].encrypted && aws_instance.node.root_block_device[0].volume_type == "gp3"
    error_message = "The root disk is not encrypted gp3."
  }

  assert {
    condition     = aws_ebs_volume.data.encrypted && aws_ebs_volume.data.type == "gp3" && aws_ebs_volume.data.availability_zone == "eu-central-1a"
    error_message = "The data volume is not encrypted gp3 in the instance's zone."
  }
}

run "shutting_down_stops_and_never_terminates" {
  command = plan

  assert {
    condition     = aws_instance.node.instance_initiated_shutdown_behavior == "stop"
    error_message = "The watchdog would end the instance for good."
  }
}

run "no_monitoring_is_paid_for" {
  command = plan

  assert {
    condition     = aws_instance.node.monitoring == false
    error_message = "Detailed monitoring costs money."
  }
}

run "a_burstable_type_is_not_throttled" {
  command = plan

  assert {
    condition     = aws_instance.node.credit_specification[0].cpu_credits == "unlimited"
    error_message = "A start without credits would run at 30 %."
  }
}

run "another_type_has_no_credits" {
  command = plan

  variables {
    instance_type = "m5.large"
  }

  assert {
    condition     = length(aws_instance.node.credit_specification) == 0
    error_message = "EC2 refuses credits for this type."
  }
}

run "a_type_of_another_architecture_is_refused" {
  command = plan

  variables {
    instance_type = "t4g.large"
  }

  expect_failures = [var.instance_type]
}

run "the_release_is_what_runs_on_the_node_and_nothing_else" {
  command = plan

  assert {
    condition     = keys(aws_s3_object.release) == ["infrastructure/test/kustomization.yaml", "k3s/base/namespace.yaml", "node/boot.sh"]
    error_message = "Files are missing, or pages for people or other folders went along."
  }

  assert {
    condition = (
      aws_s3_object.current.key == "node/current" &&
      aws_s3_object.current.content == "${sha256(aws_s3_object.release_list.content)}\n" &&
      alltrue([for path, object in aws_s3_object.release : object.key == "node/${output.release}/${path}"])
    )
    error_message = "The release is not called by its list's digest."
  }

  assert {
    condition     = strcontains(aws_s3_object.release_list.content, "${filesha256("tests/fixture/node/boot.sh")}  node/boot.sh\n")
    error_message = "The list does not hold the digests of the files."
  }
}

run "the_first_boot_is_told_what_the_node_is" {
  command = plan

  assert {
    condition = yamldecode(aws_instance.node.user_data).write_files[0] == {
      path        = "/etc/wms/node.env"
      permissions = "0644"
      content     = <<-EOT
        AWS_DEFAULT_REGION=eu-central-1
        WMS_ARTIFACTS_BUCKET=the-artifacts
        WMS_DATA_BUCKET=the-data
        WMS_DATA_DEVICE=/dev/sdf
        WMS_NAME=wms-test
      EOT
    }
    error_message = "The node would not know where its release is."
  }

  assert {
    condition = (
      yamldecode(aws_instance.node.user_data).write_files[1].path == "/var/lib/cloud/scripts/per-boot/wms" &&
      yamldecode(aws_instance.node.user_data).write_files[1].content == file("fetch.sh") &&
      length(aws_instance.node.user_data) < 16000
    )
    error_message = "The script that fetches the release is not left for every boot, or user data are too long."
  }
}

run "the_way_to_mlflow_is_one_port_that_the_caller_cannot_choose" {
  command = plan

  assert {
    condition = (
      aws_ssm_document.mlflow.name == "wms-test-mlflow" &&
      aws_ssm_document.mlflow.document_type == "Session" &&
      jsondecode(aws_ssm_document.mlflow.content).sessionType == "Port" &&
      jsondecode(aws_ssm_document.mlflow.content).properties.portNumber == "5000" &&
      keys(jsondecode(aws_ssm_document.mlflow.content).parameters) == ["localPortNumber"]
    )
    error_message = "A caller may reach another port of the instance, or none."
  }
}
