"""Bring a model to its targets, after it has shown that it works."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from wms.core.context import Context
from wms.core.errors import Code, InputError
from wms.core.production import fetch_bundle
from wms.core.records.deployment import Deployed, Target, TargetResult
from wms.core.records.promotion import ModelMetadata
from wms.core.records.release import release_tag
from wms.deploy.known_photograph import prepare_smoke_test, try_bundle
from wms.deploy.node import deploy_to_node, require_node
from wms.model import page

NO_TARGET = (
    "nothing is deployed: name a target in WMS/configs/deploy.yaml (`targets: [pages]`, `[node]` or both), "
    "or with --target"
)

PAGES_OFF = (
    "GitHub Pages is off for workflows, so the page goes into the release {tag} as page.zip; to turn it on: "
    "Settings > Pages > Source > GitHub Actions, then run this workflow again"
)


def deploy(
    ctx: Context,
    model: ModelMetadata,
    targets: Sequence[Target],
    *,
    out: Path | None,
    tell: Callable[[TargetResult], None],
    dry_run: bool = False,
) -> Deployed:
    """Try a model on the known photograph, then bring it to every target, the page first.

    Args:
        ctx: the workspace.
        model: as main's history has it.
        targets: where; none is no error.
        out: the folder for the page; needed by `pages`.
        tell: told of each target as it is done, so that a later one that fails takes nothing back.
        dry_run: only say what would be done.

    Raises:
        InputError: a target lacks its environment or its folder.
        DeploymentError: the model fails its test, here or at a target. What was there before stays.
    """
    if "node" in targets:
        require_node(ctx)
    if "pages" in targets and out is None and not dry_run:
        raise InputError(
            "the target pages needs a folder for the page",
            Code.CONFIG,
            remedy="Add --out DIR; on GitHub the workflow deploy-model.yml publishes it.",
        )
    if dry_run or not targets:
        planned = tuple(_planned(target, model) for target in targets)
        for plan in planned:
            tell(plan)
        return Deployed(version=model.version, onnx_sha256=model.onnx_sha256, targets=planned)
    scratch = ctx.layout.state
    scratch.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="deploy-", dir=scratch) as name:
        bundle = Path(name) / "model"
        fetch_bundle(model.card_sha256, ctx.ports.data_store, bundle)
        tried = try_bundle(bundle, prepare_smoke_test(ctx, model, bundle))
        results = []
        if "pages" in targets and out is not None:
            page.write_page(bundle, out, version=model.version)
            results.append(_page(ctx, model, out))
            tell(results[-1])
        if "node" in targets:
            results.append(deploy_to_node(ctx, model, bundle))
            tell(results[-1])
    return Deployed(
        version=model.version, onnx_sha256=model.onnx_sha256, dice=tried.dice, targets=tuple(results)
    )


def _planned(target: Target, model: ModelMetadata) -> TargetResult:
    done = "would write its page" if target == "pages" else "would ask the node for it"
    return TargetResult(target=target, state="planned", said=f"model v{model.version}: {done}")


def _page(ctx: Context, model: ModelMetadata, out: Path) -> TargetResult:
    """What the workflow is to do with the written page."""
    if not ctx.run_url:
        said = f"the page of model v{model.version} is in {out}; any web server can serve it"
        return TargetResult(target="pages", state="written", said=said)
    address = ctx.ports.forge.page_url()
    if address is None:
        said = PAGES_OFF.format(tag=release_tag(model.version))
        return TargetResult(target="pages", state="attach", said=said)
    said = f"the page of model v{model.version} is ready for {address}"
    return TargetResult(target="pages", state="publish", said=said)
