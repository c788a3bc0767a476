"""Assemble a dataset's folder: exactly the files of its manifest."""

from __future__ import annotations

from pathlib import Path

from wms.core.context import Context
from wms.core.errors import Code, RecordError
from wms.core.files import link_or_copy, read_record, replacing_folder, verify_sha256
from wms.core.records.dataset import DatasetManifest, MergePlan
from wms.core.records.promotion import POINTER_PATH
from wms.core.words import counted, first_of


def require_dataset(ctx: Context) -> None:
    """Make sure that the run's dataset is in `run/`. A run from another machine brings only its records.

    Raises:
        DataStoreError: main's dataset cannot be fetched.
        RecordError: an image is not the one that the manifest names.
    """
    layout, manifest = ctx.layout, ctx.manifest()
    if not layout.dataset.is_dir():
        ctx.progress.say(f"fetching the dataset of this run: {counted(len(manifest.samples), 'sample')}")
        lay_out(ctx, read_record(layout.record("merge"), MergePlan), manifest)


def lay_out(ctx: Context, plan: MergePlan, manifest: DatasetManifest) -> None:
    """Fetch main's dataset and assemble the run's in `run/dataset`."""
    layout = ctx.layout
    pointer = ctx.ports.repository.read_file(ctx.request.base_sha, POINTER_PATH)
    if pointer is not None:
        ctx.ports.data_store.fetch_dataset(pointer, layout.base)
    assemble(base=layout.base, incoming=layout.incoming, plan=plan, manifest=manifest, to=layout.dataset)


def assemble(*, base: Path, incoming: Path, plan: MergePlan, manifest: DatasetManifest, to: Path) -> None:
    """Make `to/{images,masks}` hold exactly the manifest's files, by hard links where possible.

    A sample comes from `incoming` if the plan has it with the same SHA-256, otherwise from `base`. Each file
    is checked. The new folder takes its place at the end, so a killed run leaves the old one whole, or none.

    Raises:
        RecordError: a file is missing or its bytes are not those of the manifest.
        StorageError: the disk is full or the folder cannot be written.
    """
    pairs = {pair.stem: pair for pair in plan.pairs}
    with replacing_folder(to) as fresh:
        for part in ("images", "masks"):
            (fresh / part).mkdir()
        for sample in manifest.samples:
            digests = (sample.image_sha256, sample.mask_sha256)
            pair = pairs.get(sample.stem)
            if pair is not None and (pair.image_sha256, pair.mask_sha256) == digests:
                sources = (incoming / pair.image_source, incoming / pair.mask_source)
            else:
                sources = (base / "images" / sample.image, base / "masks" / sample.mask)
            targets = (fresh / "images" / sample.image, fresh / "masks" / sample.mask)
            for source, target, digest in zip(sources, targets, digests, strict=True):
                verify_sha256(source, digest)
                link_or_copy(source, target)


def require_nothing_else(folder: Path, manifest: DatasetManifest) -> None:
    """Check that a dataset's folder holds no file that is not in its manifest.

    Raises:
        RecordError: it does.
    """
    named = {f"images/{sample.image}" for sample in manifest.samples}
    named |= {f"masks/{sample.mask}" for sample in manifest.samples}
    there = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir()}
    if unknown := sorted(there - named):
        raise RecordError(
            f"{folder} holds files that are not in the manifest: {first_of(unknown, 3)}",
            Code.DIGEST_MISMATCH,
            remedy="Remove them, or push them as a data branch if they are new pairs.",
        )
