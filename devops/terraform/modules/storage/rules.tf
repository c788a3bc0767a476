# Who may access the buckets, and what expires when.

resource "aws_s3_bucket_policy" "tls_only" {
  for_each = var.buckets

  bucket = aws_s3_bucket.this[each.key].bucket
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "TlsOnly"
      Effect    = "Deny"
      Principal = "*"
      Action    = "s3:*"
      Resource = [
        "arn:aws:s3:::${each.value.name}",
        "arn:aws:s3:::${each.value.name}/*",
      ]
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    }]
  })

  # S3 answers two changes to the access of a bucket at the same time with a conflict.
  depends_on = [aws_s3_bucket_public_access_block.this]
}

resource "aws_s3_bucket_lifecycle_configuration" "this" {
  for_each = var.buckets

  bucket = aws_s3_bucket.this[each.key].bucket

  rule {
    id     = "everything"
    status = "Enabled"

    filter {}

    dynamic "noncurrent_version_expiration" {
      for_each = each.value.noncurrent_days[*]

      content {
        noncurrent_days = noncurrent_version_expiration.value
      }
    }

    abort_incomplete_multipart_upload {
      days_after_initiation = 3
    }

    expiration {
      expired_object_delete_marker = true
    }
  }

  dynamic "rule" {
    for_each = each.value.prefixes

    content {
      id     = trimsuffix(rule.key, "/")
      status = "Enabled"

      filter {
        prefix = rule.key
      }

      noncurrent_version_expiration {
        noncurrent_days           = rule.value.noncurrent_days
        newer_noncurrent_versions = rule.value.keep_versions
      }

      dynamic "expiration" {
        for_each = rule.value.expire_days[*]

        content {
          days = expiration.value
        }
      }
    }
  }

  # Rules about old versions need versioning.
  depends_on = [aws_s3_bucket_versioning.this]
}
