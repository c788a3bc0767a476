variable "name" {
  description = "The environment's name, prefix of all names."
  type        = string
}

variable "region" {
  description = "The region of the S3 endpoint."
  type        = string
}

variable "availability_zone" {
  description = "The zone of the subnet; used only when the subnet is created."
  type        = string
}

variable "cidr_block" {
  description = "The address range of the VPC."
  type        = string
  default     = "10.20.0.0/24"

  validation {
    condition     = can(cidrhost(var.cidr_block, 0)) && try(tonumber(split("/", var.cidr_block)[1]) <= 26, false)
    error_message = "cidr_block must be an IPv4 range of /26 or larger, such as 10.20.0.0/24: AWS wants subnets of at least 16 addresses."
  }
}
