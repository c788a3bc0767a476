# The role of the workflows: they use, start and stop what exists. Only a person creates or removes it (the stack), so
# this role cannot create instances, networks, buckets or roles.

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
      # Without the check a session that names no document opens a shell, whatever documents the role may use. It must
      # be in every statement that allows StartSession.
      Sid      = "ReachTheNode"
      Effect   = "Allow"
      Action   = ["ssm:StartSession"]
      Resource = ["${local.arn.ec2}:instance/*"]
      Condition = merge(local.is_ours, {
        BoolIfExists = { "ssm:SessionDocumentAccessCheck" = "true" }
      })
    },
    {
      # Only MLflow's port, which the document itself names (modules/k3s_node/session.tf): no shell, no other port, no
      # command. Commands run as root and would have the node's role too.
      Sid       = "ThroughOnePort"
      Effect    = "Allow"
      Action    = ["ssm:StartSession"]
      Resource  = ["${local.arn.ssm}:document/${var.name}-mlflow"]
      Condition = { BoolIfExists = { "ssm:SessionDocumentAccessCheck" = "true" } }
    },
    {
      # As AWS's samples grant it. The ID of a session begins with the name of its user, or with the name of the role's
      # session; GitHubActions is that of aws-actions/configure-aws-credentials.
      Sid    = "OpenOwnSessions"
      Effect = "Allow"
      Action = ["ssmmessages:OpenDataChannel"]
      Resource = [
        "${local.arn.ssm}:session/$${aws:userid}-*",
        "${local.arn.ssm}:session/GitHubActions-*",
      ]
    },
    {
      # Systems Manager tags each session with who started it.
      Sid       = "EndOwnSessions"
      Effect    = "Allow"
      Action    = ["ssm:TerminateSession", "ssm:ResumeSession"]
      Resource  = ["${local.arn.ssm}:session/*"]
      Condition = { StringLike = { "ssm:resourceTag/aws:ssmmessages:session-id" = ["$${aws:userid}"] } }
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
      # Not node/: the stack writes releases. Not backup/: the node writes dumps.
      Sid      = "DatasetLeasesAndProbes"
      Effect   = "Allow"
      Action   = local.whole_objects
      Resource = ["${local.arn.data}/dvc/*", "${local.arn.data}/lease/*", "${local.arn.data}/probe/*"]
    },
    {
      Sid      = "AskTheNodeForAModel"
      Effect   = "Allow"
      Action   = ["s3:GetObject", "s3:PutObject"]
      Resource = ["${local.arn.data}/deploy/wanted.json", "${local.arn.data}/deploy/models/*"]
    },
    {
      Sid      = "ReadItsAnswer"
      Effect   = "Allow"
      Action   = ["s3:GetObject"]
      Resource = ["${local.arn.data}/deploy/node.json"]
    },
    {
      # MLflow serves its artifacts itself; preflight only checks whether the bucket accepts writes.
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
