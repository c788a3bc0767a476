output "instance_id" {
  description = "The instance, for the root power and for SSM."
  value       = aws_instance.node.id
}

output "data_volume_id" {
  description = "The volume that outlives the instance."
  value       = aws_ebs_volume.data.id
}

output "release" {
  description = "The digest of the release that the node runs from its next boot."
  value       = local.release
}

output "session_document" {
  description = "The Session document that opens the way to MLflow."
  value       = aws_ssm_document.mlflow.name
}
