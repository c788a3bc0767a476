variable "name" {
  description = "The environment's name, prefix of all names; the instance is `<name>-node`."
  type        = string
}

variable "region" {
  description = "The region, for the node."
  type        = string
}

variable "network" {
  description = "The subnet and security group of the instance."
  type = object({
    subnet_id         = string
    security_group_id = string
  })
}

variable "availability_zone" {
  description = "The data volume's zone, which must be the subnet's. A variable of its own, so that the volume does not depend on the network."
  type        = string
}

variable "instance_type" {
  description = "The instance's type; changing it stops and starts the instance, and keeps both disks."
  type        = string
  default     = "t3.large"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]*\\.[a-z0-9]+$", var.instance_type)) && !can(regex("^[a-z]+[0-9]+g[a-z]*\\.", var.instance_type))
    error_message = "instance_type must be an x86-64 type such as t3.large: image and k3s are pinned for that architecture."
  }
}

variable "instance_profile" {
  description = "The IAM instance profile."
  type        = string
}

variable "root_volume_gib" {
  description = "The disk of system and container images; created again with each new instance."
  type        = number
  default     = 16

  validation {
    condition     = var.root_volume_gib >= 16
    error_message = "root_volume_gib must be at least 16: system, k3s and two versions of MLflow's image take some 10 GiB."
  }
}

variable "data_volume_gib" {
  description = "The disk of the database; it outlives the instance and can only grow."
  type        = number
  default     = 8

  validation {
    condition     = var.data_volume_gib >= 1
    error_message = "data_volume_gib must be at least 1."
  }
}

variable "buckets" {
  description = "Names of the buckets that the node uses."
  type = object({
    data      = string
    artifacts = string
  })
}

variable "release_from" {
  description = "Folders that become /opt/wms: node and k3s of `devops`, and from `environment` what kustomize reads."
  type = object({
    devops      = string
    environment = string
  })
}

variable "ami_id" {
  description = "The image of Amazon Linux 2023; null takes the newest. Used only when the instance is created."
  type        = string
  default     = null
}
