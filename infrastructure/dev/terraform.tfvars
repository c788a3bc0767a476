# The environment dev. Terraform and `wms` read this file, so keep every key.
# `wms infra bootstrap` asks for github_repository and alarm_email and writes them here. On AWS Academy also change
# manage_iam and existing_instance_profile.

# Prefix of all names: buckets are <name>-data-<account>, the instance is <name>-node. The last part is this folder's
# name.
name   = "wms-dev"
region = "us-east-1"

# The instance that hosts MLflow: 2 vCPU, 8 GiB. If AWS refuses the type, `wms infra preflight` says which of the others
# it allows: write that one here. Accounts on AWS's Free plan start m7i-flex.large and none of the others.
instance_type           = "t3.large"
fallback_instance_types = ["m7i-flex.large", "t3a.large", "m5.large"]

# The database's disk, which outlives the instance and can only grow: at the next start after `wms infra apply` the file
# system has the new size. The system's disk, which is created with the instance.
data_volume_gib = 8
root_volume_gib = 16

# On AWS Academy, which forbids IAM changes: false and "LabInstanceProfile".
manage_iam                = true
existing_instance_profile = null

# The repository whose workflows may take the role. Terraform refuses the example OWNER/REPO.
github_repository = "OWNER/REPO"

# The most that a month may cost. `wms infra up` refuses to start above it; AWS writes to the address at 50, 80 and 100 %.
# Without an address AWS gets no budget (the account may forbid it).
monthly_budget_usd = 50
alarm_email        = null

# On-demand Linux in the region (https://aws.amazon.com/ec2/pricing/on-demand/). For `wms infra cost`.
price_usd_per_hour = {
  "t3.large"       = 0.0832
  "m7i-flex.large" = 0.09576
  "t3a.large"      = 0.0752
  "m5.large"       = 0.096
}

# Other costs: disks and snapshots (https://aws.amazon.com/ebs/pricing/) and buckets (https://aws.amazon.com/s3/pricing/)
# per GiB and month, a public address (https://aws.amazon.com/vpc/pricing/) per hour.
price_usd_of_keeping = {
  volume_gib_month   = 0.08
  snapshot_gib_month = 0.05
  bucket_gib_month   = 0.023
  address_hour       = 0.005
}

# Optional keys:
#
# Trust only this repository, even if somebody takes its name later. `gh api repos/OWNER/NAME --jq '.owner.id, .id'` prints
# the IDs. Only for repositories whose tokens contain IDs (made or renamed since 2026-07-15, or opted in).
#   github_ids = { owner_id = 1, repository_id = 2 }
# The account has GitHub's OIDC provider already (`EntityAlreadyExists`):
#   create_oidc_provider = false
# Another zone than the first that has the instance types; another image than the newest. Both count only when something is
# created.
#   availability_zone = "us-east-1b"
#   ami_id            = "ami-0123456789abcdef0"
