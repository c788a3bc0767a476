variable "name" {
  description = "Prefix of the roles' names."
  type        = string
}

variable "documents" {
  description = "The JSON documents of the module policies."
  type = object({
    node         = string
    node_trust   = string
    pipeline     = string
    images       = string
    github_trust = string
  })
}

variable "manage_iam" {
  description = "Whether roles are created. False if the account forbids it: then nothing in IAM is touched."
  type        = bool
  default     = true
}

variable "existing_instance_profile" {
  description = "The instance profile if `manage_iam` is false."
  type        = string
  default     = null

  validation {
    condition     = var.manage_iam == (var.existing_instance_profile == null)
    error_message = "If manage_iam is false, set existing_instance_profile (on AWS Academy: \"LabInstanceProfile\"); if it is true, leave it null."
  }
}

variable "create_oidc_provider" {
  description = "False if the account has GitHub's OIDC provider already: an account can have only one."
  type        = bool
  default     = true
}
