# The first thirteen are infrastructure/<env>/terraform.tfvars, which says more about each; `wms` reads the same file.

variable "name" {
  description = "What everything is called by, such as wms-dev; its last part is its folder below infrastructure/."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,28}[a-z0-9]$", var.name))
    error_message = "name must have 3 to 30 small letters, digits and dashes: names of buckets are made of it."
  }
}

variable "region" {
  description = "Where everything is."
  type        = string

  validation {
    condition     = can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", var.region))
    error_message = "region must be the name of a region, such as us-east-1."
  }
}

variable "instance_type" {
  description = "What the instance is."
  type        = string
}

variable "fallback_instance_types" {
  description = "What it may become where that type is refused; the zone is chosen so that it has them all."
  type        = list(string)
  default     = []
}

variable "data_volume_gib" {
  description = "The disk of the database."
  type        = number
}

variable "root_volume_gib" {
  description = "The disk of the system."
  type        = number
}

variable "manage_iam" {
  description = "Whether roles are made; false on AWS Academy."
  type        = bool
  default     = true
}

variable "existing_instance_profile" {
  description = "The instance's profile where no roles are made."
  type        = string
  default     = null
}

variable "github_repository" {
  description = "OWNER/REPO, whose workflows may take the pipeline's role."
  type        = string

  validation {
    condition     = !var.manage_iam || var.github_repository != "OWNER/REPO"
    error_message = "Write your repository into github_repository: OWNER/REPO is only the example, and whoever had that name would be trusted."
  }
}

variable "monthly_budget_usd" {
  description = "What a month may cost."
  type        = number

  validation {
    condition     = var.monthly_budget_usd > 0
    error_message = "monthly_budget_usd must be above 0."
  }
}

variable "alarm_email" {
  description = "Who is told when a part of the budget is spent; null makes no budget."
  type        = string
  default     = null

  validation {
    condition     = var.alarm_email == null || can(regex("^[^@ ]+@[^@ ]+$", var.alarm_email))
    error_message = "alarm_email must be an address, or null."
  }
}

variable "price_usd_per_hour" {
  description = "Read by `wms infra cost` alone; declared so that one file serves both."
  type        = map(number)
  default     = {}
}

variable "price_usd_of_keeping" {
  description = "Read by `wms infra cost` and `wms infra destroy` alone."
  type        = map(number)
  default     = {}
}

# What is rarely needed, given as TF_VAR_<name> or by -var.

variable "availability_zone" {
  description = "The zone; null takes the first that has all instance types. Looked at once, when the stack is made."
  type        = string
  default     = null
}

variable "ami_id" {
  description = "The image to start from; null takes the newest Amazon Linux 2023."
  type        = string
  default     = null
}

variable "github_ids" {
  description = "IDs of the repository and its owner, to trust that one repository whoever takes its name later."
  type        = object({ owner_id = number, repository_id = number })
  default     = null
}

variable "create_oidc_provider" {
  description = "False if the account knows GitHub's tokens already."
  type        = bool
  default     = true
}

variable "force_destroy" {
  description = "Whether destroying may take buckets that still hold something."
  type        = bool
  default     = false
}
