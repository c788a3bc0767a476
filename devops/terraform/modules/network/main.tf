# One public subnet for one instance. The security group has no ingress rule: people and workflows connect through SSM,
# to which the instance itself connects.

resource "aws_vpc" "this" {
  #checkov:skip=CKV2_AWS_11:flow logs cost money by the GB and nobody would read them: there is one host without an open port
  #checkov:skip=CKV2_AWS_12:the default group allows only its own members, and has none; managing it would adopt a resource that we did not create
  cidr_block           = var.cidr_block
  enable_dns_support   = true
  enable_dns_hostnames = true
  tags                 = { Name = var.name }
}

# The subnet assigns the address, not the instance: the provider reads `associate_public_ip_address` of a stopped
# instance as false, and would plan to replace it (hashicorp/terraform-provider-aws#33775).
resource "aws_subnet" "public" {
  #checkov:skip=CKV_AWS_130:an auto-assigned address is released on stop; NAT or interface endpoints cost more than everything else together
  vpc_id                  = aws_vpc.this.id
  cidr_block              = cidrsubnet(var.cidr_block, 2, 0)
  availability_zone       = var.availability_zone
  map_public_ip_on_launch = true
  tags                    = { Name = "${var.name}-public" }

  lifecycle {
    # The zone is chosen once: the data volume cannot move to another.
    ignore_changes = [availability_zone]
  }
}

resource "aws_internet_gateway" "this" {
  vpc_id = aws_vpc.this.id
  tags   = { Name = var.name }
}

resource "aws_route_table" "public" {
  vpc_id = aws_vpc.this.id
  tags   = { Name = "${var.name}-public" }
}

resource "aws_route" "internet" {
  route_table_id         = aws_route_table.public.id
  destination_cidr_block = "0.0.0.0/0"
  gateway_id             = aws_internet_gateway.this.id
}

resource "aws_route_table_association" "public" {
  subnet_id      = aws_subnet.public.id
  route_table_id = aws_route_table.public.id
}

# Free, and keeps dumps, artifacts and Amazon Linux's packages (their repositories are S3) off the internet.
resource "aws_vpc_endpoint" "s3" {
  vpc_id            = aws_vpc.this.id
  service_name      = "com.amazonaws.${var.region}.s3"
  vpc_endpoint_type = "Gateway"
  route_table_ids   = [aws_route_table.public.id]
  tags              = { Name = "${var.name}-s3" }
}

resource "aws_security_group" "node" {
  #checkov:skip=CKV2_AWS_5:attached by the module k3s_node
  name        = "${var.name}-node"
  description = "No way in; out by HTTPS alone"
  vpc_id      = aws_vpc.this.id
  tags        = { Name = "${var.name}-node" }
}

# SSM, S3, k3s' release and container images use HTTPS. Amazon's DNS and time servers (169.254.169.253 and .123) are
# not subject to security groups, so they need no rule.
resource "aws_vpc_security_group_egress_rule" "https" {
  security_group_id = aws_security_group.node.id
  description       = "SSM, S3, packages and container images"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
  cidr_ipv4         = "0.0.0.0/0"
}
