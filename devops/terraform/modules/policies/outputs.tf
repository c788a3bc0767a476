output "node" {
  description = "Permissions of the instance."
  value       = jsonencode({ Version = "2012-10-17", Statement = local.node })
}

output "node_trust" {
  description = "Trust: EC2 may give the role to the instance."
  value       = jsonencode({ Version = "2012-10-17", Statement = local.node_trust })
}

output "pipeline" {
  description = "Permissions of the workflows."
  value       = jsonencode({ Version = "2012-10-17", Statement = local.pipeline })
}

output "images" {
  description = "Permissions of the workflow that stores images."
  value       = jsonencode({ Version = "2012-10-17", Statement = local.images })
}

output "github_trust" {
  description = "Trust: whose workflows may take these two roles."
  value       = jsonencode({ Version = "2012-10-17", Statement = local.github_trust })
}
