# The environment dev. Terraform and `wms` read this one file, so every value is written out and every key stays.
# To fill in: github_repository, alarm_email. On AWS Academy also manage_iam and existing_instance_profile.

# What everything is called by: buckets are <name>-data-<account>, the instance is <name>-node. The last part is this
# folder's name.
name   = "wms-dev"
region = "us-east-1"

# The instance that hosts MLflow and the service: 2 vCPU, 8 GiB. Where AWS refuses the type, `wms infra preflight` says
# which of the others it allows: write that one here.
instance_type           = "t3.large"
fallback_instance_types = ["t3a.large", "m5.large"]

# The database's disk, which outlives the instance and can only grow; the system's, which is made anew with it.
data_volume_gib = 20
root_volume_gib = 30

# AWS Academy forbids IAM changes: there write false and "LabInstanceProfile", and give GitHub the session keys.
manage_iam                = true
existing_instance_profile = null

# Whose workflows may take the role. OWNER/REPO is an example that Terraform refuses.
github_repository = "OWNER/REPO"

# What a month may cost. `wms infra up` refuses to start above it; AWS writes to the address at 50, 80 and 100 %.
# Without an address no budget is made, which is right where the account forbids it.
monthly_budget_usd = 50
alarm_email        = null

# On-demand Linux, as https://aws.amazon.com/ec2/pricing/on-demand/ says for the region. For `wms infra cost`.
price_usd_per_hour = {
  "t3.large"  = 0.0832
  "t3a.large" = 0.0752
  "m5.large"  = 0.096
}

# What is paid for beside it: disks, snapshots (https://aws.amazon.com/ebs/pricing/) and buckets
# (https://aws.amazon.com/s3/pricing/) for a GiB a month, a public address (https://aws.amazon.com/vpc/pricing/) an hour.
price_usd_of_keeping = {
  volume_gib_month   = 0.08
  snapshot_gib_month = 0.05
  bucket_gib_month   = 0.023
  address_hour       = 0.005
}
