"""`wms pretrain`: learn from rendered meters alone, and store the weights that a first training starts from.

Only meters of invented makes are rendered (`synth/invention.py`): no photograph is used, and the makes of
`wms data synth`, which the demo shows, are never seen.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from pathlib import Path

from wms.core.cores import usable_cores
from wms.core.progress import Progress
from wms.core.records.dataset import DatasetManifest, Sample, Split
from wms.core.settings import ValidationPolicy, load_data_settings, load_train_settings
from wms.data.inspection.pair import inspect_pair
from wms.data.plan import plan_folder
from wms.synth.dataset import write_pairs
from wms.training.loop import fit
from wms.training.pretrained import Pretrained, save_pretrained
from wms.training.start import TrainingInputs, prepare_samples, start_training

VAL_EACH = 20
"""Each pair of this number is for validation, which chooses the best epoch."""


def pretrain(
    root: Path,
    *,
    out: Path,
    pairs: int,
    seed: int,
    epochs: int,
    threads: int,
    code_sha: str,
    progress: Progress,
) -> Pretrained:
    """Render pairs, train on them from scratch, and write `pretrained.safetensors` and its card to `out`.

    An interrupted run resumes after its last epoch when it is repeated. Equal arguments give the same pixels
    and, on the same kind of processor with the same PyTorch, the same weights; elsewhere sums are rounded
    differently, so only the quality is the same.

    Args:
        root: a workspace, whose `train.yaml` says how to train; the time budget is not used.
        out: gets the rendered pairs, the checkpoints, and the result.
        pairs: how many, at least 40.
        seed: of the series of meters.
        epochs: of the whole training.
        threads: cores that compute; part of what the bits of the weights depend on.
        code_sha: the Git commit of the code, or `unknown`.
        progress: told about pairs and epochs.

    Raises:
        TrainingError: the loss is not finite.
        StorageError: a file cannot be written.
    """
    overrides = {"epochs": epochs, "max_minutes": None, "threads": threads, "init": "scratch"}
    settings = load_train_settings(root, overrides)
    policy = load_data_settings(root).validation
    rendered = out / f"pairs-{seed}"
    manifest = _render(rendered, policy, progress, pairs=pairs, seed=seed)
    inputs = TrainingInputs(
        manifest=manifest,
        dataset=rendered,
        settings=settings,
        mask_threshold=policy.mask_threshold,
        out=out / "run",
        cache=out / "cache",
        progress=progress,
    )
    samples = prepare_samples(inputs)
    provenance = inputs.provenance(code_sha)
    state = start_training(inputs, samples, provenance=provenance, resume="if it fits")
    fitted = fit(
        inputs,
        samples,
        state,
        on_epoch=lambda history: progress.say(
            f"epoch {len(history)}/{state.plan.epochs}  val loss {history[-1].val_loss:.4f}  "
            f"val Dice {history[-1].val_dice:.3f}  {history[-1].images_per_second:.0f} images/s"
        ),
    )
    return save_pretrained(
        fitted.network,
        out,
        architecture=settings.architecture,
        provenance=provenance,
        command=f"wms pretrain --pairs {pairs} --seed {seed} --epochs {epochs} --threads {threads}",
        torch_version=version("torch"),
        val_dice=fitted.history[fitted.best_epoch].val_dice,
    )


def _render(
    folder: Path, policy: ValidationPolicy, progress: Progress, *, pairs: int, seed: int
) -> DatasetManifest:
    """Render the pairs that are not there yet, and measure all."""
    if len(list((folder / "masks").glob("*"))) != pairs:
        write_pairs(folder, count=pairs, seed=seed, invented=True, progress=progress)
    plan = plan_folder(folder, manifest=DatasetManifest())

    def sample(number: int) -> Sample:
        facts = inspect_pair(plan.pairs[number], incoming=folder, policy=policy).facts
        assert facts is not None  # noqa: S101 - what is rendered can be read
        split: Split = "train" if number % VAL_EACH else "val"
        return Sample(**facts.model_dump(), group=facts.stem, split=split, added_by="wms pretrain")

    with ThreadPoolExecutor(usable_cores()) as pool:
        done = pool.map(sample, range(pairs))
        return DatasetManifest.of(progress.track(done, label="measuring", total=pairs))
