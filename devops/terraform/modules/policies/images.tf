# The role of the workflow that stores images for the node. What it writes runs on the node, with the node's role: that is
# more than the pipeline needs, so it is another role.

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
}
