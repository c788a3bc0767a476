# The instance's role: what runs on the node, pods included, can do this and no more.

locals {
  node = [
    {
      # What the agent needs for sessions and commands. AmazonSSMManagedInstanceCore would add reading every
      # parameter of the account.
      Sid    = "BeReachedThroughSsm"
      Effect = "Allow"
      Action = [
        "ssm:UpdateInstanceInformation",
        "ssmmessages:CreateControlChannel", "ssmmessages:CreateDataChannel",
        "ssmmessages:OpenControlChannel", "ssmmessages:OpenDataChannel",
        "ec2messages:AcknowledgeMessage", "ec2messages:DeleteMessage", "ec2messages:FailMessage",
        "ec2messages:GetEndpoint", "ec2messages:GetMessages", "ec2messages:SendReply",
      ]
      Resource = ["*"]
    },
    {
      Sid      = "SecretsMadeOnTheNode"
      Effect   = "Allow"
      Action   = ["ssm:GetParameter", "ssm:PutParameter"]
      Resource = ["${local.parameters}/*"]
    },
    {
      Sid      = "ListOwnBuckets"
      Effect   = "Allow"
      Action   = concat(local.listing, ["s3:ListBucketVersions"])
      Resource = [local.arn.data, local.arn.artifacts]
    },
    {
      Sid      = "ReadItsReleaseAndImages"
      Effect   = "Allow"
      Action   = ["s3:GetObject"]
      Resource = ["${local.arn.data}/node/*"]
    },
    {
      # The watchdog writes that it stops; dumps go out and come back, each a version. Neither is deleted from here.
      Sid    = "LeasesAndDumps"
      Effect = "Allow"
      Action = [
        "s3:GetObject", "s3:GetObjectVersion", "s3:PutObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts",
      ]
      Resource = ["${local.arn.data}/lease/*", "${local.arn.data}/backup/*"]
    },
    {
      Sid      = "MlflowArtifacts"
      Effect   = "Allow"
      Action   = local.whole_objects
      Resource = ["${local.arn.artifacts}/*"]
    },
  ]

  node_trust = [{
    Effect    = "Allow"
    Action    = "sts:AssumeRole"
    Principal = { Service = "ec2.amazonaws.com" }
  }]
}
