"""What a cloud gives the pipeline: an instance, what it says of itself, the lease book, an account.

A second cloud implements these five; the embedded default implements `Compute` and `LeaseStore`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, Protocol

from wms.core.records.cloud import Answer, CallerIdentity
from wms.core.records.deployment import NodeDeployment, WantedModel
from wms.core.records.lease_book import LeaseBook
from wms.core.records.node import NodeReport

InstanceState = Literal["running", "stopped", "pending", "stopping", "absent"]


@dataclass(frozen=True, kw_only=True)
class Switched:
    """The result of a start or a stop; `remark` is for the user, and empty if it went as planned."""

    remark: str = ""


class Compute(Protocol):
    """The instance that hosts MLflow and the service. All methods raise `ComputeError`."""

    def up(self) -> Switched:
        """Start the instance and return once it answers. A running instance is no error."""

    def down(self) -> Switched:
        """Stop the instance and return once it is stopped. A stopped instance is no error.

        The stop is asked for within `SWITCH_LIMIT` of the call or not at all: afterwards others may start the
        instance.
        """

    def state(self) -> InstanceState:
        """The present state of the instance."""


class Node(Protocol):
    """The instance, its reports, and the model that it serves. All methods raise `ComputeError`."""

    def started_at(self) -> datetime:
        """When it was last started, by the cloud's own clock."""

    def instance_type(self) -> str | None:
        """Its present type, which may be a fallback type; `None` if there is no instance."""

    def report(self) -> NodeReport | None:
        """The latest report of any boot; `None` if none was ever written."""

    def wanted(self) -> WantedModel | None:
        """The model that it is to serve; `None` if none was ever asked for."""

    def want(self, wanted: WantedModel, folder: Path) -> None:
        """Ask it to serve a model, whose files are below `folder`; complete or not at all."""

    def deployed(self) -> NodeDeployment | None:
        """Its latest answer to such a wish; `None` if it never gave one."""


class CloudAccount(Protocol):
    """The account of a run. All methods raise `CloudError`."""

    def identity(self) -> CallerIdentity:
        """The owner of the credentials."""

    def may_start(self, name: str) -> Answer | None:
        """Whether the instance of this name may be started (it is not); `None` if there is none."""

    def may_launch(self, instance_type: str, *, project: str) -> Answer:
        """Whether an instance of this type could be started (it is not)."""

    def may_use_bucket(self, bucket: str) -> Answer:
        """Whether objects can be written, read and deleted."""

    def state_lock(self, bucket: str, key: str) -> str:
        """Who has locked a Terraform state, since when, for what; empty if nobody."""


@dataclass(frozen=True, kw_only=True)
class Host:
    """The instance as the cloud has it. `image_made_at` is `None` if its image is not shown any more."""

    state: str
    type: str
    image_made_at: datetime | None
    open_ports: Sequence[str]


class Sight(Protocol):
    """What the doctor looks at on this machine and in the cloud; the latter raises `WmsError`."""

    def program(self, name: str) -> str | None:
        """The version of a program on this machine; `None` if there is none."""

    def system(self) -> str:
        """The family of this machine's system, as in `INSTALL` of `cloud/doctor.py`."""

    def state_bucket(self) -> str:
        """The bucket of Terraform's state; empty if there is none."""

    def outputs(self) -> Mapping[str, Any]:
        """What the stack tells; empty before it was made."""

    def image(self) -> tuple[str, bool]:
        """Where the image of MLflow's server is expected, and whether it is there."""

    def host(self) -> Host | None:
        """The instance; `None` if there is none."""


class LeaseStore(Protocol):
    """Keeps the lease book. All methods raise `LeaseError`."""

    def load(self) -> tuple[LeaseBook, str | None]:
        """The book and its entity tag; an empty book and `None` if it was never written."""

    def swap(self, book: LeaseBook, *, expect: str | None) -> str:
        """Write the book if its tag is still `expect`; return the new tag.

        Raises:
            LeaseConflictError: somebody else wrote it meanwhile.
        """
