# The way to MLflow: a Session document that forwards one port of the instance. AWS's own document takes the port from the
# caller, who would also reach SSH, Kubernetes and the kubelet. Schema:
# https://docs.aws.amazon.com/systems-manager/latest/userguide/session-manager-schema.html
resource "aws_ssm_document" "mlflow" {
  name            = "${var.name}-mlflow"
  document_type   = "Session"
  document_format = "JSON"

  content = jsonencode({
    schemaVersion = "1.0"
    description   = "MLflow on the instance of ${var.name}"
    sessionType   = "Port"
    parameters = {
      localPortNumber = {
        type           = "String"
        description    = "The port on the caller's machine"
        allowedPattern = "^[0-9]{1,5}$"
        default        = "5000"
      }
    }
    properties = {
      portNumber      = "5000"
      type            = "LocalPortForwarding"
      localPortNumber = "{{ localPortNumber }}"
    }
  })
}
