"""A training process as torchrun starts it: `training_process.py FOLDER OUT [champion=BUNDLE] [KEY=N]...`.

FOLDER holds `data/` and `manifest.jsonl`; the leader leaves its result as `OUT/train.json`. Only the leader
knows the champion: workers read the first weights from the checkpoint.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

from fakes.registry import FakeRegistry
from meters import tiny_settings
from wms.core.files import write_record
from wms.core.records.dataset import DatasetManifest
from wms.training.candidate import train_as_worker
from wms.training.initial import from_champion
from wms.training.process_group import join_process_group
from wms.training.start import TrainingInputs
from wms.training.train import train


def main(folder: Path, out: Path, *changes: str) -> None:
    """Lead or work, as the environment says."""
    manifest = DatasetManifest.from_jsonl((folder / "manifest.jsonl").read_bytes(), source="manifest")
    values = dict(change.split("=") for change in changes)
    champion = values.pop("champion", None)
    settings = tiny_settings(**{key: float(value) for key, value in values.items()})
    with join_process_group() as group:
        inputs = TrainingInputs(
            manifest=manifest,
            dataset=folder / "data",
            settings=settings,
            mask_threshold=127,
            out=out,
            cache=folder / "cache",
            group=group,
        )
        if not group.leads:
            train_as_worker(inputs)
            return
        if champion is not None:
            initial = from_champion(Path(champion), version=1, run_id="r1", settings=settings)
            inputs = replace(inputs, initial=initial)
        result = train(
            inputs,
            code_sha="unknown",
            registry=FakeRegistry(folder / "registry"),
            run_name=out.name,
            resume="if it fits",
        )
    write_record(out / "train.json", result)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), *sys.argv[3:])
