# Buckets for what cannot be made again: versioned, encrypted, private, TLS only.

resource "aws_s3_bucket" "this" {
  #checkov:skip=CKV_AWS_18:access logs cost more than they are worth here; CloudTrail's event history says who changed a bucket
  #checkov:skip=CKV_AWS_144:a copy in another region doubles the cost; versions and dumps protect against our own errors
  #checkov:skip=CKV_AWS_145:keys of our own cost 1 USD a month each and a charge per request; SSE-S3 encrypts too
  #checkov:skip=CKV2_AWS_62:nothing waits for events of these buckets
  for_each = var.buckets

  bucket = each.value.name
}

resource "aws_s3_bucket_versioning" "this" {
  for_each = var.buckets

  bucket = aws_s3_bucket.this[each.key].bucket

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "this" {
  for_each = var.buckets

  bucket = aws_s3_bucket.this[each.key].bucket

  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm = "AES256"
    }
  }
}

resource "aws_s3_bucket_ownership_controls" "this" {
  for_each = var.buckets

  bucket = aws_s3_bucket.this[each.key].bucket

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_public_access_block" "this" {
  for_each = var.buckets

  bucket                  = aws_s3_bucket.this[each.key].bucket
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}
