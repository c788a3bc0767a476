"""A fake of EC2 and SSM over HTTP, for what moto cannot say: which instance types an account denies.

It answers `RunInstances` dry runs in AWS's own words and form, by the type that is asked for.
"""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

DENIED = (
    "You are not authorized to perform this operation. User: arn:aws:sts::123456789012:assumed-role/voclabs/"
    "student is not authorized to perform: ec2:RunInstances on resource: "
    "arn:aws:ec2:us-east-1:123456789012:instance/* "
)
ANSWERS: Mapping[str, tuple[int, str, str]] = {
    "allowed": (412, "DryRunOperation", "Request would have succeeded, but DryRun flag is set."),
    "explicit deny": (
        403,
        "UnauthorizedOperation",
        f"{DENIED}with an explicit deny in an identity-based policy",
    ),
    "no permission": (403, "UnauthorizedOperation", f"{DENIED}because no identity-based policy allows it"),
    "quota": (400, "VcpuLimitExceeded", "You have requested more vCPU capacity than your current limit."),
}
SUBNETS = "<DescribeSubnetsResponse><subnetSet/></DescribeSubnetsResponse>"


@contextlib.contextmanager
def fake_ec2(types: Mapping[str, str]) -> Iterator[str]:
    """Serve on an address; `types` says which of `ANSWERS` each type gets."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if "AmazonSSM" in self.headers.get("X-Amz-Target", ""):
                return self._say(200, json.dumps({"Parameter": {"Value": "ami-0123456789abcdef0"}}))
            asked = {key: values[0] for key, values in parse_qs(body.decode()).items()}
            if asked["Action"] != "RunInstances":
                return self._say(200, SUBNETS)
            assert asked["DryRun"] == "true"
            status, code, message = ANSWERS[types[asked["InstanceType"]]]
            error = f"<Error><Code>{code}</Code><Message>{message}</Message></Error>"
            return self._say(status, f"<Response><Errors>{error}</Errors></Response>")

        def _say(self, status: int, text: str) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
