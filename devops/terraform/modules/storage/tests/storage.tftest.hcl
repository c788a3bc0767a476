mock_provider "aws" {}

variables {
  buckets = {
    data = {
      name = "wms-test-data-123456789012"
      prefixes = {
        "lease/"  = { noncurrent_days = 7 }
        "backup/" = { noncurrent_days = 30, keep_versions = 60 }
        "probe/"  = { noncurrent_days = 1, expire_days = 1 }
      }
    }
    artifacts = { name = "wms-test-artifacts-123456789012", noncurrent_days = 30 }
  }
}

run "a_bucket_is_private_versioned_and_encrypted" {
  command = plan

  assert {
    condition     = aws_s3_bucket_versioning.this["data"].versioning_configuration[0].status == "Enabled"
    error_message = "What is overwritten would be lost."
  }

  assert {
    condition     = one(aws_s3_bucket_server_side_encryption_configuration.this["data"].rule).apply_server_side_encryption_by_default[0].sse_algorithm == "AES256"
    error_message = "Objects are not encrypted."
  }

  assert {
    condition = alltrue([
      aws_s3_bucket_public_access_block.this["data"].block_public_acls,
      aws_s3_bucket_public_access_block.this["data"].block_public_policy,
      aws_s3_bucket_public_access_block.this["data"].ignore_public_acls,
      aws_s3_bucket_public_access_block.this["data"].restrict_public_buckets,
    ])
    error_message = "Something public is not blocked."
  }

  assert {
    condition     = aws_s3_bucket_ownership_controls.this["data"].rule[0].object_ownership == "BucketOwnerEnforced"
    error_message = "ACLs are in force."
  }
}

run "without_tls_every_bucket_denies_everything" {
  command = apply

  assert {
    condition = alltrue([
      for key, bucket in var.buckets : jsondecode(aws_s3_bucket_policy.tls_only[key].policy).Statement == [{
        Sid       = "TlsOnly"
        Effect    = "Deny"
        Principal = "*"
        Action    = "s3:*"
        Resource  = ["arn:aws:s3:::${bucket.name}", "arn:aws:s3:::${bucket.name}/*"]
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      }]
    ])
    error_message = "A bucket can be read without TLS."
  }
}

run "half_uploads_go" {
  command = plan

  assert {
    condition     = alltrue([for rules in aws_s3_bucket_lifecycle_configuration.this : rules.rule[0].abort_incomplete_multipart_upload[0].days_after_initiation == 3])
    error_message = "Half uploads stay, unseen and paid for."
  }
}

run "old_versions_go_by_the_times_of_their_part" {
  command = plan

  assert {
    condition = jsonencode({
      for rule in aws_s3_bucket_lifecycle_configuration.this["data"].rule :
      rule.id => {
        stands  = try(rule.expiration[0].days, null)
        old     = try(rule.noncurrent_version_expiration[0].noncurrent_days, null)
        keep    = try(rule.noncurrent_version_expiration[0].newer_noncurrent_versions, null)
        enabled = rule.status == "Enabled"
      }
      }) == jsonencode({
      everything = { stands = null, old = null, keep = null, enabled = true }
      lease      = { stands = null, old = 7, keep = null, enabled = true }
      backup     = { stands = null, old = 30, keep = 60, enabled = true }
      probe      = { stands = 1, old = 1, keep = null, enabled = true }
    })
    error_message = "A part of the bucket has other times than its own: dumps may be lost, or leases pile up."
  }

  assert {
    condition     = aws_s3_bucket_lifecycle_configuration.this["artifacts"].rule[0].noncurrent_version_expiration[0].noncurrent_days == 30
    error_message = "Old artifacts stay for ever."
  }
}

run "a_prefix_without_its_slash_is_refused" {
  command = plan

  variables {
    buckets = { data = { name = "wms-test-data-1", prefixes = { lease = { noncurrent_days = 7 } } } }
  }

  expect_failures = [var.buckets]
}

run "two_times_for_one_object_are_refused" {
  command = plan

  variables {
    buckets = { data = { name = "wms-test-data-1", noncurrent_days = 30, prefixes = { "backup/" = { noncurrent_days = 30, keep_versions = 60 } } } }
  }

  expect_failures = [var.buckets]
}
