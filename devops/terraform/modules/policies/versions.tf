# No provider: this module is a pure function from names to documents, and is tested as one.
terraform {
  required_version = "~> 1.11"
}
