# Only runs on one branch of one repository may take the roles of the workflows: only that branch has the reviewed
# workflow. A run of another branch or a tag uses the file that its author pushed, and any job gets the subject of an
# environment by naming it.
# Subjects: https://docs.github.com/en/actions/reference/security/oidc

locals {
  owner = split("/", var.github.repository)[0]
  repo  = split("/", var.github.repository)[1]

  # A name cannot contain an at sign, nor a branch a colon, so each star matches only a number. An environment's name
  # is free text, so subjects with an environment are refused as well.
  by_name = ["repo:${var.github.repository}", "repo:${local.owner}@*/${local.repo}@*"]
  by_id   = ["repo:${local.owner}@${coalesce(var.github.owner_id, 0)}/${local.repo}@${coalesce(var.github.repository_id, 0)}"]

  subjects = [
    for name in(var.github.owner_id == null ? local.by_name : local.by_id) : "${name}:ref:refs/heads/${var.github.branch}"
  ]

  github_trust = [{
    Effect    = "Allow"
    Action    = "sts:AssumeRoleWithWebIdentity"
    Principal = { Federated = local.arn.oidc }
    Condition = {
      StringEquals  = { "token.actions.githubusercontent.com:aud" = "sts.amazonaws.com" }
      StringLike    = { "token.actions.githubusercontent.com:sub" = local.subjects }
      StringNotLike = { "token.actions.githubusercontent.com:sub" = "*:environment:*" }
    }
  }]
}
