variable "name" {
  description = "What everything is called by; the instance is `<name>-node`."
  type        = string
}

variable "region" {
  description = "The region, told to the node."
  type        = string
}

variable "network" {
  description = "Where the instance lives; the zone is also the data volume's."
  type = object({
    subnet_id         = string
    security_group_id = string
    availability_zone = string
  })
}

variable "instance_type" {
  description = "What the instance is; changing it stops and starts it, and keeps both disks."
  type        = string
  default     = "t3.large"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]*\\.[a-z0-9]+$", var.instance_type)) && !can(regex("^[a-z]+[0-9]+g[a-z]*\\.", var.instance_type))
    error_message = "instance_type must be an x86-64 type such as t3.large: image and k3s are pinned for that architecture."
  }
}

variable "instance_profile" {
  description = "The IAM instance profile that it takes."
  type        = string
}

variable "root_volume_gib" {
  description = "The disk of system and container images; made anew with the instance."
  type        = number
  default     = 30

  validation {
    condition     = var.root_volume_gib >= 20
    error_message = "root_volume_gib must be at least 20: system, k3s and the images of MLflow and the service take some 12 GiB."
  }
}

variable "data_volume_gib" {
  description = "The disk of the database; it outlives the instance and can only grow."
  type        = number
  default     = 20

  validation {
    condition     = var.data_volume_gib >= 1
    error_message = "data_volume_gib must be at least 1."
  }
}

variable "buckets" {
  description = "Names of the buckets that the node works with."
  type = object({
    data      = string
    artifacts = string
  })
}

variable "release_from" {
  description = "Folders that become /opt/wms: of `devops` its node and k3s, of `environment` what kustomize reads."
  type = object({
    devops      = string
    environment = string
  })
}

variable "ami_id" {
  description = "An image of Amazon Linux 2023 to start from; null takes the newest. Looked at once, when the instance is made."
  type        = string
  default     = null
}
