mock_provider "aws" {
  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }
}

variables {
  name               = "wms-test"
  region             = "eu-central-1"
  instance_type      = "t3.large"
  data_volume_gib    = 20
  root_volume_gib    = 30
  github_repository  = "octocat/meters"
  monthly_budget_usd = 50
  availability_zone  = "eu-central-1b"
}

run "names_are_made_of_environment_and_account" {
  command = plan

  assert {
    condition     = module.storage.names == { data = "wms-test-data-123456789012", artifacts = "wms-test-artifacts-123456789012" }
    error_message = "Buckets are called otherwise than wms expects."
  }
}

run "without_an_address_there_is_no_budget" {
  command = plan

  assert {
    condition     = length(aws_budgets_budget.month) == 0
    error_message = "A budget is made that tells nobody."
  }
}

run "half_four_fifths_and_the_whole_budget_are_told" {
  command = plan

  variables {
    alarm_email = "who@example.org"
  }

  assert {
    condition     = aws_budgets_budget.month[0].limit_amount == "50" && aws_budgets_budget.month[0].time_unit == "MONTHLY"
    error_message = "The budget is another."
  }

  assert {
    condition     = toset([for told in aws_budgets_budget.month[0].notification : told.threshold]) == toset([50, 80, 100])
    error_message = "The alarm does not go off at 50, 80 and 100 %."
  }

  assert {
    condition     = alltrue([for told in aws_budgets_budget.month[0].notification : told.subscriber_email_addresses == toset(["who@example.org"])])
    error_message = "The alarm goes to nobody, or to somebody else."
  }
}

run "the_zone_has_every_type_of_the_list" {
  command = plan

  variables {
    availability_zone       = null
    fallback_instance_types = ["t3a.large"]
  }

  override_data {
    target = data.aws_ec2_instance_type_offerings.zones["t3.large"]
    values = { locations = ["eu-central-1a", "eu-central-1c", "eu-central-1b"] }
  }

  override_data {
    target = data.aws_ec2_instance_type_offerings.zones["t3a.large"]
    values = { locations = ["eu-central-1c", "eu-central-1b"] }
  }

  assert {
    condition     = local.availability_zone == "eu-central-1b"
    error_message = "The zone is not the first that has them all."
  }
}

run "a_fallback_type_that_the_region_does_not_have_stops_nothing" {
  command = plan

  variables {
    availability_zone       = null
    fallback_instance_types = ["m7i-flex.large"]
  }

  override_data {
    target = data.aws_ec2_instance_type_offerings.zones["t3.large"]
    values = { locations = ["eu-central-1c", "eu-central-1b"] }
  }

  override_data {
    target = data.aws_ec2_instance_type_offerings.zones["m7i-flex.large"]
    values = { locations = [] }
  }

  assert {
    condition     = local.availability_zone == "eu-central-1b"
    error_message = "A type that is not used decides about the zone."
  }
}

run "types_without_a_common_zone_take_a_zone_of_the_one_that_is_wanted" {
  command = plan

  variables {
    availability_zone       = null
    fallback_instance_types = ["m7i-flex.large"]
  }

  override_data {
    target = data.aws_ec2_instance_type_offerings.zones["t3.large"]
    values = { locations = ["eu-central-1c"] }
  }

  override_data {
    target = data.aws_ec2_instance_type_offerings.zones["m7i-flex.large"]
    values = { locations = ["eu-central-1a"] }
  }

  assert {
    condition     = local.availability_zone == "eu-central-1c"
    error_message = "The wanted type cannot start in that zone."
  }
}

run "a_type_that_the_region_does_not_have_is_an_error" {
  command = plan

  variables {
    availability_zone = null
  }

  override_data {
    target = data.aws_ec2_instance_type_offerings.zones["t3.large"]
    values = { locations = [] }
  }

  expect_failures = [data.aws_ec2_instance_type_offerings.zones["t3.large"]]
}

run "ids_in_the_settings_file_trust_one_repository_alone" {
  command = plan

  variables {
    github_ids           = { owner_id = 7, repository_id = 8 }
    create_oidc_provider = false
  }

  assert {
    condition = (
      jsondecode(module.policies.github_trust).Statement[0].Condition.StringLike["token.actions.githubusercontent.com:sub"] ==
      ["repo:octocat@7/meters@8:ref:refs/heads/main"]
    )
    error_message = "Whoever takes the name later would be trusted."
  }
}

run "where_iam_is_forbidden_no_role_is_told" {
  command = plan

  variables {
    manage_iam                = false
    existing_instance_profile = "LabInstanceProfile"
    github_repository         = "OWNER/REPO"
  }

  assert {
    condition     = output.pipeline_role_arn == null && output.images_role_arn == null
    error_message = "A role is made."
  }
}

run "the_example_repository_is_not_trusted" {
  command = plan

  variables {
    github_repository = "OWNER/REPO"
  }

  expect_failures = [var.github_repository]
}

run "a_name_that_no_bucket_can_have_is_refused" {
  command = plan

  variables {
    name = "WMS_dev"
  }

  expect_failures = [var.name]
}

run "a_budget_of_nothing_is_refused" {
  command = plan

  variables {
    monthly_budget_usd = 0
  }

  expect_failures = [var.monthly_budget_usd]
}

run "both_roles_of_the_workflows_are_given_to_main_alone" {
  command = plan

  assert {
    condition = toset(jsondecode(module.policies.github_trust).Statement[0].Condition.StringLike["token.actions.githubusercontent.com:sub"]) == toset([
      "repo:octocat/meters:ref:refs/heads/main", "repo:octocat@*/meters@*:ref:refs/heads/main",
    ])
    error_message = "The roles are given to others, or not to the workflows."
  }
}
