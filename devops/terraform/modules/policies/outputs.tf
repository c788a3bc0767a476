output "node" {
  description = "What the instance may do."
  value       = jsonencode({ Version = "2012-10-17", Statement = local.node })
}

output "node_trust" {
  description = "That EC2 may give the role to the instance."
  value       = jsonencode({ Version = "2012-10-17", Statement = local.node_trust })
}

output "pipeline" {
  description = "What the workflows may do."
  value       = jsonencode({ Version = "2012-10-17", Statement = local.pipeline })
}

output "images" {
  description = "What the workflow that stores images may do."
  value       = jsonencode({ Version = "2012-10-17", Statement = local.images })
}

output "github_trust" {
  description = "Whose workflows may take these two roles."
  value       = jsonencode({ Version = "2012-10-17", Statement = local.github_trust })
}
