variable "name" {
  description = "What the roles are called by."
  type        = string
}

variable "documents" {
  description = "The JSON of the module policies."
  type = object({
    node         = string
    node_trust   = string
    pipeline     = string
    images       = string
    github_trust = string
  })
}

variable "manage_iam" {
  description = "Whether roles are made. False where the account forbids it: then nothing of IAM is touched."
  type        = bool
  default     = true
}

variable "existing_instance_profile" {
  description = "The profile that the instance takes where `manage_iam` is false."
  type        = string
  default     = null

  validation {
    condition     = var.manage_iam == (var.existing_instance_profile == null)
    error_message = "Where manage_iam is false, name existing_instance_profile (on AWS Academy: \"LabInstanceProfile\"); where it is true, leave it null."
  }
}

variable "create_oidc_provider" {
  description = "False if the account knows GitHub's tokens already: there is one such provider an account."
  type        = bool
  default     = true
}
