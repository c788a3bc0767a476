# The roles of the instance and of the workflows. The module policies says what they may do.

locals {
  count = var.manage_iam ? 1 : 0
}

resource "aws_iam_role" "node" {
  count = local.count

  name               = "${var.name}-node"
  description        = "The instance of ${var.name}"
  assume_role_policy = var.documents.node_trust
}

resource "aws_iam_role_policy" "node" {
  count = local.count

  name   = "node"
  role   = aws_iam_role.node[0].name
  policy = var.documents.node
}

resource "aws_iam_instance_profile" "node" {
  count = local.count

  name = "${var.name}-node"
  role = aws_iam_role.node[0].name
}

# AWS checks the certificate of this issuer itself, so no thumbprint is needed.
resource "aws_iam_openid_connect_provider" "github" {
  count = var.manage_iam && var.create_oidc_provider ? 1 : 0

  url            = "https://token.actions.githubusercontent.com"
  client_id_list = ["sts.amazonaws.com"]
}

resource "aws_iam_role" "pipeline" {
  count = local.count

  name               = "${var.name}-pipeline"
  description        = "GitHub's workflows of ${var.name}"
  assume_role_policy = var.documents.github_trust

  # A training takes longer than the default of one hour.
  max_session_duration = 4 * 60 * 60
}

resource "aws_iam_role_policy" "pipeline" {
  count = local.count

  name   = "pipeline"
  role   = aws_iam_role.pipeline[0].name
  policy = var.documents.pipeline
}

resource "aws_iam_role" "images" {
  count = local.count

  name               = "${var.name}-images"
  description        = "GitHub's workflow that stores images for ${var.name}"
  assume_role_policy = var.documents.github_trust
}

resource "aws_iam_role_policy" "images" {
  count = local.count

  name   = "images"
  role   = aws_iam_role.images[0].name
  policy = var.documents.images
}
