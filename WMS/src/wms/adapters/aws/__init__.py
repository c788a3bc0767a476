"""AWS and Terraform."""
