variable "name" {
  description = "The environment's name: the tag Project of its instance, the prefix of its parameters."
  type        = string
}

variable "account_id" {
  description = "The account."
  type        = string
}

variable "region" {
  description = "The region."
  type        = string
}

variable "buckets" {
  description = "Names of the buckets: data, artifacts, and the state of Terraform."
  type = object({
    data      = string
    artifacts = string
    state     = string
  })
}

variable "github" {
  description = <<-EOT
    Whose workflows may take the roles: runs on `branch`, and nothing else.
    Tokens of repositories made or renamed since 2026-07-15 carry the IDs of owner and repository in their
    subject. Without the IDs both forms are trusted, by name; with them only that one repository is, whoever
    takes its name later.
  EOT
  type = object({
    repository    = string
    owner_id      = optional(number)
    repository_id = optional(number)
    branch        = optional(string, "main")
  })

  validation {
    condition     = can(regex("^[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+$", var.github.repository))
    error_message = "github.repository must be OWNER/REPO, such as octocat/water-meters, without wildcards."
  }

  validation {
    condition     = (var.github.owner_id == null) == (var.github.repository_id == null)
    error_message = "Give both github.owner_id and github.repository_id, or neither: `gh api repos/OWNER/REPO --jq '.owner.id, .id'` prints them."
  }

  validation {
    condition     = can(regex("^[A-Za-z0-9_./-]+$", var.github.branch))
    error_message = "github.branch must not have wildcards."
  }
}
