output "state" {
  description = "What the instance was brought to: running or stopped."
  value       = aws_ec2_instance_state.node.state
}
