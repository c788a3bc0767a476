"""Start a run: its request and an empty state in `run/`, on main or on the checked-out dataset."""

from __future__ import annotations

import shutil
from collections.abc import Sequence

from wms.core.context import Context
from wms.core.errors import Code, InputError, NothingToDoError, RepositoryError
from wms.core.files import write_bytes, write_record
from wms.core.layout import Layout
from wms.core.production import main_head
from wms.core.records.dataset import BranchHead, DatasetManifest, MergePlan
from wms.core.records.promotion import MANIFEST_PATH, POINTER_PATH
from wms.core.records.run import RunOptions, RunRequest, RunState, new_run_id
from wms.core.settings import DATA_CONFIG, GATE_CONFIG, TRAIN_CONFIG
from wms.core.words import first_of
from wms.data.assemble import assemble, require_nothing_else

NAMED_BRANCHES = 10
"""How many branches an error names."""


def branch_heads(ctx: Context, names: Sequence[str]) -> tuple[BranchHead, ...]:
    """The tips of data branches on the remote, in the order of their names.

    Raises:
        RepositoryError: a branch does not exist.
    """
    ctx.ports.repository.fetch()
    heads = []
    for name in sorted(set(names)):
        sha = ctx.ports.repository.head(name)
        if sha is None:
            known = ctx.ports.repository.branches("data/")
            listed = first_of(known, NAMED_BRANCHES) or "none"
            raise RepositoryError(
                f"the remote has no branch {name}",
                remedy=f"Use one of its data branches ({listed}).",
            )
        heads.append(BranchHead(name=name, sha=sha))
    return tuple(heads)


def start_run(ctx: Context, branches: tuple[BranchHead, ...], options: RunOptions) -> RunRequest:
    """Clear `run/` and write the request of a new run on main as it is now.

    Raises:
        InputError: the settings here are not those of main, which the gate uses.
    """
    base_sha = main_head(ctx.ports.repository)
    require_settings_of_main(ctx, base_sha)
    return _begin(ctx, base_sha, branches, options)


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
            "no dataset is checked out here", remedy="Pull main, then get the images with `dvc pull`."
        )
    manifest = DatasetManifest.from_jsonl(manifest_file.read_bytes(), source=str(manifest_file))
    require_nothing_else(pulled, manifest)
    base_sha = main_head(ctx.ports.repository)
    _begin(ctx, base_sha, (), RunOptions(reason="dvc repro"), checked_out=True)
    nothing_new = MergePlan(base_sha=base_sha, base_manifest_sha256=manifest.digest, branches=())
    for source, target in ((pulled, layout.base), (layout.base, layout.dataset)):
        assemble(base=source, incoming=layout.incoming, plan=nothing_new, manifest=manifest, to=target)
    write_bytes(layout.base_manifest, manifest.to_jsonl())
    write_bytes(layout.manifest, manifest.to_jsonl())
    write_record(layout.record("state"), ctx.run_state.with_job("data", "done"))
    return manifest


def _begin(
    ctx: Context,
    base_sha: str,
    branches: tuple[BranchHead, ...],
    options: RunOptions,
    *,
    checked_out: bool = False,
) -> RunRequest:
    """Clear `run/` and write the request of a new run and an empty state into it."""
    now = ctx.clock()
    request = RunRequest(
        run_id=new_run_id(base_sha=base_sha, branches=branches, now=now),
        base_sha=base_sha,
        branches=branches,
        options=options,
        actor=ctx.actor,
        started_at=now,
        checked_out=checked_out,
    )
    clear_run(ctx.layout)
    write_record(ctx.layout.record("request"), request)
    write_record(ctx.layout.record("state"), RunState(run_id=request.run_id))
    return request


def clear_run(layout: Layout) -> None:
    """Remove the run in `run/`, if there is one."""
    if layout.run.exists():
        shutil.rmtree(layout.run)


def require_settings_of_main(ctx: Context, main_sha: str) -> None:
    """Check that the settings in the working tree are those on main.

    Raises:
        InputError: names the files that differ.
    """
    differing = [
        path
        for path in (DATA_CONFIG, TRAIN_CONFIG, GATE_CONFIG)
        if ctx.ports.repository.read_file(main_sha, path) != (ctx.layout.root / path).read_bytes()
    ]
    if differing:
        raise InputError(
            f"{', '.join(differing)} here differs from main ({main_sha[:12]}); a run uses main's settings",
            Code.CONFIG,
            remedy="Pull main or push your change to it; for one run, use --set KEY=VALUE instead.",
        )
