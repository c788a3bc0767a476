# The environment dev. Terraform and wms read this file; every value is written out.

# Names and tags start with it.
name   = "wms-dev"
region = "us-east-1"

# The instance that hosts MLflow and the service; where the type is refused, the next one is asked for.
instance_type           = "t3.large"
fallback_instance_types = ["t3a.large", "m5.large"]

# The data volume holds the database and outlives the instance.
data_volume_gib = 20
root_volume_gib = 30

# false where the account forbids IAM changes, as AWS Academy does: name the existing profile then.
manage_iam                = true
existing_instance_profile = null

# Whose workflows may take the role.
github_repository = "OWNER/REPO"

# Above it nothing is started without a reason; the alarm goes to this address.
monthly_budget_usd = 50
alarm_email        = null

# On-demand Linux in us-east-1.
price_usd_per_hour = {
  "t3.large"  = 0.0832
  "t3a.large" = 0.0752
  "m5.large"  = 0.096
}
