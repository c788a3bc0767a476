output "instance_profile" {
  description = "The instance profile: created here, or the existing one."
  value       = var.manage_iam ? aws_iam_instance_profile.node["node"].name : var.existing_instance_profile
}

output "pipeline_role_arn" {
  description = "For the repository's variable AWS_ROLE_ARN; null if no role is created."
  value       = one([for role in aws_iam_role.pipeline : role.arn])
}

output "images_role_arn" {
  description = "For the repository's variable AWS_IMAGES_ROLE_ARN; null if no role is created."
  value       = one([for role in aws_iam_role.images : role.arn])
}
