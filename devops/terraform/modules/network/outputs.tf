output "subnet_id" {
  description = "Where the instance lives."
  value       = aws_subnet.public.id
}

output "security_group_id" {
  description = "Lets nothing in, and HTTPS out."
  value       = aws_security_group.node.id
}
