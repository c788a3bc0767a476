# Where Terraform keeps its state: `terraform init -backend-config=../../../infrastructure/dev/backend.hcl`.
# To fill in: the account (`aws sts get-caller-identity --query Account --output text`). The bucket is made, once, by
# `wms infra bootstrap`; key, encryption and locking stand in the roots themselves.
bucket = "wms-dev-state-000000000000"
region = "us-east-1"
