variable "buckets" {
  description = <<-EOT
    Buckets by what they are for. Versions that were overwritten or deleted go after `noncurrent_days`, in the whole
    bucket or, where parts of it have times of their own, by `prefixes`: S3 goes by the shorter time where rules
    overlap, so a bucket has the one or the other. Of each object `keep_versions` old ones stay whatever their age;
    `expire_days` is for what stands.
  EOT
  type = map(object({
    name            = string
    noncurrent_days = optional(number)
    prefixes = optional(map(object({
      noncurrent_days = number
      keep_versions   = optional(number)
      expire_days     = optional(number)
    })), {})
  }))

  validation {
    condition     = alltrue([for bucket in var.buckets : can(regex("^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$", bucket.name))])
    error_message = "Names of buckets have 3 to 63 lower-case letters, digits and dashes, and must be unique in the whole world."
  }

  validation {
    condition     = alltrue([for bucket in var.buckets : (bucket.noncurrent_days == null) != (length(bucket.prefixes) == 0)])
    error_message = "Give a bucket either noncurrent_days or prefixes: with both, the shorter time would apply everywhere."
  }

  validation {
    condition     = alltrue(flatten([for bucket in var.buckets : [for prefix in keys(bucket.prefixes) : endswith(prefix, "/")]]))
    error_message = "A prefix must end with a slash, or it would match other names that begin with it."
  }
}
