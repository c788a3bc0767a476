# The role of the workflow that stores images for the node. What it writes runs there with the node's role, so this is
# another role than the pipeline's.

locals {
  images = [
    {
      # So that a missing image answers 404, not 403.
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
}
