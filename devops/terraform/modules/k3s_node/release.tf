# What runs on the node, as objects in the data bucket. A release is named by the digest of its list of digests, so the
# same files are the same release, and the node can check them. It reads `node/current` at every boot: an `apply`
# reaches it at its next start, without a new instance.

locals {
  release_environment = "infrastructure/${basename(abspath(var.release_from.environment))}"
  release_sources = merge(
    {
      for path in fileset(var.release_from.devops, "{node,k3s}/**") : path => "${var.release_from.devops}/${path}"
      if !can(regex("(^|/)(\\.|__pycache__/)|\\.md$", path))
    },
    { for path in fileset(var.release_from.environment, "**.yaml") : "${local.release_environment}/${path}" => "${var.release_from.environment}/${path}" },
  )

  # As `sha256sum --check` reads it.
  release_list = join("", [for path in sort(keys(local.release_sources)) : "${filesha256(local.release_sources[path])}  ${path}\n"])
  release      = sha256(local.release_list)
}

resource "aws_s3_object" "release" {
  for_each = local.release_sources

  bucket      = var.buckets.data
  key         = "node/${local.release}/${each.key}"
  source      = each.value
  source_hash = filesha256(each.value)

  lifecycle {
    # A node that boots meanwhile finds the complete old release until `current` names the new one.
    create_before_destroy = true
  }
}

resource "aws_s3_object" "release_list" {
  bucket       = var.buckets.data
  key          = "node/${local.release}/SHA256SUMS"
  content      = local.release_list
  content_type = "text/plain"

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_s3_object" "current" {
  bucket       = var.buckets.data
  key          = "node/current"
  content      = "${local.release}\n"
  content_type = "text/plain"

  depends_on = [aws_s3_object.release, aws_s3_object.release_list]
}
