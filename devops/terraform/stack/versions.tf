terraform {
  required_version = "~> 1.11"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 6.25"
    }
  }

  # Bucket and region come from infrastructure/<env>/backend.hcl.
  backend "s3" {
    key          = "stack/terraform.tfstate"
    encrypt      = true
    use_lockfile = true
  }
}
