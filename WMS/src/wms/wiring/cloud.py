"""An environment's settings become the adapters of AWS and Terraform."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from pathlib import Path

from wms.adapters.aws.account import AwsAccount
from wms.adapters.aws.compute import AwsCompute
from wms.adapters.aws.ec2 import Ec2
from wms.adapters.aws.lease_store import S3LeaseStore
from wms.adapters.aws.node import AwsNode
from wms.adapters.aws.session import Aws
from wms.adapters.aws.sight import AwsSight
from wms.adapters.aws.stack import AwsStack
from wms.adapters.aws.state_bucket import make_state_bucket
from wms.adapters.aws.terraform import Terraform
from wms.adapters.aws.tunnel import Tunnel, admin_password
from wms.core.cloud_ports import LeaseStore
from wms.core.context import Environment
from wms.core.errors import Code, ComputeError, InputError
from wms.core.layout import Layout
from wms.core.settings.infra import (
    ENVIRONMENT_VARIABLE,
    INFRASTRUCTURE,
    LEASE_BOOK_KEY,
    TFVARS,
    WITHOUT_INSTANCE_VARIABLE,
    InfraSettings,
    load_infra_settings,
)

log = logging.getLogger(__name__)

ROOTS = "devops/terraform"


class Cloud:
    """One environment: its settings, its account, and what is made of them.

    Args:
        layout: the workspace; Terraform's working data lie in its state.
        environment: the folder below `infrastructure/`.
    """

    def __init__(self, layout: Layout, environment: str) -> None:
        self.settings: InfraSettings = load_infra_settings(layout.root, environment)
        self.aws = Aws(self.settings.region)
        self.environment = Environment(
            name=environment,
            settings=self.settings,
            account=AwsAccount(self.aws),
            node=AwsNode(self.settings.node_name, aws=self.aws, bucket=self.data_bucket),
            without_instance=os.environ.get(WITHOUT_INSTANCE_VARIABLE) == "true",
        )
        self._folder = layout.root / INFRASTRUCTURE / environment
        self.settings_file = self._folder / TFVARS
        self._roots = layout.root / ROOTS
        self._state = layout.state / environment

    @property
    def account_id(self) -> str:
        """The account that the credentials belong to."""
        return self.environment.account.identity().account

    @property
    def password_parameter(self) -> str:
        """Where the node keeps the tracking server's password."""
        return f"/{self.settings.name}/mlflow/admin-password"

    def dvc_url(self) -> str:
        """The DVC remote, in the data bucket."""
        return f"s3://{self.data_bucket()}/dvc"

    def leases(self) -> LeaseStore:
        """The book in the data bucket."""
        return S3LeaseStore(self.data_bucket, LEASE_BOOK_KEY, aws=self.aws)

    def compute(self) -> AwsCompute:
        """The instance behind its switch."""
        return AwsCompute(self.settings.node_name, ec2=Ec2(self.aws), switch=lambda: self._root("power"))

    def stack(self, tell: Callable[[str], None]) -> AwsStack:
        """Everything that Terraform makes here; its output is told line by line."""
        settings, account = self.settings, self.account_id
        return AwsStack(
            settings.name,
            aws=self.aws,
            stack=self._root("stack", var_file=self.settings_file, tell=tell),
            switch=self._root("power"),
            buckets=(settings.data_bucket(account), settings.artifacts_bucket(account)),
            state_bucket=settings.state_bucket(account),
        )

    def bootstrap(self, *, dry_run: bool) -> list[str]:
        """Make and harden the bucket of Terraform's state; return what was (or would be) done."""
        return make_state_bucket(
            self.aws,
            self.settings.state_bucket(self.account_id),
            account=self.account_id,
            tags={"Project": self.settings.name, "ManagedBy": "wms"},
            dry_run=dry_run,
        )

    def github_variables(self) -> dict[str, str]:
        """The repository's variables by which GitHub's workflows find this environment.

        Raises:
            ComputeError: the stack is not made yet.
        """
        outputs = self.stack(log.debug).outputs()
        if "instance_id" not in outputs:
            raise ComputeError(
                f"the stack of {self.environment.name} is not made, so it has no roles",
                Code.WRONG_INSTANCE,
                remedy="Make it with `wms infra apply`.",
            )
        found = {
            "WMS_ENVIRONMENT": self.environment.name,
            "AWS_REGION": self.settings.region,
            "AWS_ROLE_ARN": outputs.get("pipeline_role_arn"),
            "AWS_IMAGES_ROLE_ARN": outputs.get("images_role_arn"),
        }
        return {name: value for name, value in found.items() if value}

    def sight(self) -> AwsSight:
        """What the doctor looks at."""
        account = self.account_id
        return AwsSight(
            aws=self.aws,
            stack=self.stack(log.debug),
            node_name=self.settings.node_name,
            state_bucket=self.settings.state_bucket(account),
            data_bucket=self.settings.data_bucket(account),
            manifest=self._roots.parent / "k3s/base/mlflow/deployment.yaml",
        )

    def tunnel(self, local_port: int) -> Tunnel:
        """The way to MLflow on the instance.

        Raises:
            ComputeError: there is no running instance.
        """
        node = Ec2(self.aws).named(self.settings.node_name)
        state = "absent" if node is None else node.state
        if node is None or state != "running":
            raise ComputeError(
                f"{self.settings.node_name} is {state}: there is nothing to reach",
                Code.WRONG_INSTANCE,
                remedy="Start it with `wms infra up`.",
            )
        return Tunnel(
            instance_id=node.id,
            region=self.settings.region,
            local_port=local_port,
            document=self.settings.session_document,
            password=admin_password(self.aws, self.password_parameter),
        )

    def log_file(self, name: str) -> Path:
        """Where a program in the background writes what it says."""
        return self._state / f"{name}.log"

    def data_bucket(self) -> str:
        """The data bucket's name."""
        return self.settings.data_bucket(self.account_id)

    def _root(
        self, name: str, *, var_file: Path | None = None, tell: Callable[[str], None] = log.debug
    ) -> Terraform:
        return Terraform(
            self._roots / name,
            data=self._state / "terraform" / name,
            backend_file=self._folder / "backend.hcl",
            backend={
                "bucket": self.settings.state_bucket(self.account_id),
                "region": self.settings.region,
            },
            var_file=var_file,
            tell=tell,
        )


def open_cloud(start: Path) -> Cloud:
    """The environment that `WMS_ENVIRONMENT` chooses, for the workspace that `start` lies in.

    Raises:
        InputError: not inside a workspace; or no environment is chosen, or its settings are wrong.
    """
    environment = os.environ.get(ENVIRONMENT_VARIABLE)
    if not environment:
        raise InputError(
            f"{ENVIRONMENT_VARIABLE} is not set, so there is no environment to work on",
            Code.CONFIG,
            remedy=f"Choose a folder below {INFRASTRUCTURE}/, such as `export {ENVIRONMENT_VARIABLE}=dev`.",
        )
    return Cloud(Layout.find(start), environment)
