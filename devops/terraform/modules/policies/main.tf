# The IAM documents, as a pure function: names in, JSON out; no resource, no provider. The module identity applies
# them; tests/infra/terraform/ tests them against an enforcing IAM.

locals {
  arn = {
    data      = "arn:aws:s3:::${var.buckets.data}"
    artifacts = "arn:aws:s3:::${var.buckets.artifacts}"
    state     = "arn:aws:s3:::${var.buckets.state}"
    ec2       = "arn:aws:ec2:${var.region}:${var.account_id}"
    ssm       = "arn:aws:ssm:${var.region}:${var.account_id}"
    oidc      = "arn:aws:iam::${var.account_id}:oidc-provider/token.actions.githubusercontent.com"
  }
  parameters = "${local.arn.ssm}:parameter/${var.name}"

  # Instances are identified by their tag: a new host has another ID than the one it replaces.
  is_ours = { StringEquals = { "aws:ResourceTag/Project" = var.name } }

  # Without ListBucket S3 answers 403 for a missing object: a missing lease book would look like a forbidden one. A
  # condition on the prefix would not match such a GET, so it has none.
  listing = ["s3:ListBucket", "s3:GetBucketLocation"]
  whole_objects = [
    "s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts",
  ]
}
