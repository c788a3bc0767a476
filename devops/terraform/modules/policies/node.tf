# The role of the instance, and so of everything on it, pods included.

locals {
  node = [
    {
      # For the agent's sessions and commands. AmazonSSMManagedInstanceCore can also read every parameter of the
      # account.
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
      # The watchdog writes its claim; dumps are written and read, each as a version. Nothing is deleted from here.
      Sid    = "LeasesAndDumps"
      Effect = "Allow"
      Action = [
        "s3:GetObject", "s3:GetObjectVersion", "s3:PutObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts",
      ]
      Resource = ["${local.arn.data}/lease/*", "${local.arn.data}/backup/*"]
    },
    {
      # What it is asked to serve, and its answer. The wish names a model; the code that serves it is an image of node/.
      Sid      = "ReadWantedModel"
      Effect   = "Allow"
      Action   = ["s3:GetObject"]
      Resource = ["${local.arn.data}/deploy/*"]
    },
    {
      Sid      = "AnswerWhatItServes"
      Effect   = "Allow"
      Action   = ["s3:PutObject"]
      Resource = ["${local.arn.data}/deploy/node.json"]
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
