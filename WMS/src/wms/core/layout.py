"""The paths of a workspace."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from wms.core.errors import Code, InputError


@dataclass(frozen=True)
class Layout:
    """The paths of one workspace, from its root folder.

    `run/` holds the current run's records; `.wms/` holds the embedded default's state (MLflow
    store, data remote, local forge, leases). Git ignores both.
    """

    root: Path

    @classmethod
    def find(cls, start: Path) -> Layout:
        """The workspace that contains `start`.

        Raises:
            InputError: neither `start` nor a folder above it has `dvc.yaml` and `WMS/configs`.
        """
        for folder in (start, *start.parents):
            if (folder / "dvc.yaml").is_file() and (folder / "WMS/configs").is_dir():
                return cls(folder)
        raise InputError(
            f"{start} is in no workspace: no dvc.yaml and WMS/configs here or above", Code.WORKSPACE
        )

    @property
    def state(self) -> Path:
        """The embedded default's own state."""
        return self.root / ".wms"

    @property
    def run(self) -> Path:
        """Records of the current run."""
        return self.root / "run"

    @property
    def incoming(self) -> Path:
        """The pairs of the run's data branches, exported from Git: `<branch>@<commit>/{images,masks}`."""
        return self.run / "incoming"

    @property
    def dataset(self) -> Path:
        """The run's dataset, `images/` and `masks/`: main's pairs and the new ones, as hard links."""
        return self.run / "dataset"

    @property
    def base(self) -> Path:
        """The dataset of main at the start of the run; its test split decides."""
        return self.run / "base"

    @property
    def bundle(self) -> Path:
        """The trained model: `model.safetensors`, `model.onnx`, `model.json`."""
        return self.run / "model"

    @property
    def images(self) -> Path:
        """The images in the run's report and texts."""
        return self.run / "pictures"

    @property
    def cache(self) -> Path:
        """Decoded images, keyed by digest and size, shared by all runs."""
        return self.state / "cache"

    def record(self, name: str) -> Path:
        """The file of a record, such as `run/decision.json` for `decision`."""
        return self.run / f"{name}.json"

    @property
    def manifest(self) -> Path:
        """The manifest of the run's dataset."""
        return self.run / "manifest.jsonl"

    @property
    def base_manifest(self) -> Path:
        """The manifest of main at the start of the run."""
        return self.run / "base.jsonl"

    @property
    def champions(self) -> Path:
        """Bundles fetched from the data store, by weights digest."""
        return self.state / "models"

    @property
    def reports(self) -> Path:
        """One page for each run, and an index."""
        return self.state / "reports"
