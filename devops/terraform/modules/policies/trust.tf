# Who may take the roles of the workflows: runs on one branch of one repository. Only that branch has the workflow that was
# reviewed. A run of another branch or a tag uses the file that its author pushed, and any job gets the subject of an
# environment by naming it.
# Subjects: https://docs.github.com/en/actions/reference/security/oidc

locals {
  owner = split("/", var.github.repository)[0]
  repo  = split("/", var.github.repository)[1]

  # An at sign cannot be part of a name, nor a colon of a branch, so each star stands for a number. An environment's
  # name is free text, so subjects with one are refused as well.
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
