# The role of the workflows: they share, start and stop what is there. Making and removing it (the stack) is a
# person's business, so nothing here makes instances, networks, buckets or roles.

locals {
  pipeline = [
    {
      # Descriptions cannot be limited to a resource.
      Sid    = "LookAtInstances"
      Effect = "Allow"
      Action = [
        "ec2:DescribeInstances", "ec2:DescribeInstanceStatus", "ec2:DescribeInstanceTypes",
        "ec2:DescribeInstanceTypeOfferings", "ec2:DescribeTags", "ec2:DescribeInstanceAttribute",
        "ssm:DescribeInstanceInformation",
      ]
      Resource = ["*"]
    },
    {
      Sid       = "StartAndStopTheNode"
      Effect    = "Allow"
      Action    = ["ec2:StartInstances", "ec2:StopInstances"]
      Resource  = ["${local.arn.ec2}:instance/*"]
      Condition = local.is_ours
    },
    {
      Sid       = "ReachTheNode"
      Effect    = "Allow"
      Action    = ["ssm:StartSession"]
      Resource  = ["${local.arn.ec2}:instance/*"]
      Condition = local.is_ours
    },
    {
      # MLflow's port alone: no shell, no command. Whoever could run those, as root, would have the node's role too.
      Sid      = "ThroughOnePort"
      Effect   = "Allow"
      Action   = ["ssm:StartSession"]
      Resource = ["${local.arn.documents}:document/AWS-StartPortForwardingSession"]
    },
    {
      # The ID of a session begins with the name of who opened it.
      Sid      = "EndOwnSessions"
      Effect   = "Allow"
      Action   = ["ssm:TerminateSession", "ssm:ResumeSession"]
      Resource = ["${local.arn.ssm}:session/$${aws:userid}-*"]
    },
    {
      Sid      = "SignInToMlflow"
      Effect   = "Allow"
      Action   = ["ssm:GetParameter"]
      Resource = ["${local.parameters}/mlflow/*"]
    },
    {
      Sid      = "ListOwnBuckets"
      Effect   = "Allow"
      Action   = local.listing
      Resource = [local.arn.data, local.arn.artifacts, local.arn.state]
    },
    {
      # Not node/: releases come with the stack. Not backup/: dumps go and come on the node.
      Sid      = "DatasetLeasesAndProbes"
      Effect   = "Allow"
      Action   = local.whole_objects
      Resource = ["${local.arn.data}/dvc/*", "${local.arn.data}/lease/*", "${local.arn.data}/probe/*"]
    },
    {
      # MLflow serves its artifacts itself; preflight only asks whether the bucket takes anything.
      Sid      = "ProbeArtifacts"
      Effect   = "Allow"
      Action   = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"]
      Resource = ["${local.arn.artifacts}/probe/*"]
    },
    {
      Sid      = "FlipTheSwitch"
      Effect   = "Allow"
      Action   = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"]
      Resource = ["${local.arn.state}/power/*"]
    },
    {
      Sid      = "ReadWhatTheStackMade"
      Effect   = "Allow"
      Action   = ["s3:GetObject"]
      Resource = ["${local.arn.state}/stack/*"]
    },
  ]
}
