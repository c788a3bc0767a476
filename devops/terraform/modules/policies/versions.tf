# No provider: this module is a pure function from names to documents.
terraform {
  required_version = "~> 1.11"
}
