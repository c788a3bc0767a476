"""`wms model …`: the model in production, and how to change it."""

from __future__ import annotations

from dataclasses import asdict

import click

from wms.cli import options, output
from wms.cli.common import chosen_model, locked_workspace, workspace
from wms.cli.groups import Group
from wms.cli.output import minute
from wms.cli.release import page, pull, release
from wms.core.production import main_head, model_history
from wms.core.records.metrics import GATED, headline
from wms.core.records.promotion import RolledBack
from wms.promotion.reconcile import reconcile_registry
from wms.promotion.rollback import roll_back
from wms.run.adopt import adopt_model

model = Group("model", help="Show, fetch and change the model in production.")


@model.command("list")
@options.json
def list_models() -> None:
    """List the registered models, candidates that were held included.

    \b
    Example:
      wms model list
    """
    registry = workspace().ports.registry
    production, versions = registry.production(), registry.versions()
    found, rows = [], []
    for each in versions:
        used, name, sha256 = each.version == production, f"v{each.version}", each.weights_sha256[:12]
        found.append(asdict(each) | {"created_at": each.created_at.isoformat(), "production": used})
        rows.append((name, minute(each.created_at), sha256, each.run_id[:12], "production" if used else ""))
    output.answer(found, *output.table(("version", "created", "weights", "run", ""), rows))


@model.command()
@options.version
@options.json
def show(version: int | None) -> None:
    """Show the model in production, or an earlier one: metrics, dataset, digests.

    \b
    Examples:
      wms model show
      wms model show --version 1 --json
    """
    found = chosen_model(workspace(), version)
    data = found.dataset
    output.answer(
        found,
        f"model v{found.version}, {found.kind} of {minute(found.changed_at)} by {found.actor}",
        f"  {found.reason}",
        f"  {headline(found.metrics)}",
        f"  trained on {data.train} images (validation {data.val}, test {data.test})",
        f"  manifest {data.manifest_sha256}",
        f"  weights {found.weights_sha256}",
    )


for command in (pull, release, page):
    model.add_command(command)


@model.command()
@click.option(
    "--to",
    "version",
    type=click.IntRange(min=1),
    metavar="N",
    envvar="WMS_VERSION",
    help="The version to go back to.",
)
@click.option(
    "--reason",
    default="rolled back by hand",
    show_default=True,
    envvar="WMS_REASON",
    help="Kept with the change.",
)
@click.option("--propose", is_flag=True, help="Open the pull request and leave it open, for the CI.")
@options.ci_passed
@options.dry_run
@options.wait
@options.json
def rollback(version: int | None, reason: str, propose: bool, ci_passed: str | None, dry_run: bool) -> None:
    """Put an earlier model back into production: a pull request of one commit, merged at once.

    Without --to it undoes the last promotion. A second time it changes nothing and says so; to go further
    back, name the model with --to. You can repeat the command safely. The dataset does not change.

    The commit gets the status `ci` as with `wms merge`. Where main itself did not pass `ci`, use two steps:
    --propose gives the commit as the step output `untested`, ci.yml runs on it, and --ci-passed merges it
    and no other.

    \b
    Examples:
      wms model rollback --reason "misses the new meters"
      wms model rollback --to 2 --dry-run
      wms model rollback --to 2 --propose
      wms model rollback --to 2 --ci-passed "$CI_SHA"
    """
    if propose and ci_passed is not None:
        raise click.UsageError("--propose comes before the CI, --ci-passed after it")
    with locked_workspace(lock=not dry_run) as ctx:
        done = roll_back(
            ctx, version=version, reason=reason, dry_run=dry_run, propose=propose, ci_passed=ci_passed
        )
    if done.proposed is not None:
        output.step_output("untested", "" if done.proposed.tested else done.proposed.commit_sha)
    unreleased = [f"its release is not marked: {done.unreleased}"] if done.unreleased else []
    output.answer(done.proposed or done.model, *_rolled_back(done, named=version is not None), *unreleased)


def _rolled_back(done: RolledBack, *, named: bool) -> list[str]:
    model = done.model
    if done.merged is not None:
        undeployed = done.merged.undeployed
        back = f"model v{model.version} is in production again (#{done.merged.pull_request})"
        return [back, f"it is not deployed: {undeployed}"] if undeployed is not None else [back]
    if done.proposed is not None:
        then = "main passed ci" if done.proposed.tested else f"ci has to run on {done.proposed.commit_sha}"
        return [f"#{done.proposed.pull_request} would go back to model v{model.version}; {then}"]
    if not done.already:
        return [f"would go back to model v{model.version} ({model.weights_sha256[:12]})"]
    if named:
        return [f"model v{model.version} is in production already"]
    when = minute(model.changed_at)
    return [
        f"model v{model.version} is in production already, by a rollback of {when}: {model.reason}",
        "  to go further back, name the model: see `wms model history`, then use --to N",
    ]


@model.command()
@click.option("--adopt", is_flag=True, help="Take over the alias even if somebody else set it.")
@options.dry_run
@options.wait
@options.json
def reconcile(adopt: bool, dry_run: bool) -> None:
    """Make the registry's production alias follow model-metadata.json on main.

    An alias on a model that was never in production here belongs to another repository, and does not change.

    \b
    Example:
      wms model reconcile --dry-run
    """
    with locked_workspace(lock=not dry_run) as ctx:
        done = reconcile_registry(ctx, dry_run=dry_run, adopt=adopt)
    target = f"v{done.version}" if done.version else "no model"
    moved = f"{'would move' if dry_run else 'moved'} production to {target}"
    output.answer(done, moved if done.alias_moved else f"the registry agrees: {target}")


@model.command()
@options.json
def history() -> None:
    """List the models that were in production, newest first, from main's history.

    \b
    Example:
      wms model history
    """
    repository = workspace().ports.repository
    repository.fetch()
    states = model_history(repository, main_head(repository))
    rows = []
    for each in states:
        scores = (metric.shown(each.metrics) for metric in GATED)
        rows.append(
            (f"v{each.version}", minute(each.changed_at), each.kind, *scores, each.actor, each.reason)
        )
    names = (metric.name for metric in GATED)
    output.answer(states, *output.table(("version", "since", "kind", *names, "by", "why"), rows))


@model.command()
@click.argument("run", metavar="[FOLDER|RECORDS]", required=False)
@options.dry_run
@options.wait
@options.json
def adopt(run: str | None, dry_run: bool) -> None:
    """Register the model of a run that continued without the registry, and propose its promotion.

    RECORDS is the SHA-256 that the run's summary and comment name; FOLDER is the unpacked artifact
    `run-train-N`, which GitHub keeps for three days; the default is run/. If the gate said promote and main
    has not changed since, this opens the pull request; `wms merge` here, or the next run of the workflow,
    merges it. If main changed, the model is only registered (exit 34), and its data need a new run.

    \b
    Examples:
      wms model adopt 3f7a0c...
      wms model adopt ~/Downloads/run-train-1
    """
    if dry_run:
        would = f"would register the model of {run or 'run/'} and propose it, if the gate said promote"
        output.answer({"dry_run": True, "run": run}, would)
        return
    with locked_workspace() as ctx:
        adopted = adopt_model(ctx, run or str(ctx.layout.run))
    output.answer(
        adopted,
        f"the model of run {adopted.run_id} is registered as v{adopted.version}",
        "the gate said hold, so it stays a candidate"
        if adopted.promotion is None
        else f"#{adopted.promotion.pull_request} proposes it: `wms merge`, or the workflow's next run",
    )
