variables {
  name       = "wms-test"
  account_id = "123456789012"
  region     = "eu-central-1"
  buckets    = { data = "the-data", artifacts = "the-artifacts", state = "the-state" }
  github     = { repository = "octocat/meters" }
}

run "both_forms_of_a_subject_are_trusted_by_name" {
  command = plan

  assert {
    condition = toset(jsondecode(output.github_trust).Statement[0].Condition.StringLike["token.actions.githubusercontent.com:sub"]) == toset([
      "repo:octocat/meters:ref:refs/heads/main",
      "repo:octocat@*/meters@*:ref:refs/heads/main",
    ])
    error_message = "Others than main are trusted, or main is not."
  }

  assert {
    condition     = jsondecode(output.github_trust).Statement[0].Condition.StringEquals["token.actions.githubusercontent.com:aud"] == "sts.amazonaws.com"
    error_message = "Tokens made for others would be taken."
  }
}

run "with_ids_one_repository_alone_is_trusted" {
  command = plan

  variables {
    github = { repository = "octocat/meters", owner_id = 7, repository_id = 8 }
  }

  assert {
    condition     = jsondecode(output.github_trust).Statement[0].Condition.StringLike["token.actions.githubusercontent.com:sub"] == ["repo:octocat@7/meters@8:ref:refs/heads/main"]
    error_message = "Whoever takes the name would be trusted."
  }
}

run "a_wildcard_is_no_repository" {
  command = plan

  variables {
    github = { repository = "octocat/*" }
  }

  expect_failures = [var.github]
}

run "a_wildcard_is_no_branch" {
  command = plan

  variables {
    github = { repository = "octocat/meters", branch = "*" }
  }

  expect_failures = [var.github]
}

run "one_id_without_the_other_is_refused" {
  command = plan

  variables {
    github = { repository = "octocat/meters", owner_id = 7 }
  }

  expect_failures = [var.github]
}

run "every_statement_on_all_resources_only_looks_or_talks_to_ssm" {
  command = plan

  assert {
    condition = alltrue(flatten([
      for statement in concat(jsondecode(output.node).Statement, jsondecode(output.pipeline).Statement, jsondecode(output.images).Statement) : [
        for action in statement.Action : can(regex("^(ec2:Describe|ssm:(Describe|Get|List|UpdateInstanceInformation)|ssmmessages:|ec2messages:)", action))
      ] if contains(statement.Resource, "*")
    ]))
    error_message = "A statement on every resource changes something."
  }
}

run "no_action_is_a_wildcard" {
  command = plan

  assert {
    condition = !anytrue(flatten([
      for statement in concat(jsondecode(output.node).Statement, jsondecode(output.pipeline).Statement, jsondecode(output.images).Statement) : [
        for action in statement.Action : strcontains(action, "*")
      ]
    ]))
    error_message = "An action is a wildcard."
  }
}

run "the_instance_is_told_by_its_tag" {
  command = plan

  assert {
    condition = alltrue([
      for statement in jsondecode(output.pipeline).Statement :
      try(statement.Condition.StringEquals["aws:ResourceTag/Project"] == "wms-test", false)
      if anytrue([for resource in statement.Resource : strcontains(resource, ":instance/")])
    ])
    error_message = "Instances of others may be touched."
  }
}

run "parameters_and_documents_of_others_stay_closed" {
  command = plan

  assert {
    condition = toset(flatten([
      for statement in concat(jsondecode(output.node).Statement, jsondecode(output.pipeline).Statement, jsondecode(output.images).Statement) : [
        for resource in statement.Resource : resource if strcontains(resource, ":ssm:")
      ]
      ])) == toset([
      "arn:aws:ssm:eu-central-1:123456789012:parameter/wms-test/*",
      "arn:aws:ssm:eu-central-1:123456789012:parameter/wms-test/mlflow/*",
      "arn:aws:ssm:eu-central-1:123456789012:session/$${aws:userid}-*",
      "arn:aws:ssm:eu-central-1:123456789012:session/GitHubActions-*",
      "arn:aws:ssm:eu-central-1:123456789012:session/*",
      "arn:aws:ssm:eu-central-1:123456789012:document/wms-test-mlflow",
    ])
    error_message = "A role reads parameters that are not its environment's, or may do more through SSM than reach a port."
  }
}
