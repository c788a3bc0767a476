variable "region" {
  description = "The AWS region."
  type        = string
}

variable "instance_id" {
  description = "The stack's output `instance_id`."
  type        = string

  validation {
    condition     = can(regex("^i-[0-9a-f]+$", var.instance_id))
    error_message = "instance_id must be the ID of an instance, such as i-0123456789abcdef0: `terraform -chdir=devops/terraform/stack output instance_id` prints it."
  }
}

variable "running" {
  description = "Whether the instance should run."
  type        = bool
}
