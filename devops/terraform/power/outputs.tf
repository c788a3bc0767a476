output "state" {
  description = "The state of the instance: running or stopped."
  value       = aws_ec2_instance_state.node.state
}
