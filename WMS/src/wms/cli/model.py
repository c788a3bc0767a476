"""`wms model …`: what is in production, and how to change it."""

from __future__ import annotations

import click

from wms.cli import output
from wms.cli.common import (
    ci_passed_option,
    dry_run_option,
    json_option,
    locked_workspace,
    wait_option,
    workspace,
)
from wms.core.context import Context
from wms.core.records.promotion import ModelMetadata

version_option = click.option(
    "--version",
    type=click.IntRange(min=1),
    metavar="N",
    envvar="WMS_VERSION",
    help="A version that was promoted; default: production.",
)


def chosen_model(ctx: Context, version: int | None) -> ModelMetadata:
    """The model in production, or the named earlier one, as main's history has it."""
    from wms.core.production import main_head, model_history, require_production, rollback_target

    repository = ctx.ports.repository
    repository.fetch()
    main_sha = main_head(repository)
    if version is None:
        return require_production(repository, main_sha)
    return rollback_target(model_history(repository, main_sha), version)


@click.command("list")
@json_option
def list_models(as_json: bool) -> None:
    """List the registered models, candidates that were held included.

    \b
    Example:
      wms model list
    """
    registry = workspace().ports.registry
    production, versions = registry.production(), registry.versions()
    if as_json:
        output.say_json(
            [
                {
                    "version": item.version,
                    "run_id": item.run_id,
                    "weights_sha256": item.weights_sha256,
                    "created_at": item.created_at.isoformat(),
                    "production": item.version == production,
                }
                for item in versions
            ]
        )
        return
    output.table(
        ("version", "created", "weights", "run", ""),
        [
            (
                f"v{item.version}",
                f"{item.created_at:%Y-%m-%d %H:%M}",
                item.weights_sha256[:12],
                item.run_id[:12],
                "production" if item.version == production else "",
            )
            for item in versions
        ],
    )


@click.command()
@version_option
@json_option
def show(version: int | None, as_json: bool) -> None:
    """Show the model in production, or an earlier one: metrics, dataset, digests.

    \b
    Examples:
      wms model show
      wms model show --version 1 --json
    """
    metadata = chosen_model(workspace(), version)
    if as_json:
        output.say_json(metadata.model_dump(mode="json"))
        return
    when = f"{metadata.changed_at:%Y-%m-%d %H:%M}"
    output.say(f"model v{metadata.version}, {metadata.kind} of {when} by {metadata.actor}")
    output.say(f"  {metadata.reason}")
    metrics = metadata.metrics
    output.say(f"  Dice {metrics.dice:.4f}, IoU {metrics.iou:.4f} on {metrics.pictures} test pictures")
    data = metadata.dataset
    output.say(f"  trained on {data.train} pictures (validation {data.val}, test {data.test})")
    output.say(f"  manifest {data.manifest_sha256}")
    output.say(f"  weights {metadata.weights_sha256}")


@click.command()
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
@ci_passed_option
@dry_run_option
@wait_option
@json_option
def rollback(
    version: int | None,
    reason: str,
    propose: bool,
    ci_passed: str | None,
    dry_run: bool,
    wait: float,
    as_json: bool,
) -> None:
    """Put an earlier model back into production: a pull request of one commit, merged at once.

    Without --to it takes the last promotion back: to what was in production before it. Typed again it
    changes nothing and says so; to go further back, name the model with --to. Either way the command may
    be repeated safely. The dataset stays as it is.

    The status `ci` is earned as by `wms merge`. Where main itself did not pass `ci`, go in two steps:
    --propose gives the commit as the step output `untested`, ci.yml runs on it, and --ci-passed merges it
    and no other.

    \b
    Examples:
      wms model rollback --reason "misses the new meters"
      wms model rollback --to 2 --dry-run
      wms model rollback --to 2 --propose
      wms model rollback --to 2 --ci-passed "$CI_SHA"
    """
    from wms.promotion.rollback import roll_back

    if propose and ci_passed is not None:
        raise click.UsageError("--propose comes before the CI, --ci-passed after it")
    if dry_run:
        done = roll_back(workspace(), version=version, reason=reason, dry_run=True)
    else:
        with locked_workspace(wait) as ctx:
            done = roll_back(ctx, version=version, reason=reason, propose=propose, ci_passed=ci_passed)
    model = done.model
    if done.proposed is not None:
        output.step_output("untested", "" if done.proposed.tested else done.proposed.commit_sha)
    if as_json:
        output.say_json((done.proposed or model).model_dump(mode="json"))
    elif done.merged is not None:
        output.say(f"model v{model.version} is in production again (#{done.merged.pull_request})")
        if done.merged.undeployed is not None:
            output.say(f"it is not deployed: {done.merged.undeployed}")
    elif done.proposed is not None:
        then = "main passed ci" if done.proposed.tested else f"ci has to run on {done.proposed.commit_sha}"
        output.say(f"#{done.proposed.pull_request} would go back to model v{model.version}; {then}")
    elif not done.already:
        output.say(f"would go back to model v{model.version} ({model.weights_sha256[:12]})")
    elif version is None:
        when = f"{model.changed_at:%Y-%m-%d %H:%M}"
        output.say(
            f"model v{model.version} is in production already, by a rollback of {when}: {model.reason}"
        )
        output.say("  to go further back, name the model: see `wms model history`, then use --to N")
    else:
        output.say(f"model v{model.version} is in production already")
    if done.unreleased is not None:
        output.say(f"its release is not marked: {done.unreleased}")


@click.command()
@click.option("--adopt", is_flag=True, help="Take the alias over although somebody else set it.")
@dry_run_option
@wait_option
@json_option
def reconcile(adopt: bool, dry_run: bool, wait: float, as_json: bool) -> None:
    """Make the registry's production alias follow model-metadata.json on main.

    An alias on a model that was never in production here is another repository's, and left alone.

    \b
    Example:
      wms model reconcile --dry-run
    """
    from wms.promotion.reconcile import reconcile_registry

    if dry_run:
        done = reconcile_registry(workspace(), dry_run=True, adopt=adopt)
    else:
        with locked_workspace(wait) as ctx:
            done = reconcile_registry(ctx, adopt=adopt)
    if as_json:
        output.say_json(done.model_dump(mode="json"))
        return
    target = f"v{done.version}" if done.version else "no model"
    if not done.alias_moved:
        output.say(f"the registry agrees: {target}")
    else:
        output.say(f"{'would move' if dry_run else 'moved'} production to {target}")


@click.command()
@json_option
def history(as_json: bool) -> None:
    """List what was in production, newest first, from main's history.

    \b
    Example:
      wms model history
    """
    from wms.core.production import main_head, model_history

    repository = workspace().ports.repository
    repository.fetch()
    states = model_history(repository, main_head(repository))
    if as_json:
        output.say_json([state.model_dump(mode="json") for state in states])
        return
    output.table(
        ("version", "since", "kind", "Dice", "IoU", "by", "why"),
        [
            (
                f"v{state.version}",
                f"{state.changed_at:%Y-%m-%d %H:%M}",
                state.kind,
                f"{state.metrics.dice:.4f}",
                f"{state.metrics.iou:.4f}",
                state.actor,
                state.reason,
            )
            for state in states
        ],
    )
