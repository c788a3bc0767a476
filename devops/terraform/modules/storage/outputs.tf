output "names" {
  description = "Names by what they are for; to be had once a bucket is there."
  value       = { for key, bucket in aws_s3_bucket.this : key => bucket.bucket }
}
