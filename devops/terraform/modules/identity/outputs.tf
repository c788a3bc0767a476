output "instance_profile" {
  description = "The profile for the instance: made here, or the one that was there."
  value       = var.manage_iam ? aws_iam_instance_profile.node["node"].name : var.existing_instance_profile
}

output "pipeline_role_arn" {
  description = "For the repository's variable AWS_ROLE_ARN; null where no role was made."
  value       = one([for role in aws_iam_role.pipeline : role.arn])
}

output "images_role_arn" {
  description = "For the repository's variable AWS_IMAGES_ROLE_ARN; null where no role was made."
  value       = one([for role in aws_iam_role.images : role.arn])
}
