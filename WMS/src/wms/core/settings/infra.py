"""The settings of an environment, read from `infrastructure/<env>/terraform.tfvars`.

Terraform and `wms` read the same file. `WMS_ENVIRONMENT` chooses an environment; without it everything is
embedded, and this file is not read.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import ConfigDict, Field, PositiveInt, StringConstraints

from wms.core.errors import Code, InputError
from wms.core.records.base import Frozen
from wms.core.records.leftover import KeepingPrices
from wms.core.settings.loader import checked

ENVIRONMENT_VARIABLE = "WMS_ENVIRONMENT"
OVER_BUDGET_VARIABLE = "WMS_OVER_BUDGET"
WITHOUT_INSTANCE_VARIABLE = "WMS_WITHOUT_INSTANCE"
INFRASTRUCTURE = "infrastructure"
TFVARS = "terraform.tfvars"

EXAMPLE_REPOSITORY = "OWNER/REPO"
"""What the settings have before somebody fills in a repository."""

LEASE_BOOK_KEY = "lease/book.json"
"""The key of the lease book in the data bucket."""

NODE_REPORT_KEY = "lease/node.json"
"""The key of the node's report, beside the book, where its role may write."""

WANTED_KEY, DEPLOYED_KEY = "deploy/wanted.json", "deploy/node.json"
"""The keys of the model that the node is to serve, and of the node's answer."""

DELIVERED_PREFIX = "deploy/models/"
"""Where the files of such models are, in folders by the digest of their graph."""

DUMP_KEY = "backup/mlflow.dump"
"""The key of the database's dumps, which are its versions."""

InstanceType = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]+\.[a-z0-9-]+$")]


class GithubIds(Frozen):
    """The IDs of a repository on GitHub and of its owner."""

    owner_id: PositiveInt
    repository_id: PositiveInt


class InfraSettings(Frozen):
    """`terraform.tfvars` of one environment; the file itself explains each value.

    Keys with a default are optional. `manage_iam` is false for an account that forbids IAM changes, such as
    AWS Academy's: there the instance uses `existing_instance_profile`, and credentials are session keys.
    Prices are US dollars per hour, by instance type.
    """

    model_config = ConfigDict(strict=True)

    name: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{1,28}[a-z0-9]$")]
    region: Annotated[str, StringConstraints(pattern=r"^[a-z]{2}(-[a-z]+)+-\d$")]
    instance_type: InstanceType
    fallback_instance_types: tuple[InstanceType, ...]
    data_volume_gib: PositiveInt
    root_volume_gib: PositiveInt
    manage_iam: bool
    existing_instance_profile: str | None
    github_repository: Annotated[str, StringConstraints(pattern=r"^[\w.-]+/[\w.-]+$")]
    monthly_budget_usd: Annotated[float, Field(gt=0.0)]
    alarm_email: str | None
    price_usd_per_hour: Mapping[InstanceType, Annotated[float, Field(gt=0.0)]]
    price_usd_of_keeping: KeepingPrices
    github_ids: GithubIds | None = None
    create_oidc_provider: bool = True
    availability_zone: str | None = None
    ami_id: str | None = None

    @property
    def node_name(self) -> str:
        """The instance's tag `Name`."""
        return f"{self.name}-node"

    @property
    def session_document(self) -> str:
        """The Session document of Systems Manager that opens the way to MLflow."""
        return f"{self.name}-mlflow"

    def data_bucket(self, account: str) -> str:
        """The bucket of the lease book, the DVC remote and the database's dumps."""
        return f"{self.name}-data-{account}"

    def artifacts_bucket(self, account: str) -> str:
        """The bucket of MLflow's artifacts."""
        return f"{self.name}-artifacts-{account}"

    def state_bucket(self, account: str) -> str:
        """The bucket of Terraform's state."""
        return f"{self.name}-state-{account}"

    @property
    def instance_types(self) -> tuple[str, ...]:
        """The configured type, then the fallback types."""
        return (self.instance_type, *self.fallback_instance_types)


def tfvars_path(root: Path, environment: str) -> Path:
    """The settings file of an environment.

    Raises:
        InputError: `environment` cannot be the name of a folder.
    """
    if re.fullmatch(r"[a-z0-9][a-z0-9-]*", environment) is None:
        raise InputError(
            f"{ENVIRONMENT_VARIABLE}={environment!r} is not the name of an environment",
            Code.CONFIG,
            remedy=f"Name a folder below {INFRASTRUCTURE}/, such as dev.",
        )
    return root / INFRASTRUCTURE / environment / TFVARS


def load_infra_settings(root: Path, environment: str) -> InfraSettings:
    """Read `infrastructure/<environment>/terraform.tfvars` below a workspace root.

    Raises:
        InputError: the file is missing or no HCL, or a value is missing, unknown, computed or out of range.
    """
    path = tfvars_path(root, environment)
    remedy = f"Correct {path}; its comments explain each value."
    try:
        text = path.read_text()
    except OSError as error:
        raise InputError(
            f"the environment {environment} has no settings: {path}: {error.strerror}",
            Code.CONFIG,
            remedy=f"Create that file, or unset {ENVIRONMENT_VARIABLE} for the embedded default.",
        ) from error
    values = _parsed(text, source=path)
    for key, value in values.items():
        if "${" in repr(value):
            raise InputError(f"{path}: {key}: must be written out, not computed", Code.CONFIG, remedy=remedy)
    if isinstance(values.get("fallback_instance_types"), list):
        values["fallback_instance_types"] = tuple(values["fallback_instance_types"])
    return checked(values, InfraSettings, source=str(path), remedy=remedy)


def _parsed(text: str, *, source: Path) -> dict[str, Any]:
    import hcl2  # takes over a second, and only an environment needs it
    from lark.exceptions import LarkError

    plain = hcl2.SerializationOptions(with_comments=False, strip_string_quotes=True)
    try:
        return dict(hcl2.loads(text, serialization_options=plain))
    except LarkError as error:
        raise InputError(f"{source} is not HCL: {str(error).splitlines()[0]}", Code.CONFIG) from error
