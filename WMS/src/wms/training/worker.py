"""Take part in a training that another process leads (see `training/process_group.py`)."""

from __future__ import annotations

from pathlib import Path

from wms.core.progress import Silent
from wms.core.records.dataset import DatasetManifest
from wms.core.settings import TrainSettings
from wms.training import checkpoint as checkpoints
from wms.training.checkpoint import CHECKPOINT_FILE
from wms.training.loop import fit
from wms.training.process_group import Team
from wms.training.start import CHECKPOINT_FOLDER, prepare_samples


def assist(
    *,
    manifest: DatasetManifest,
    dataset: Path,
    settings: TrainSettings,
    mask_threshold: int,
    out: Path,
    cache: Path,
    team: Team,
) -> None:
    """Compute this process's share of every batch; nothing but missing decoded samples is written.

    Where the leader finds a training that has ended already there is nothing to do.

    Args:
        manifest: the dataset, the same as the leader's.
        dataset: the folder with `images/` and `masks/`.
        settings: how to train, the same as the leader's.
        mask_threshold: the grey level (0..255) above which a mask pixel is window.
        out: the run folder, in which the leader's checkpoint says where to begin.
        cache: decoded samples; on another machine than the leader's they are decoded here.
        team: the processes that train together.

    Raises:
        ImageError: a picture or mask cannot be read.
        TrainingError: the loss is not finite, or the leader's checkpoint cannot be read.
    """
    if not team.agree(False):
        return
    samples = prepare_samples(
        manifest=manifest,
        dataset=dataset,
        settings=settings,
        mask_threshold=mask_threshold,
        cache=cache,
        progress=Silent(),
    )
    checkpoint = out / CHECKPOINT_FOLDER / CHECKPOINT_FILE
    fit(
        train=samples.train,
        val=samples.val,
        settings=settings,
        state=checkpoints.load(checkpoint).state,
        team=team,
        checkpoint=checkpoint,
        on_epoch=lambda _: None,
        progress=Silent(),
    )
