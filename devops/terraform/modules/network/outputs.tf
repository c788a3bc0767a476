output "subnet_id" {
  description = "The subnet of the instance."
  value       = aws_subnet.public.id
}

output "security_group_id" {
  description = "Allows nothing in, and HTTPS out."
  value       = aws_security_group.node.id
}
