"""`wms data …`: make, merge, check and split the dataset."""

from __future__ import annotations

import contextlib
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from wms.cli import options, output
from wms.cli.common import clone, locked_workspace, step_of_run, workspace
from wms.cli.groups import Group
from wms.cli.interchange import export, import_
from wms.cli.push import push
from wms.cli.wanted import wanted
from wms.core.errors import NothingToDoError
from wms.core.words import counted
from wms.data.merge import merge_branches
from wms.data.push import push_folder
from wms.data.split import split_samples
from wms.data.status import data_status
from wms.data.validate import require_good, validate_folder, validate_incoming
from wms.run.current import make_room
from wms.run.journal import noting
from wms.run.start import branch_heads, prepare_run, start_run
from wms.synth.dataset import write_pairs
from wms.synth.faults import write_broken_pairs

data = Group("data", help="Make, merge, check and split the dataset.")


@data.command()
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder for images/ and masks/.")
@click.option("--count", type=click.IntRange(min=1), default=60, show_default=True, help="How many pairs.")
@click.option("--seed", type=click.IntRange(min=0), default=1, show_default=True, help="Which meters.")
@click.option(
    "--start", type=click.IntRange(min=0), default=0, show_default=True, help="Number of the first image."
)
@click.option(
    "--kind",
    type=click.Choice(["good", "broken", "mislabelled"]),
    default="good",
    show_default=True,
    help="Good pairs; one pair for each fault that validation finds; or masks of the wrong thing.",
)
def synth(out: Path, count: int, seed: int, start: int, kind: str) -> None:
    """Render photographs of water meters with exact masks of the register window.

    The same seed and number give the same image.

    \b
    Example:
      wms data synth --out push1 --count 60 --seed 7
    """
    if kind == "broken":
        faults = write_broken_pairs(out, seed=seed)
        for line in output.table(("file", "fault"), [(fault.file, fault.rule) for fault in faults]):
            output.say(line)
        return
    wrong, progress = kind == "mislabelled", output.ConsoleProgress()
    write_pairs(out, count=count, seed=seed, start=start, mislabelled=wrong, progress=progress)
    output.say(f"{counted(count, 'mislabelled pair' if wrong else 'pair')} in {out}")


data.add_command(import_)
data.add_command(push)
data.add_command(export)
data.add_command(wanted)

started_option = click.option(
    "--started", is_flag=True, help="For the run of `wms pipeline start`; having nothing new is no error."
)


@contextlib.contextmanager
def nothing_is_fine(fine: bool) -> Iterator[None]:
    """Where a workflow asks, having nothing to do is a success, and a step output tells the next jobs."""
    try:
        yield
    except NothingToDoError as error:
        if not fine:
            raise
        output.step_output("next", "nothing")
        output.notice(str(error))
        output.answer({"next": "nothing"})
        raise click.exceptions.Exit(0) from error


@data.command()
@click.argument("branches", nargs=-1)
@options.incoming
@started_option
@options.of_run
@options.abandon
@options.wait
@options.json
def merge(
    branches: tuple[str, ...],
    incoming: Path | None,
    started: bool,
    abandon: bool,
    **chosen: Any,
) -> None:
    """Start a run: plan the merge of data BRANCHES into the dataset of main.

    Without branches the run retrains on main's dataset. Main and the dataset do not change. A branch whose
    names are in use gets a status that says so (exit 11); a branch that brings nothing new is deleted
    (exit 12). An unfinished run in run/ is an error (exit 7): resume it with `wms pipeline run`, or use
    --abandon.

    \b
    Examples:
      wms data merge data/front-yard-1a2b3c4d
      wms data merge --incoming ~/photos/november
    """
    if started and (branches or incoming):
        raise click.UsageError("--started means a run that has its branches: leave them out")
    with locked_workspace() as ctx:
        if not started:
            make_room(ctx, abandon=abandon)
            names = list(branches)
            if incoming is not None:
                names.append(push_folder(incoming, repository=ctx.ports.repository))
            start_run(ctx, branch_heads(ctx, names), options.run_options(chosen))
        with nothing_is_fine(started), noting(ctx, "wms data merge"):
            plan = merge_branches(ctx)
    output.answer(
        plan,
        *(f"already there: {pair.stem} ({pair.branch}) is {pair.same_as}" for pair in plan.present),
        f"{counted(len(plan.pairs), 'new pair')}, {len(plan.present)} already there, "
        f"{counted(len(plan.leftover), 'unpaired file')}",
    )


@data.command()
@click.argument("folder", type=options.FOLDER, required=False)
@click.option("--quarantine", is_flag=True, help="With FOLDER: print what would be set aside.")
@options.wait
@options.json
def validate(folder: Path | None, quarantine: bool) -> None:
    """Check the run's incoming pairs, or any FOLDER with images/ and masks/.

    One pass lists every finding. Errors block (exit 10); warnings do not. The run's branches get a status
    with the result; with FOLDER nothing is posted and nothing is written.

    \b
    Examples:
      wms data validate                 the run's incoming pairs
      wms data validate ~/photos/nov    before you push them
    """
    if folder is not None:
        report = validate_folder(clone(), folder, quarantine=quarantine)
        output.validation(report)
        require_good(report)
        return
    with step_of_run("wms data validate") as ctx:
        report = validate_incoming(ctx)
        output.validation(report)
        require_good(report)


@data.command()
@started_option
@options.wait
@options.json
def split(started: bool) -> None:
    """Assign the run's new samples to train, validation and test, and lay out its dataset.

    Samples of the dataset never move; near-duplicates stay together.

    \b
    Example:
      wms data split --json
    """
    with nothing_is_fine(started), step_of_run("wms data split") as ctx:
        plan = split_samples(ctx)
    output.step_output("next", "nothing" if ctx.request.options.dry_run else "train")
    output.findings(plan.set_aside)
    output.answer(
        plan, f"{len(plan.assigned)} assigned; train {plan.train}, val {plan.val}, test {plan.test}"
    )


@data.command()
@options.abandon
@options.wait
def prepare(abandon: bool) -> None:
    """Start a run on the checked-out dataset; `dvc repro` calls it first.

    An unfinished run in run/ is an error (exit 7), unless an earlier `dvc repro` left it.

    \b
    Example:
      dvc pull && wms data prepare
    """
    with locked_workspace() as ctx:
        make_room(ctx, abandon=abandon)
        manifest = prepare_run(ctx)
    output.say(f"{counted(len(manifest.samples), 'sample')}, checked by SHA-256")


@data.command()
@options.json
def status() -> None:
    """Show main's dataset, and the data branches that are not, or not completely, in it.

    A branch waits for its run, was held, was blocked, or was taken except for the pairs set aside.

    You can run held branches again, several together: wms pipeline run --branches A --branches B. A taken
    branch stays if it is the only pushed copy of pairs that were set aside.

    \b
    Example:
      wms data status
    """
    ports = workspace().ports
    found = data_status(repository=ports.repository, forge=ports.forge)
    shares = ", ".join(f"{name} {count}" for name, count in found.splits.items())
    rows = [(item.name, item.sha[:12], item.state, item.reason) for item in found.branches]
    taken = [item.name for item in found.branches if item.state == "taken"]
    delete = shlex.join(("git", "push", "origin", "--delete", *taken))
    output.answer(
        found,
        f"main {found.main_sha[:12]}: {counted(found.samples, 'sample')} ({shares})",
        *(output.table(("branch", "commit", "state", "why"), rows) if rows else ["no data branch waits"]),
        *([f"once you have a copy of the pairs set aside: {delete}"] if taken else []),
    )
