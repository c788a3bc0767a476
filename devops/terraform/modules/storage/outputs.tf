output "names" {
  description = "Names by purpose; known once the bucket exists."
  value       = { for key, bucket in aws_s3_bucket.this : key => bucket.bucket }
}
