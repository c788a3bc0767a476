mock_provider "aws" {}

variables {
  name = "wms-test"
  documents = {
    node         = "{\"a\":1}"
    node_trust   = "{\"b\":2}"
    pipeline     = "{\"c\":3}"
    images       = "{\"e\":5}"
    github_trust = "{\"d\":4}"
  }
}

run "each_role_gets_its_own_documents" {
  command = plan

  assert {
    condition = (
      aws_iam_role.node[0].assume_role_policy == var.documents.node_trust &&
      aws_iam_role_policy.node[0].policy == var.documents.node &&
      aws_iam_role.pipeline[0].assume_role_policy == var.documents.github_trust &&
      aws_iam_role_policy.pipeline[0].policy == var.documents.pipeline &&
      aws_iam_role.images[0].assume_role_policy == var.documents.github_trust &&
      aws_iam_role_policy.images[0].policy == var.documents.images
    )
    error_message = "The documents are mixed up."
  }

  assert {
    condition     = output.instance_profile == "wms-test-node"
    error_message = "The instance takes another profile than its own."
  }
}

run "tokens_are_taken_from_github_for_aws_alone" {
  command = plan

  assert {
    condition = (
      aws_iam_openid_connect_provider.github[0].url == "https://token.actions.githubusercontent.com" &&
      aws_iam_openid_connect_provider.github[0].client_id_list == toset(["sts.amazonaws.com"])
    )
    error_message = "Tokens of another issuer, or for another audience, would be taken."
  }
}

run "an_account_that_knows_github_gets_no_second_provider" {
  command = plan

  variables {
    create_oidc_provider = false
  }

  assert {
    condition     = length(aws_iam_openid_connect_provider.github) == 0 && length(aws_iam_role.pipeline) == 1
    error_message = "The provider is made a second time, or the role is missing."
  }
}

run "where_iam_is_forbidden_nothing_of_it_is_made" {
  command = plan

  variables {
    manage_iam                = false
    existing_instance_profile = "LabInstanceProfile"
  }

  assert {
    condition = 0 == (
      length(aws_iam_role.node) + length(aws_iam_role_policy.node) + length(aws_iam_instance_profile.node) +
      length(aws_iam_role.pipeline) + length(aws_iam_role_policy.pipeline) + length(aws_iam_openid_connect_provider.github) +
      length(aws_iam_role.images) + length(aws_iam_role_policy.images)
    )
    error_message = "Something of IAM is made."
  }

  assert {
    condition     = output.instance_profile == "LabInstanceProfile" && output.pipeline_role_arn == null && output.images_role_arn == null
    error_message = "The existing profile is not used, or a role is told that is not there."
  }
}

run "without_iam_a_profile_must_be_named" {
  command = plan

  variables {
    manage_iam = false
  }

  expect_failures = [var.existing_instance_profile]
}

run "a_profile_that_would_not_be_used_is_refused" {
  command = plan

  variables {
    existing_instance_profile = "LabInstanceProfile"
  }

  expect_failures = [var.existing_instance_profile]
}
