# All of them are keys of infrastructure/<env>/terraform.tfvars, which explains each; `wms` reads the same file.

variable "name" {
  description = "Prefix of all names, such as wms-dev; its last part is the folder below infrastructure/."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,28}[a-z0-9]$", var.name))
    error_message = "name must have 3 to 30 lower-case letters, digits and dashes: it is part of bucket names."
  }
}

variable "region" {
  description = "The AWS region."
  type        = string

  validation {
    condition     = can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", var.region))
    error_message = "region must be the name of a region, such as us-east-1."
  }
}

variable "instance_type" {
  description = "The instance's type."
  type        = string
}

variable "fallback_instance_types" {
  description = "Other types, if AWS refuses that one; if possible the zone has them all."
  type        = list(string)
  default     = []
}

variable "data_volume_gib" {
  description = "Size of the database's disk."
  type        = number
}

variable "root_volume_gib" {
  description = "Size of the system's disk."
  type        = number
}

variable "manage_iam" {
  description = "Whether roles are created; false on AWS Academy."
  type        = bool
  default     = true
}

variable "existing_instance_profile" {
  description = "The instance profile if no roles are created."
  type        = string
  default     = null
}

variable "github_repository" {
  description = "OWNER/REPO, whose workflows may take the pipeline's role."
  type        = string

  validation {
    condition     = !var.manage_iam || var.github_repository != "OWNER/REPO"
    error_message = "Write your repository into github_repository: OWNER/REPO is only an example, and the owner of that name would be trusted."
  }
}

variable "monthly_budget_usd" {
  description = "The most that a month may cost."
  type        = number

  validation {
    condition     = var.monthly_budget_usd > 0
    error_message = "monthly_budget_usd must be above 0."
  }
}

variable "alarm_email" {
  description = "Who gets a message when a part of the budget is spent; null creates no budget."
  type        = string
  default     = null

  validation {
    condition     = var.alarm_email == null || can(regex("^[^@ ]+@[^@ ]+$", var.alarm_email))
    error_message = "alarm_email must be an address, or null."
  }
}

variable "price_usd_per_hour" {
  description = "Read only by `wms infra cost`; declared so that both can read the same file."
  type        = map(number)
  default     = {}
}

variable "price_usd_of_keeping" {
  description = "Read only by `wms infra cost` and `wms infra destroy`."
  type        = map(number)
  default     = {}
}

# Optional keys.

variable "availability_zone" {
  description = "The zone; null takes the first that has all instance types. Used only when the stack is created."
  type        = string
  default     = null
}

variable "ami_id" {
  description = "The image; null takes the newest Amazon Linux 2023."
  type        = string
  default     = null
}

variable "github_ids" {
  description = "IDs of the repository and its owner, to trust only that repository, even if somebody takes its name later."
  type        = object({ owner_id = number, repository_id = number })
  default     = null
}

variable "create_oidc_provider" {
  description = "False if the account has GitHub's OIDC provider already."
  type        = bool
  default     = true
}
