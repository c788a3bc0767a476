"""`wms data …`: make, merge, check and split the dataset."""

from __future__ import annotations

import contextlib
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from wms.cli import output
from wms.cli.common import (
    abandon_option,
    clone,
    json_option,
    locked_workspace,
    run_options,
    step_of_run,
    wait_option,
    workspace,
)
from wms.core.errors import NothingToDoError
from wms.core.records.dataset import ValidationReport


@click.command()
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder for images/ and masks/.")
@click.option("--count", type=click.IntRange(min=1), default=60, show_default=True, help="How many pairs.")
@click.option("--seed", type=click.IntRange(min=0), default=1, show_default=True, help="Which meters.")
@click.option(
    "--start", type=click.IntRange(min=0), default=0, show_default=True, help="First picture's number."
)
@click.option(
    "--kind",
    type=click.Choice(["good", "broken", "mislabelled"]),
    default="good",
    show_default=True,
    help="Good pairs; one pair for every fault that validation names; or masks of the wrong thing.",
)
def synth(out: Path, count: int, seed: int, start: int, kind: str) -> None:
    """Render photographs of water meters with exact masks of the register window.

    The same seed and number give the same picture.

    \b
    Example:
      wms data synth --out push1 --count 60 --seed 7
    """
    from wms.synth.dataset import write_pairs
    from wms.synth.faults import write_broken_pairs, write_mislabelled_pairs

    progress = output.ConsoleProgress()
    if kind == "good":
        write_pairs(out, count=count, seed=seed, start=start, progress=progress)
        output.say(f"{count} pairs in {out}")
    elif kind == "mislabelled":
        write_mislabelled_pairs(out, count=count, seed=seed, start=start)
        output.say(f"{count} mislabelled pairs in {out}")
    else:
        faults = write_broken_pairs(out, seed=seed)
        output.table(("file", "fault"), [(fault.file, fault.rule) for fault in faults])


started_option = click.option(
    "--started", is_flag=True, help="Of the run that `wms pipeline start` began; nothing new is a good end."
)


@contextlib.contextmanager
def nothing_is_fine(fine: bool) -> Iterator[None]:
    """Where a workflow asks, having nothing to do ends the command well, and the next jobs are told so."""
    try:
        yield
    except NothingToDoError as error:
        if not fine:
            raise
        output.step_output("next", "nothing")
        output.notice(str(error))
        raise click.exceptions.Exit(0) from error


@click.command()
@click.argument("branches", nargs=-1)
@click.option(
    "--incoming",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="A folder with images/ and masks/; it is pushed as a data branch first.",
)
@started_option
@run_options
@abandon_option
@wait_option
@json_option
def merge(
    branches: tuple[str, ...],
    incoming: Path | None,
    started: bool,
    abandon: bool,
    wait: float,
    as_json: bool,
    **chosen: Any,
) -> None:
    """Start a run: plan the merge of data BRANCHES into the dataset of main.

    Without branches the run retrains on main's dataset as it is. Main and the dataset stay as they are;
    a branch whose names are taken is told so (exit 11), one that brings nothing new is deleted (exit 12).
    A run in run/ that has not ended is an error (exit 7): take it up with `wms pipeline run`, or give it up.

    \b
    Examples:
      wms data merge data/front-yard-1a2b3c4d
      wms data merge --incoming ~/photos/november
    """
    from wms.cli.pipeline import options_of
    from wms.data.merge import merge_branches
    from wms.data.push import push_folder
    from wms.run.current import make_room
    from wms.run.journal import noting
    from wms.run.start import branch_heads, start_run

    if started and (branches or incoming):
        raise click.UsageError("--started names a run that knows its branches: leave them out")
    with locked_workspace(wait) as ctx:
        if not started:
            make_room(ctx, give_up=abandon)
            names = list(branches)
            if incoming is not None:
                names.append(push_folder(incoming, repository=ctx.ports.repository))
            start_run(ctx, branch_heads(ctx, names), options_of(chosen))
        with nothing_is_fine(started), noting(ctx, "wms data merge"):
            plan = merge_branches(ctx)
    if as_json:
        output.say_json(plan.model_dump(mode="json"))
        return
    for present in plan.present:
        output.say(f"already there: {present.stem} ({present.branch}) is {present.same_as}")
    output.say(
        f"{len(plan.pairs)} new pairs, {len(plan.present)} already there, {len(plan.leftover)} unpaired files"
    )


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False), required=False)
@click.option("--quarantine", is_flag=True, help="With FOLDER: say what would be set aside.")
@wait_option
@json_option
def validate(folder: Path | None, quarantine: bool, wait: float, as_json: bool) -> None:
    """Check the run's incoming pairs, or any FOLDER with images/ and masks/.

    Every finding is listed in one pass. Errors block (exit 10); warnings do not. The run's branches get a
    status that says so; with FOLDER nothing is posted and nothing is written.

    \b
    Examples:
      wms data validate                 the run's incoming pairs
      wms data validate ~/photos/nov    before pushing them
    """
    from wms.data.validate import require_good, validate_folder, validate_incoming

    if folder is not None:
        report = validate_folder(clone(), folder, quarantine=quarantine)
        show_validation(report, as_json)
        require_good(report)
        return
    with step_of_run("wms data validate", wait) as ctx:
        report = validate_incoming(ctx)
        show_validation(report, as_json)
        require_good(report)


def show_validation(report: ValidationReport, as_json: bool) -> None:
    """Print findings and counts, or keep the report for a script."""
    if as_json:
        output.say_json(report.model_dump(mode="json"))
        return
    output.findings(report.findings)
    output.say(
        f"{report.checked_pairs} pairs checked: {len(report.errors)} errors, "
        f"{len(report.findings) - len(report.errors)} warnings, "
        f"{len(report.quarantined)} set aside"
    )


@click.command()
@started_option
@wait_option
@json_option
def split(started: bool, wait: float, as_json: bool) -> None:
    """Assign the run's newcomers to train, validation and test, and lay out its dataset.

    Samples that are in the dataset never move; near-duplicates stay together.

    \b
    Example:
      wms data split --json
    """
    from wms.data.split import split_samples

    with nothing_is_fine(started), step_of_run("wms data split", wait) as ctx:
        plan = split_samples(ctx)
    output.step_output("next", "nothing" if ctx.request.options.dry_run else "train")
    if as_json:
        output.say_json(plan.model_dump(mode="json"))
        return
    output.findings(plan.set_aside)
    output.say(f"{len(plan.assigned)} assigned; train {plan.train}, val {plan.val}, test {plan.test}")


@click.command()
@abandon_option
@wait_option
def prepare(abandon: bool, wait: float) -> None:
    """Start a run on the dataset as it is checked out here; what `dvc repro` calls first.

    A run in run/ that has not ended is an error (exit 7), unless an earlier `dvc repro` left it.

    \b
    Example:
      dvc pull && wms data prepare
    """
    from wms.run.current import make_room
    from wms.run.prepare import prepare_run

    with locked_workspace(wait) as ctx:
        make_room(ctx, give_up=abandon)
        manifest = prepare_run(ctx)
    output.say(f"{len(manifest.samples)} samples, checked by SHA-256")


@click.command()
@json_option
def status(as_json: bool) -> None:
    """Show main's dataset, and the data branches that are not, or not wholly, in it.

    A branch waits for its run, was held, was blocked, or was taken but for what was set aside.

    Held branches can be taken again, several together: wms pipeline run --branches A --branches B. A
    taken branch stays because it is the only pushed copy of what was set aside.

    \b
    Example:
      wms data status
    """
    from wms.data.status import data_status

    ports = workspace().ports
    answer = data_status(repository=ports.repository, forge=ports.forge)
    if as_json:
        output.say_json(answer.model_dump(mode="json"))
        return
    shares = ", ".join(f"{name} {count}" for name, count in answer.splits.items())
    output.say(f"main {answer.main_sha[:12]}: {answer.samples} samples ({shares})")
    if answer.branches:
        output.table(
            ("branch", "commit", "state", "why"),
            [(item.name, item.sha[:12], item.state, item.reason) for item in answer.branches],
        )
    else:
        output.say("no data branch waits")
    taken = [item.name for item in answer.branches if item.state == "taken"]
    if taken:
        output.say(
            f"once you have what was set aside: {shlex.join(('git', 'push', 'origin', '--delete', *taken))}"
        )
