variable "region" {
  description = "Where the instance is."
  type        = string
}

variable "instance_id" {
  description = "The instance that the stack made or took over."
  type        = string
}

variable "running" {
  description = "Whether it shall run."
  type        = bool
}
