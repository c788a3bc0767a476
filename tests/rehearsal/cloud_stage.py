"""A stage with a cloud: an environment in moto's account, its node, and the way to the node's MLflow."""

from __future__ import annotations

import base64
import http.server
import json
import shutil
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from clouds import CREDENTIALS, Cloud, enforcing, terraform_configuration, user_with
from fakes.registry import FakeRegistry
from rehearsal.engine.actions.base import ActionCall
from rehearsal.engine.node import Node
from rehearsal.program import NODE_DISK
from rehearsal.stage import ROOT, Stage, open_stage
from servers import free_port
from wms.adapters.aws.lease_store import S3LeaseStore
from wms.adapters.aws.session import Aws
from wms.core.records.lease_book import LeaseBook
from wms.core.settings.infra import LEASE_BOOK_KEY

ENVIRONMENT = "test"
ACCOUNT = "123456789012"
PASSWORD = "the password of the node"
SESSION_KEYS = {
    "AWS_ACCESS_KEY_ID": "ASIAREHEARSEDSESSION",
    "AWS_SECRET_ACCESS_KEY": "secret half of a session",
    "AWS_SESSION_TOKEN": "token of a session",
}
"""What a person copies from AWS Academy's page."""

SSM_PROGRAM = ROOT / "tests/infra/power/fixtures/aws"
"""A stand-in for `aws ssm start-session` that forwards the port for real."""


class Door(http.server.ThreadingHTTPServer):
    """The node's MLflow as far as the way to it is concerned: it lets in who has the password."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Porter)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def shut(self) -> None:
        """Answer nobody any more."""
        self.shutdown()
        self.server_close()


class _Porter(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        expected = "Basic " + base64.b64encode(f"admin:{PASSWORD}".encode()).decode()
        self.send_response(200 if self.headers.get("Authorization") == expected else 401)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@dataclass(frozen=True, kw_only=True)
class CloudStage:
    """What a scenario in the cloud acts on, and what it looks at in the end.

    `node` is the instance's ID, `registry` what the node's MLflow was told.
    """

    stage: Stage
    cloud: Cloud
    node: str
    registry: FakeRegistry

    @property
    def instance(self) -> str:
        """What EC2 says of the node."""
        return self.cloud.instance_state(self.node)

    @property
    def book(self) -> LeaseBook:
        """The lease book as it is now."""
        return self._leases.load()[0]

    @property
    def holders(self) -> list[str]:
        """Who holds the instance."""
        return [lease.holder for lease in self.book.leases]

    @property
    def data_bucket(self) -> str:
        """The bucket of the dataset, the weights and the lease book."""
        return f"{self.cloud.name}-data-{ACCOUNT}"

    def objects(self, prefix: str) -> list[str]:
        """The keys in the data bucket below a prefix."""
        answer = self.cloud.client("s3").list_objects_v2(Bucket=self.data_bucket, Prefix=prefix)
        return [item["Key"] for item in answer.get("Contents", [])]

    def let_time_pass(self, span: timedelta) -> None:
        """Move everything that the lease book says so far into the past."""
        book, tag = self._leases.load()

        def earlier(value: Any) -> Any:
            if isinstance(value, datetime):
                return value - span
            if isinstance(value, dict):
                return {name: earlier(item) for name, item in value.items()}
            return [earlier(item) for item in value] if isinstance(value, list | tuple) else value

        self._leases.swap(LeaseBook.model_validate(earlier(book.model_dump())), expect=tag)

    @property
    def _leases(self) -> S3LeaseStore:
        return S3LeaseStore(lambda: self.data_bucket, LEASE_BOOK_KEY, aws=Aws("us-east-1"))


def make_environment(cloud: Cloud) -> str:
    """What `wms infra apply` would make, as far as a run meets it, directly in moto; the node's ID.

    The node is stopped, and what it writes about itself at its first boot is there.
    """
    for kind in ("data", "artifacts"):
        cloud.client("s3").create_bucket(Bucket=f"{cloud.name}-{kind}-{ACCOUNT}")
    cloud.node_says("ready")
    node = cloud.run_instance(Project=cloud.name, ManagedBy="terraform")
    cloud.client("ec2").stop_instances(InstanceIds=[node])
    cloud.client("ssm").put_parameter(
        Name=f"/{cloud.name}/mlflow/admin-password", Value=PASSWORD, Type="SecureString"
    )
    return node


def environment_files(cloud: Cloud) -> dict[str, bytes]:
    """The project's own HCL, and its environment `dev` as the environment of this cloud."""
    shipped = ROOT / "devops/terraform"
    files = {
        path.relative_to(ROOT).as_posix(): path.read_bytes()
        for path in sorted(shipped.rglob("*"))
        if path.is_file() and ".terraform" not in path.as_posix()
    }
    settings = (ROOT / "infrastructure/dev/terraform.tfvars").read_text()
    folder = f"infrastructure/{ENVIRONMENT}"
    files[f"{folder}/terraform.tfvars"] = settings.replace('"wms-dev"', f'"{cloud.name}"').encode()
    files[f"{folder}/backend.hcl"] = cloud.backend_file.read_bytes()
    return files


def make_programs(folder: Path) -> list[Path]:
    """Folders for PATH: the AWS CLI's stand-in with its plugin, and `terraform` wherever it is."""
    folder.mkdir()
    shutil.copy(SSM_PROGRAM, folder / "aws")
    (folder / "session-manager-plugin").write_text("#!/bin/sh\n")
    (folder / "session-manager-plugin").chmod(0o755)
    terraform = shutil.which("terraform")
    return [folder, *([Path(terraform).parent] if terraform else [])]


@contextmanager
def open_cloud_stage(
    folder: Path,
    node: Node,
    cloud: Cloud,
    *,
    mlflow_port: int,
    programs: Sequence[Path],
    near_port: int | None = None,
    files: Mapping[str, bytes] | None = None,
) -> Iterator[CloudStage]:
    """A fresh repository whose variables and secrets lead to a fresh environment.

    Args:
        folder: an empty one.
        node: GitHub's parser and evaluator.
        cloud: the account; the shell's environment leads to it.
        mlflow_port: where the far end of the tunnel listens on this machine.
        programs: as for `open_stage`.
        near_port: where the tunnel begins; by default, at a free port.
        files: as for `open_stage`, beside those of the environment.
    """
    disk = folder / "disk"
    env = {name: value for name, value in CREDENTIALS.items() if name not in SESSION_KEYS} | {
        "AWS_ENDPOINT_URL": cloud.client("s3").meta.endpoint_url,
        "TF_CLI_CONFIG_FILE": str(terraform_configuration(cloud.folder)),
        "FORWARD_TO": str(mlflow_port),
        "CALLS": str(folder / "calls"),
        "WMS_TUNNEL_PORT": str(near_port or free_port()),
        "WMS_MODEL_NAME": cloud.name,
        NODE_DISK: str(disk),
    }
    settings = {
        "env": env,
        "vars": {
            "WMS_ENVIRONMENT": ENVIRONMENT,
            "AWS_REGION": "us-east-1",
            "WMS_CREDENTIALS_EXPIRE_AT": after(hours=4),
        },
        "secrets": dict(SESSION_KEYS),
    }
    instance = make_environment(cloud)
    all_files = environment_files(cloud) | dict(files or {})
    all_programs = [*programs, *make_programs(folder / "programs")]
    with open_stage(folder, node, files=all_files, programs=all_programs, **settings) as stage:
        yield CloudStage(stage=stage, cloud=cloud, node=instance, registry=FakeRegistry(disk))


def after(**span: float) -> str:
    """A time from now, as a person writes it into a variable."""
    return f"{datetime.now(UTC) + timedelta(**span):%Y-%m-%dT%H:%M:%SZ}"


def watch_credentials(stage: Stage) -> list[ActionCall]:
    """From now on, every use of the action that gives a job its AWS credentials."""
    name = "aws-actions/configure-aws-credentials"
    calls: list[ActionCall] = []
    action = stage.sim.world.actions[name]

    def run(call: ActionCall) -> None:
        calls.append(call)
        action.run(call)

    stage.sim.world.actions[name] = replace(action, run=run)
    return calls


@contextmanager
def denying_writes(there: CloudStage, bucket: str) -> Iterator[None]:
    """An account that enforces: the session's keys may do everything but write into this bucket.

    moto enforces for everybody, so nothing else may be asked of it inside the block.
    """
    rules = [
        {"Effect": "Allow", "Action": "*", "Resource": "*"},
        {"Effect": "Deny", "Action": "s3:PutObject", "Resource": f"arn:aws:s3:::{bucket}/*"},
    ]
    document = json.dumps({"Version": "2012-10-17", "Statement": rules})
    key, secret = user_with(document, there.cloud.client("iam"))
    # A user's keys have no session token.
    there.stage.sim.world.secrets = {"AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": secret}
    with enforcing(there.cloud.client("s3").meta.endpoint_url):
        yield
