"""The first weights of a training: production's, those of the shipped network, or random ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from safetensors.torch import load_file
from torch import Tensor

from wms.core.context import Context
from wms.core.errors import RegistryError
from wms.core.ports import Registry
from wms.core.production import champion_bundle, metadata_at, verify_bundle
from wms.core.progress import Progress
from wms.core.records.training import WEIGHTS_FILE, Architecture, Start
from wms.core.settings import TrainSettings
from wms.training.pretrained import load_pretrained

INSTEAD_OF_TAG = "start.instead_of"
"""The tag of a run in MLflow (`training/tracking.py`): production's weights were passed over."""


@dataclass(frozen=True, kw_only=True)
class Initial:
    """Where the first weights come from, and the weights by name; none of them if they are random."""

    start: Start
    weights: Mapping[str, Tensor] = field(default_factory=dict)


def random_weights(reason: str = "nothing else was asked for") -> Initial:
    """Weights that depend only on the seed."""
    return Initial(start=Start(init="scratch", reason=reason))


def initial_weights(ctx: Context, settings: TrainSettings) -> Initial:
    """What `init` of the settings leads to in the current run.

    Production's weights were never trained on an image of today's test split: a sample keeps its split for
    ever, and near-duplicates share theirs (`data/assign.py`).

    Raises:
        DataStoreError: production's model cannot be fetched.
        RecordError: its files, or those of the shipped network, are damaged.
    """
    if settings.init == "pretrained":
        return pretrained(settings.architecture, reason="the run's settings say so")
    if settings.init == "scratch":
        return random_weights("the run's settings say so")
    bundle = champion_bundle(ctx)
    metadata = metadata_at(ctx.ports.repository, ctx.request.base_sha)
    if bundle is None or metadata is None:
        return pretrained(settings.architecture, reason="no model is in production yet")
    champion = from_champion(bundle, version=metadata.version, run_id=metadata.run_id, settings=settings)
    return or_fresh(champion, settings, registry=ctx.ports.registry, progress=ctx.progress)


def or_fresh(
    champion: Initial, settings: TrainSettings, *, registry: Registry, progress: Progress
) -> Initial:
    """Production's weights, or once the shipped network, if they were inherited often enough.

    Only once: a fresh training that was held must not stop the next ones from beginning with what is known.
    Where the registry cannot be asked, training goes on as it does without a tracking server, and says so.
    """
    if champion.start.in_a_row <= settings.warm_start.in_a_row:
        return champion
    passed_over = {INSTEAD_OF_TAG: str(champion.start.weights_sha256)}
    try:
        if registry.count_runs(passed_over, besides=""):
            return champion
    except RegistryError as error:
        progress.say(f"no fresh start: it is not known whether one was tried before ({error})")
        return champion
    reason = f"{champion.start.in_a_row - 1} trainings in a row began from production's model"
    fresh = pretrained(settings.architecture, reason=reason)
    start = fresh.start.model_copy(update={"instead_of": champion.start.weights_sha256})
    return Initial(start=start, weights=fresh.weights)


def from_champion(bundle: Path, *, version: int, run_id: str, settings: TrainSettings) -> Initial:
    """The weights of a bundle in production, if they fit.

    Raises:
        RecordError: its files, or those of the shipped network, are damaged.
    """
    card = verify_bundle(bundle)
    if card.architecture != settings.architecture:
        return pretrained(settings.architecture, reason="production's network has another architecture")
    if settings.close_up and card.preprocessing.close_up is None:
        return pretrained(settings.architecture, reason="production's network learned no close-ups")
    before = card.provenance.start.in_a_row if card.provenance.start else 0
    start = Start(
        init="champion",
        reason="its network has the same architecture",
        weights_sha256=card.weights_sha256,
        version=version,
        run_id=run_id,
        in_a_row=before + 1,
    )
    return Initial(start=start, weights=load_file(bundle / WEIGHTS_FILE))


def pretrained(architecture: Architecture, *, reason: str) -> Initial:
    """The shipped network, or random weights where its architecture differs."""
    card, weights = load_pretrained()
    if card.architecture != architecture:
        return random_weights(f"{reason}, and the shipped network does not have that of train.yaml either")
    return Initial(
        start=Start(init="pretrained", reason=reason, weights_sha256=card.weights_sha256), weights=weights
    )
