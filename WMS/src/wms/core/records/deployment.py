"""A model on its way to where it is used: what the node is asked for, and what it answers."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AwareDatetime, Field, PositiveInt

from wms.core.records.base import Frozen, Record, Sha256
from wms.core.records.dataset import FileName, Share

Target = Literal["node", "pages"]

SMOKE_FOLDER = "smoke"
"""The folder of the known photograph beside a model's files."""


class SmokeTest(Record):
    """`smoke.json`: a photograph of the test split whose window the model must find.

    `photograph` and `mask` are files beside it; a mask's pixel is window above the grey level
    `mask_threshold`. `dice_at_least` is what the gate measured for this photograph, less the tolerance.
    `onnx_sha256` is the model that must answer.
    """

    photograph: FileName
    mask: FileName
    mask_threshold: Annotated[int, Field(ge=0, le=255)]
    dice_at_least: Share
    onnx_sha256: Sha256


class SmokeResult(Frozen):
    """What a smoke test found: the Dice on the photograph, and the model that answered."""

    dice: Share
    onnx_sha256: Sha256


class Delivered(Frozen):
    """A file in the data bucket, for the node."""

    key: str
    sha256: Sha256


class WantedModel(Record):
    """`deploy/wanted.json` in the data bucket: the model that the node is to serve.

    `files` are the model's and the smoke test's, by their path in the folder that the service loads.
    `deployment` is the number of the deployment on GitHub; `None` if it could not be recorded there.
    """

    version: PositiveInt
    onnx_sha256: Sha256
    files: dict[str, Delivered]
    deployment: int | None
    asked_at: AwareDatetime

    def same_model(self, other: WantedModel | None) -> bool:
        """Whether another wish is for the same files."""
        return other is not None and self.files == other.files


class NodeDeployment(Record):
    """`deploy/node.json` in the data bucket, written by `devops/node/deploy`.

    It answers the wish whose SHA-256 is `wanted_sha256`. `waiting`: something is missing, and the node tries
    again; `failed`: the wanted version failed, and the one before serves again, if there was one. `why` says
    what is missing or failed. `onnx_sha256` is what the service's `/version` says now; `None` if none runs.
    `dice` is the smoke test's; `image` the tag of the service's image.
    """

    state: Literal["waiting", "serving", "failed"]
    why: str
    wanted_sha256: Sha256
    version: PositiveInt
    onnx_sha256: Sha256 | None
    dice: Share | None
    image: str | None
    reported_at: AwareDatetime


class TargetResult(Frozen):
    """What became of one target.

    `unchanged`: it has this version already. `wanted`: the node takes it when it runs next. `publish` and
    `attach`: the page is written, for GitHub Pages or for the release; `written`: it is in the folder alone.
    """

    target: Target
    state: Literal["deployed", "unchanged", "wanted", "publish", "attach", "written", "planned"]
    said: str


class Deployed(Frozen):
    """A model's deployment. `dice` is the smoke test's before anything was changed; `None` of a plan."""

    version: PositiveInt
    onnx_sha256: Sha256
    dice: Share | None = None
    targets: tuple[TargetResult, ...] = ()
