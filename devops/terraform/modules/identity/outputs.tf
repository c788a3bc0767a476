output "instance_profile" {
  description = "The instance profile: created here, or the existing one."
  value       = var.manage_iam ? aws_iam_instance_profile.node[0].name : var.existing_instance_profile

  # An instance that starts before its role may do anything finds no release.
  depends_on = [aws_iam_role_policy.node]
}

output "pipeline_role_arn" {
  description = "For the repository's variable AWS_ROLE_ARN; null if no role is created."
  value       = one(aws_iam_role.pipeline[*].arn)
}

output "images_role_arn" {
  description = "For the repository's variable AWS_IMAGES_ROLE_ARN; null if no role is created."
  value       = one(aws_iam_role.images[*].arn)
}
