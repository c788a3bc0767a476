# Where Terraform keeps its state: `terraform init -backend-config=../../../infrastructure/dev/backend.hcl`.
# To fill in: the account (`aws sts get-caller-identity --query Account --output text`). `wms infra
# bootstrap` creates the bucket; key, encryption and locking are in the roots themselves. `wms` does not need this value.
bucket = "wms-dev-state-000000000000"
region = "us-east-1"
