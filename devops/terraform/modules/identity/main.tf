# The roles of the instance and of the workflows. The module policies says what they may do.

locals {
  node     = var.manage_iam ? { node = var.documents.node } : {}
  pipeline = var.manage_iam ? { pipeline = var.documents.pipeline } : {}
  images   = var.manage_iam ? { images = var.documents.images } : {}
}

resource "aws_iam_role" "node" {
  for_each = local.node

  name               = "${var.name}-node"
  description        = "The instance of ${var.name}"
  assume_role_policy = var.documents.node_trust
}

resource "aws_iam_role_policy" "node" {
  for_each = local.node

  name   = "node"
  role   = aws_iam_role.node[each.key].name
  policy = each.value
}

resource "aws_iam_instance_profile" "node" {
  for_each = local.node

  name = "${var.name}-node"
  role = aws_iam_role.node[each.key].name
}

# AWS checks the certificate of this issuer itself, so no thumbprint is needed.
resource "aws_iam_openid_connect_provider" "github" {
  count = var.manage_iam && var.create_oidc_provider ? 1 : 0

  url            = "https://token.actions.githubusercontent.com"
  client_id_list = ["sts.amazonaws.com"]
}

resource "aws_iam_role" "pipeline" {
  for_each = local.pipeline

  name               = "${var.name}-pipeline"
  description        = "GitHub's workflows of ${var.name}"
  assume_role_policy = var.documents.github_trust

  # A training takes longer than the default of one hour.
  max_session_duration = 4 * 60 * 60
}

resource "aws_iam_role_policy" "pipeline" {
  for_each = local.pipeline

  name   = "pipeline"
  role   = aws_iam_role.pipeline[each.key].name
  policy = each.value
}

resource "aws_iam_role" "images" {
  for_each = local.images

  name               = "${var.name}-images"
  description        = "GitHub's workflow that stores images for ${var.name}"
  assume_role_policy = var.documents.github_trust
}

resource "aws_iam_role_policy" "images" {
  for_each = local.images

  name   = "images"
  role   = aws_iam_role.images[each.key].name
  policy = each.value
}
