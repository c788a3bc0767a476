output "instance_id" {
  description = "The instance, for the root power and for SSM."
  value       = module.k3s_node.instance_id
}

output "data_volume_id" {
  description = "The volume that outlives the instance."
  value       = module.k3s_node.data_volume_id
}

output "data_bucket" {
  description = "Dataset (dvc/), leases (lease/), dumps (backup/), releases of the node (node/), models that it is to serve (deploy/)."
  value       = module.storage.names["data"]
}

output "artifacts_bucket" {
  description = "MLflow's artifacts."
  value       = module.storage.names["artifacts"]
}

output "pipeline_role_arn" {
  description = "For the repository's variable AWS_ROLE_ARN; null if no roles are created."
  value       = module.identity.pipeline_role_arn
}

output "images_role_arn" {
  description = "For the repository's variable AWS_IMAGES_ROLE_ARN; null if no roles are created."
  value       = module.identity.images_role_arn
}

output "release" {
  description = "The release that the node runs from its next boot."
  value       = module.k3s_node.release
}

output "session_document" {
  description = "For `aws ssm start-session --document-name`, as `wms infra tunnel` calls it."
  value       = module.k3s_node.session_document
}
