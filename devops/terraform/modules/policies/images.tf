# The role of the workflow that stores images for the node. What it writes runs on the node, with the node's role, so it
# is another role than the pipeline's, and taken on the protected branch alone: jobs of a data branch cannot have it.

locals {
  images = [
    {
      # That an image is missing must be told from that it may not be asked for.
      Sid      = "ListTheDataBucket"
      Effect   = "Allow"
      Action   = local.listing
      Resource = [local.arn.data]
    },
    {
      Sid      = "StoreImages"
      Effect   = "Allow"
      Action   = ["s3:GetObject", "s3:PutObject", "s3:AbortMultipartUpload"]
      Resource = ["${local.arn.data}/node/images/*"]
    },
  ]

  images_trust = [merge(local.github_trust, {
    Condition = merge(local.github_trust.Condition, {
      StringLike = { "token.actions.githubusercontent.com:sub" = local.of_branch }
    })
  })]
}
