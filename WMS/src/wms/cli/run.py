"""The steps of a run, one command each; `wms pipeline run` is all of them in order."""

from __future__ import annotations

from pathlib import Path

import click

from wms.cli import options, output
from wms.cli.common import locked_workspace, step_of_run, workspace
from wms.core import extras
from wms.core.errors import RecordError
from wms.gate import reports
from wms.gate.evaluate import evaluate_candidate
from wms.gate.verdict import decide_promotion, replay_decision, replay_version
from wms.promotion.merge import merge_promotion
from wms.promotion.publish import is_tested, publication_text, publish_promotion
from wms.report.explain import conditions
from wms.report.markdown import summary as summary_text
from wms.report.records import RunRecords
from wms.report.view import RunView
from wms.run.current import end_run, is_decided


@click.command()
@click.option("--resume", is_flag=True, help="Resume from the last checkpoint.")
@options.wait
@options.json
def train(resume: bool) -> None:
    """Train a candidate on the run's dataset and register it. The test split is not read.

    Ctrl-C stops it with a complete checkpoint; --resume continues and ends with the same weights. A
    checkpoint of other data, settings or code is refused (exit 23); without --resume the training starts
    from scratch. Started by torchrun, all processes train one model together, each on its share of every
    batch.

    \b
    Examples:
      wms train
      wms train --resume
      torchrun --nproc-per-node 2 -m wms train
    """
    extras.require(extras.Extra.TRAIN)
    from wms.training.candidate import train_as_worker, train_candidate
    from wms.training.process_group import join_process_group
    from wms.training.start import TrainingInputs

    with join_process_group() as group:
        if not group.leads:
            train_as_worker(TrainingInputs.of(workspace(), group))
            return
        with step_of_run("wms train") as ctx:
            result = train_candidate(ctx, group, resume="always" if resume else "never")
    best = result.epochs[result.best_epoch]
    untold = "the tracking server did not take everything: the metrics are in run/train.json"
    output.answer(
        result,
        f"{len(result.epochs)} epochs in {result.seconds:.0f} s; best {result.best_epoch}: "
        f"validation Dice {best.val_dice:.4f}; weights {result.weights_sha256[:12]}",
        *([] if result.tracking_complete else [untold]),
    )


@click.command()
@options.wait
@options.json
def evaluate() -> None:
    """Score the candidate and the champion on the test split of main.

    \b
    Example:
      wms evaluate --json
    """
    with step_of_run("wms evaluate") as ctx:
        summary = evaluate_candidate(ctx).summary
    output.answer(
        summary,
        f"candidate: Dice {summary.dice:.4f} (median {summary.dice_median:.4f}), IoU {summary.iou:.4f}, "
        f"{summary.failures} of {summary.pictures} images below 0.5",
    )


@click.command()
@click.option(
    "--replay",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    metavar="DECISION",
    help="Check that a recorded decision follows from the reports beside it.",
)
@click.option(
    "--replay-version",
    "version",
    type=click.IntRange(min=1),
    metavar="N",
    help="The same for a promoted model.",
)
@click.option("--explain", is_flag=True, help="Print the rule that decided, with its numbers.")
@options.wait
@options.json
def gate(replay: Path | None, version: int | None, explain: bool) -> None:
    """Decide from the evaluations: promote or hold. Both are a success (exit 0).

    \b
    Examples:
      wms gate
      wms gate --explain
      wms gate --replay run/decision.json
      wms gate --replay-version 3       from the data store; needs no instance
    """
    if sum((replay is not None, version is not None, explain)) > 1:
        raise click.UsageError("--replay, --replay-version and --explain: name one of them")
    if explain:
        records = RunRecords.load(workspace().layout.run)
        if records.decision is None:
            raise RecordError("the run in run/ has no decision yet", remedy="Run `wms gate` first.")
        rows = conditions(records.decision)
        output.answer(
            [row._asdict() for row in rows],
            f"{records.decision.verdict}: {records.decision.reasons[0]}",
            RunView(records).rule,
            *output.table(("a promotion needs", "found", "required", "met"), rows),
        )
        return
    if replay is not None:
        decision = replay_decision(replay)
        output.say(f"{replay}: the decision follows from its records")
    elif version is not None:
        decision = replay_version(workspace(), version)
        output.say(f"v{version}: the decision follows from its records")
    else:
        with step_of_run("wms gate") as ctx:
            decision = decide_promotion(ctx)
        kept = decision.verdict == "promote" and not ctx.is_publishable
        output.step_output("verdict", "candidate" if kept else decision.verdict)
        if kept:
            output.notice("nothing is promoted: the model is in no registry; the report says how to adopt it")
    output.answer(decision, decision.verdict, *(f"  {reason}" for reason in decision.reasons))


@click.command()
@options.dry_run
@options.wait
@options.json
def publish(dry_run: bool) -> None:
    """Store data and weights, then open the promotion's pull request.

    The step output `untested` is its commit if ci.yml has to run on it, and empty if main passed `ci`.

    \b
    Examples:
      wms publish --dry-run     print the text of the pull request
      wms publish
    """
    if dry_run:
        text = publication_text(workspace())
        output.answer({"dry_run": True, "pull_request": text}, text)
        return
    with step_of_run("wms publish") as ctx:
        promotion = publish_promotion(ctx)
        tested = is_tested(ctx, promotion)
    output.step_output("untested", "" if tested else promotion.commit_sha)
    output.answer(
        promotion,
        f"pull request #{promotion.pull_request}: {promotion.branch} at {promotion.commit_sha[:12]}",
    )


@click.command()
@options.ci_passed
@options.wait
@options.json
def merge(ci_passed: str | None) -> None:
    """Replay the decision on the pull request's commit, verify every digest, and merge exactly that.

    The commit changes only generated files, so it gets the status `ci` where main passed `ci`. A pull
    request that can never be merged is closed with the reason, and the run is void. After any other failure
    the pull request stays open and you can repeat the command.

    \b
    Examples:
      wms merge
      wms merge --ci-passed "$CI_SHA"
    """
    with step_of_run("wms merge") as ctx:
        merged = merge_promotion(ctx, ci_passed=ci_passed)
    output.answer(
        merged,
        f"merged #{merged.pull_request} as {merged.merge_sha[:12]}: model v{merged.version} is in production",
        *(f"{branch} stays: it has new commits" for branch in merged.kept_branches),
        *(f"{branch} stays: it holds pairs set aside (wms data status)" for branch in merged.taken_branches),
        *([f"it is not deployed: {merged.undeployed}"] if merged.undeployed else []),
    )


@click.command()
@click.option("--summary", is_flag=True, help="Print the run's summary as Markdown instead.")
@options.wait
def report(summary: bool) -> None:
    """Write the run's report as one page, and the index of all runs; this also ends a decided run.

    Step output: page (the file).

    \b
    Examples:
      wms report
      wms report --summary >> "$GITHUB_STEP_SUMMARY"
    """
    if summary:
        output.say(summary_text(RunRecords.load(workspace().layout.run)))
        return
    with locked_workspace() as ctx:
        page = reports.write_reports(ctx)
        if is_decided(ctx):
            end_run(ctx)
    output.step_output("page", str(page))
    output.say(str(page))
