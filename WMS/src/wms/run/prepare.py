"""`wms data prepare`: start a run on the checked-out dataset, for `dvc repro`."""

from __future__ import annotations

from wms.core.context import Context
from wms.core.errors import NothingToDoError
from wms.core.files import write_bytes, write_record
from wms.core.production import main_head
from wms.core.records.dataset import DatasetManifest, MergePlan
from wms.core.records.promotion import MANIFEST_PATH, POINTER_PATH
from wms.core.records.run import RunOptions
from wms.data.assemble import assemble, require_nothing_else
from wms.run.start import begin


def prepare_run(ctx: Context) -> DatasetManifest:
    """Start a run on the checked-out dataset, without new data (for `dvc repro`).

    Raises:
        NothingToDoError: there is no dataset here.
        RecordError: the files are not exactly those of the manifest.
    """
    root, layout = ctx.layout.root, ctx.layout
    manifest_file, pulled = root / MANIFEST_PATH, root / POINTER_PATH.removesuffix(".dvc")
    if not manifest_file.is_file() or not pulled.is_dir():
        raise NothingToDoError(
            "no dataset is checked out here", remedy="Pull main, then get the pictures with `dvc pull`."
        )
    manifest = DatasetManifest.from_jsonl(manifest_file.read_bytes(), source=str(manifest_file))
    require_nothing_else(pulled, manifest)
    base_sha = main_head(ctx.ports.repository)
    begin(ctx, base_sha, (), RunOptions(reason="dvc repro"), checked_out=True)
    nothing_new = MergePlan(base_sha=base_sha, base_manifest_sha256=manifest.digest, branches=())
    for source, target in ((pulled, layout.base), (layout.base, layout.dataset)):
        assemble(base=source, incoming=layout.incoming, plan=nothing_new, manifest=manifest, to=target)
    write_bytes(layout.base_manifest, manifest.to_jsonl())
    write_bytes(layout.manifest, manifest.to_jsonl())
    write_record(layout.record("state"), ctx.run_state.with_job("data", "done"))
    return manifest
