# Everything that stays while the instance is stopped. The root power starts and stops it.

provider "aws" {
  region = var.region

  default_tags {
    tags = {
      Project   = var.name
      ManagedBy = "terraform"
    }
  }
}

data "aws_caller_identity" "current" {}

locals {
  account_id = data.aws_caller_identity.current.account_id

  # The bucket of this state: `wms infra bootstrap` creates and protects it.
  buckets = { for purpose in ["data", "artifacts", "state"] : purpose => "${var.name}-${purpose}-${local.account_id}" }

  # wms-dev is described in infrastructure/dev.
  environment = element(split("-", var.name), -1)
}

module "network" {
  source = "../modules/network"

  name              = var.name
  region            = var.region
  availability_zone = local.availability_zone
}

module "storage" {
  source = "../modules/storage"

  buckets = {
    data = {
      name = local.buckets.data
      prefixes = {
        "dvc/"  = { noncurrent_days = 30 }
        "node/" = { noncurrent_days = 30 }
        # Every renewal writes a version of the book; a week of them is enough to see what happened.
        "lease/" = { noncurrent_days = 7 }
        # One key, one version per dump. By age alone, an environment that is not used would lose all dumps.
        "backup/" = { noncurrent_days = 30, keep_versions = 60 }
        # Models of some 10 MB, one for each version that was asked for.
        "deploy/" = { noncurrent_days = 30 }
        "probe/"  = { noncurrent_days = 1, expire_days = 1 }
      }
    }
    artifacts = { name = local.buckets.artifacts, noncurrent_days = 30 }
  }
}

module "policies" {
  source = "../modules/policies"

  name       = var.name
  account_id = local.account_id
  region     = var.region
  buckets    = local.buckets
  github = merge(
    { repository = var.github_repository },
    var.github_ids == null ? {} : var.github_ids,
  )
}

module "identity" {
  source = "../modules/identity"

  name                      = var.name
  manage_iam                = var.manage_iam
  existing_instance_profile = var.existing_instance_profile
  create_oidc_provider      = var.create_oidc_provider
  documents = {
    node         = module.policies.node
    node_trust   = module.policies.node_trust
    pipeline     = module.policies.pipeline
    images       = module.policies.images
    github_trust = module.policies.github_trust
  }
}

module "k3s_node" {
  source = "../modules/k3s_node"

  name              = var.name
  region            = var.region
  instance_type     = var.instance_type
  instance_profile  = module.identity.instance_profile
  availability_zone = local.availability_zone
  root_volume_gib   = var.root_volume_gib
  data_volume_gib   = var.data_volume_gib
  ami_id            = var.ami_id
  release_from = {
    devops      = "${path.root}/../.."
    environment = "${path.root}/../../../infrastructure/${local.environment}"
  }
  network = {
    subnet_id         = module.network.subnet_id
    security_group_id = module.network.security_group_id
  }
  buckets = {
    data      = module.storage.names["data"]
    artifacts = module.storage.names["artifacts"]
  }
}
