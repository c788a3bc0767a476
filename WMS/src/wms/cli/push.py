"""`wms data push`: pairs, from a folder or from local commits, become a data branch."""

from __future__ import annotations

import contextlib
import logging
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

import click

from wms import wiring
from wms.cli import options, output
from wms.cli.common import clone
from wms.cli.interchange import lines as import_lines
from wms.core.errors import GitHubError
from wms.core.github_name import slug_of
from wms.core.names import printable
from wms.core.records.github_setup import PUBLIC_KNOWN
from wms.core.words import counted
from wms.data.incoming import INCOMING_PATH, scan
from wms.data.push import DataPush, push_commits, push_pairs
from wms.data.validate import require_good
from wms.interchange.advice import needs_import
from wms.interchange.intake import import_pairs
from wms.interchange.pair import Choices

log = logging.getLogger(__name__)
GH_SECONDS = 5.0
"""How long a push waits for gh to say whether the repository is public."""


def data_branch(value: str) -> str:
    """A name that starts the pipeline's workflow; anything else is a usage error."""
    if not re.fullmatch(r"data(/[A-Za-z0-9][A-Za-z0-9_-]*(\.[A-Za-z0-9_-]+)*)+", value):
        raise click.BadParameter(f"{value!r} is not the name of a data branch, such as data/front-yard")
    return value


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, exists=True), required=False)
@click.option("--branch", type=data_branch, metavar="NAME", help="Name of the branch, starting with data/.")
@click.option("--no-validate", is_flag=True, help="Push without a check of the pairs; the pipeline checks.")
@click.option("--from-commits", metavar="RANGE", help="Take the images of the commits BASE..TIP instead.")
@click.option("--label", metavar="NAME", help="Of an export with several labels: the register window's.")
@click.option("--remote", default="origin", show_default=True, help="Where the branch goes.")
@options.dry_run
@options.json
def push(
    folder: Path | None,
    branch: str | None,
    no_validate: bool,
    from_commits: str | None,
    label: str | None,
    remote: str,
    dry_run: bool,
) -> None:
    """Check the pairs in FOLDER and push them as a data branch, which starts the pipeline.

    FOLDER holds images/ and masks/; the default is WMS/data/incoming of the working tree. Findings that
    block are listed with their remedies, and nothing is pushed (exit 10). The content names the branch, so
    the same pairs always give the same branch. Files, index and local branches do not change.

    FOLDER can also be what `wms data import` takes, such as the ZIP archive of a labelling tool: pairs are
    first made of it, in a temporary folder.

    With --from-commits only the images in local commits are pushed, and the output says how to remove
    them from the local branch; commits without images end with exit 64. The pre-push hook calls it.

    \b
    Examples:
      wms data push                              the pairs in WMS/data/incoming
      wms data push ~/photos/november --dry-run
      wms data push --from-commits origin/main..main
    """
    if folder is not None and from_commits is not None:
        raise click.UsageError("FOLDER and --from-commits each say what to push: give one of them")
    here = clone(remote)
    if from_commits is not None:
        commits = wiring.read_commits(here.layout.root, from_commits)
        result = push_commits(here, commits, branch=branch, check=not no_validate, dry_run=dry_run)
    else:
        source = folder or here.layout.root / INCOMING_PATH
        with _pairs_of(source, given=folder is not None, label=label) as pairs:
            result = push_pairs(here, pairs, branch=branch, check=not no_validate, dry_run=dry_run)
    if result.validation is not None:
        output.validation(result.validation)
    output.answer({"dry_run": dry_run, **result.model_dump(mode="json")})
    if result.validation is not None:
        require_good(result.validation)
    _say(result, here.remote_url, dry_run=dry_run)


@contextlib.contextmanager
def _pairs_of(source: Path, *, given: bool, label: str | None) -> Iterator[Path]:
    """The folder of pairs itself, or one that is made of what a labelling tool exported.

    Raises:
        ImageError: a part of it could not be imported.
    """
    if not given or (source.is_dir() and scan(source, ".").pairs) or not needs_import(source):
        yield source
        return
    output.note(f"{source} has no pairs in images/ and masks/: importing it first")
    with tempfile.TemporaryDirectory(prefix="wms-import-") as scratch:
        pairs = Path(scratch) / source.resolve().stem
        imported = import_pairs(
            [source], pairs, choices=Choices(label=label), progress=output.ConsoleProgress()
        )
        for line in import_lines(imported.model_copy(update={"out": None})):
            output.say(line)
        imported.require_all()
        yield pairs


def _say(result: DataPush, remote_url: str, *, dry_run: bool) -> None:
    files = counted(result.files, "file")
    told = {
        "pushed": f"{files} are pushed as {result.branch}",
        "already pushed": f"the same {files} are pushed already, as {result.branch}",
        "already in the dataset": "every pair is in the dataset of main already; nothing was pushed",
        "gone from the tip": "the images are in the history alone, not at its tip; nothing was pushed",
        "not pushed": f"would push {files} as {result.branch}",
    }
    output.say(told[result.outcome])
    slug = slug_of(remote_url)
    if slug and result.outcome in ("pushed", "not pushed"):
        _warn_if_public(slug)
    if result.outcome == "pushed" and not dry_run:
        output.say(
            f"the pipeline starts by itself: https://github.com/{slug}/actions"
            if slug
            else f"next, where no workflow starts it: wms pipeline run --branches {result.branch}"
        )
    if result.commands:
        output.say("to remove the images from the local branch (the files stay in the working tree):")
        for command in result.commands:
            output.say(f"  {printable(command)}")


def _warn_if_public(slug: str) -> None:
    """Say that the photographs will be public, until the owner confirms that this is intended.

    It is only a warning: where gh is missing, not signed in or slow, or may not read the variable, it is
    left out.
    """
    try:
        repository = wiring.github_named(slug, timeout_seconds=GH_SECONDS)
        known = repository.about()["private"] or repository.variables().get(PUBLIC_KNOWN) == "true"
    except GitHubError as error:
        log.info("it is unknown whether %s is public: %s", slug, error)
        return
    if not known:
        output.say(f"warning: {slug} is public, and so are these photographs")
        output.say(f"    if this is intended: wms github setup --variable {PUBLIC_KNOWN}=true")
