"""A whole training outside a workspace, as `wms train` does it."""

from __future__ import annotations

from pathlib import Path

from inputs.dataset import lay_out
from wms.adapters.mlflow.registry import MlflowRegistry
from wms.core.progress import Progress
from wms.core.records.dataset import DatasetManifest
from wms.core.records.training import TrainResult
from wms.core.settings import TrainSettings
from wms.training.initial import pretrained, random_weights
from wms.training.start import TrainingInputs
from wms.training.train import train

MASK_THRESHOLD = 127


def train_in(
    scratch: Path, folder: Path, settings: TrainSettings, progress: Progress
) -> tuple[DatasetManifest, TrainResult]:
    """Lay out the pairs of `folder` in `scratch/dataset` and train on them in `scratch/run`."""
    manifest = lay_out(folder, scratch / "dataset")
    inputs = TrainingInputs(
        manifest=manifest,
        dataset=scratch / "dataset",
        settings=settings,
        mask_threshold=MASK_THRESHOLD,
        out=scratch / "run",
        cache=scratch / "cache",
        initial=random_weights()
        if settings.init == "scratch"
        else pretrained(settings.architecture, reason="the benchmark says so"),
        progress=progress,
    )
    return manifest, train_on(inputs, scratch)


def train_on(inputs: TrainingInputs, scratch: Path) -> TrainResult:
    """Train, with a tracking store in `scratch`."""
    registry = MlflowRegistry(
        tracking_uri=f"sqlite:///{scratch / 'mlflow.db'}",
        experiment="benchmark",
        model_name="benchmark",
        artifact_root=scratch / "artifacts",
    )
    return train(inputs, code_sha="benchmark", registry=registry, run_name=inputs.out.name, resume="never")
