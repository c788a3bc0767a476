"""`wms github …`: setting a repository on GitHub up and looking after it."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from wms.cli import output
from wms.cli.common import clone, dry_run_option, json_option

if TYPE_CHECKING:
    from wms.core.context import Clone
    from wms.core.records.github_doctor import Diagnosis
    from wms.core.records.github_setup import Change, Facts, Wanted

repo_option = click.option(
    "--repo", metavar="OWNER/NAME", help="Which repository; by default the remote origin."
)


@click.command()
@repo_option
@click.option(
    "--variable",
    "variables",
    metavar="NAME=VALUE",
    multiple=True,
    help="Set a variable; NAME alone takes its value from the environment. May be repeated.",
)
@click.option(
    "--secret",
    "secrets",
    metavar="NAME",
    multiple=True,
    help="Set a secret to the value of the environment variable NAME. May be repeated.",
)
@click.option(
    "--pictures-in-reports/--no-pictures-in-reports",
    "pictures",
    default=None,
    help="Whether pull requests, releases and reports may show photographs; written to report.yaml.",
)
@dry_run_option
@json_option
def setup(
    repo: str | None,
    variables: tuple[str, ...],
    secrets: tuple[str, ...],
    pictures: bool | None,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Apply .github/rulesets and .github/setup.yml to a repository on GitHub, by its command line gh.

    Branch rules, settings and labels are created or changed where they differ; what else the repository has
    stays. It ends with the table of `wms github doctor`. Values of secrets reach gh on its standard input and
    are never printed. Photographs are as public as the repository: for a public one it asks, once and on a
    terminal only, whether reports may show them.

    \b
    Examples:
      wms github setup --dry-run
      wms github setup --variable WMS_ENVIRONMENT=dev --variable AWS_REGION=us-east-1
      wms github setup --secret AWS_ACCESS_KEY_ID --secret AWS_SECRET_ACCESS_KEY --secret AWS_SESSION_TOKEN
      wms github setup --variable WMS_PHOTOGRAPHS_ARE_PUBLIC=true --no-pictures-in-reports
    """
    from wms.core.records.github_setup import PUBLIC_KNOWN
    from wms.core.settings import load_wanted
    from wms.github.setup import plan_changes, seen
    from wms.wiring import open_github

    here = clone()
    wanted = load_wanted(here.layout.root)
    values = _values(variables, wanted.variables, "--variable")
    hidden = _values(secrets, wanted.secrets, "--secret")
    repository = open_github(here, repo)
    facts = repository.facts()
    public = not facts.repository["private"] and seen(facts.variables).get(PUBLIC_KNOWN) != "true"
    if public and pictures is None and not (dry_run or as_json) and sys.stdin.isatty():
        output.say(
            f"{repository.name} is public: so are the photographs that are pushed to it, and its reports."
        )
        pictures = click.confirm("May pull requests, releases and reports show photographs?", default=True)
        values.setdefault(PUBLIC_KNOWN, "true")
    changes = plan_changes(wanted=wanted, facts=facts, variables=values, secrets=hidden)
    if changes and not dry_run:
        for change in here.progress.track(changes, label="Setting", total=len(changes)):
            repository.apply(change)
        facts = repository.facts()
    _say_changes(changes, dry_run=dry_run)
    if pictures is not None:
        _set_pictures(here, allowed=pictures, dry_run=dry_run)
    diagnosis = _diagnosis(here, repository.name, wanted, facts)
    output.say_json(
        {
            "dry_run": dry_run,
            "changes": [
                {"kind": each.kind, "name": each.name, "verb": each.verb, "note": each.note}
                for each in changes
            ],
            **diagnosis.model_dump(mode="json"),
        }
    )
    _say_diagnosis(diagnosis)


@click.command()
@repo_option
@json_option
def doctor(repo: str | None, as_json: bool) -> None:
    """Show everything that a run needs of a repository on GitHub, each thing with its remedy.

    Nothing is changed. What GitHub does not show to who is signed in is said to be so, and is not taken for
    well. Exit 43 where a run lacks something that it cannot do without.

    \b
    Examples:
      wms github doctor
      wms github doctor --repo OWNER/NAME --json
    """
    from wms.core.errors import PreflightError
    from wms.core.settings import load_wanted
    from wms.wiring import open_github

    here = clone()
    repository = open_github(here, repo)
    diagnosis = _diagnosis(here, repository.name, load_wanted(here.layout.root), repository.facts())
    output.say_json(diagnosis.model_dump(mode="json"))
    _say_diagnosis(diagnosis)
    if diagnosis.missing:
        names = ", ".join(f"{row.area} {row.name}" for row in diagnosis.missing)
        raise PreflightError(f"a run needs what is missing: {names}")


@click.command()
@repo_option
@dry_run_option
@json_option
def fresh(repo: str | None, dry_run: bool, as_json: bool) -> None:
    """Start a repository made from the template without the data and the model that it inherited.

    They lie in the storage of the repository that it was made from, which this one does not have. A pull
    request takes the manifest, the pointer, the lock and the model's metadata out of main, and is merged at
    once. A model that was promoted here is never touched (exit 68).

    \b
    Examples:
      wms github fresh --dry-run
      wms github fresh
    """
    from wms.core.production import main_head
    from wms.github.fresh import leftovers, require_foreign, start_fresh
    from wms.wiring import forge_of_person, open_github

    here = clone()
    here.repository.fetch()
    main_sha = main_head(here.repository)
    files = leftovers(here.repository, main_sha)
    url = None
    if files:
        hosted = open_github(here, repo)
        require_foreign(here.repository, main_sha, hosted)
        if not dry_run:
            url = start_fresh(here.repository, forge_of_person(hosted), main_sha, files)
    output.say_json({"dry_run": dry_run, "files": sorted(files), "pull_request": url})
    if not files:
        output.say("main has neither data nor a model: there is nothing to take out")
        return
    for path, data in sorted(files.items()):
        what = "removed" if data is None else "names no model"
        output.say(f"{path}: {'would be ' if dry_run and data is None else ''}{what}")
    if url:
        output.say(f"merged by {url}; bring it here: git pull")


def _diagnosis(here: Clone, name: str, wanted: Wanted, facts: Facts) -> Diagnosis:
    from wms.core.settings.infra import INFRASTRUCTURE
    from wms.github.doctor import diagnose

    found = (here.layout.root / INFRASTRUCTURE).glob("*/terraform.tfvars")
    return diagnose(
        name,
        wanted=wanted,
        facts=facts,
        environments=sorted(path.parent.name for path in found),
        now=datetime.now(UTC),
    )


def _set_pictures(here: Clone, *, allowed: bool, dry_run: bool) -> None:
    from wms.core.settings import REPORT_CONFIG
    from wms.github.report_setting import set_pictures_in_reports

    if dry_run:
        output.say(f"would write pictures_in_reports: {str(allowed).lower()} to {REPORT_CONFIG}")
    elif set_pictures_in_reports(here.layout.root, allowed=allowed):
        output.say(f"{REPORT_CONFIG} is changed: commit it and bring it to main by a pull request")


def _values(words: Iterable[str], known: Mapping[str, str], option: str) -> dict[str, str]:
    """Names with their values, from the words themselves or from the environment."""
    values = {}
    for word in words:
        name, given, value = word.partition("=")
        if name not in known:
            raise click.UsageError(f"{option}: {name} is not used; known are {', '.join(known)}")
        if option == "--secret" and given:
            raise click.UsageError(
                f"{option}: a secret's value belongs on no command line: export {name} and name it alone"
            )
        value = value if given else os.environ.get(name, "")
        if not value:
            raise click.UsageError(f"{option}: no value for {name}; is it exported?")
        values[name] = value
    return values


def _say_changes(changes: Iterable[Change], *, dry_run: bool) -> None:
    for change in changes:
        verb = f"would {change.verb}" if dry_run else f"{change.verb}d"
        note = f" ({change.note})" if change.note else ""
        output.say(f"{verb} {change.kind} {change.name}{note}")


def _say_diagnosis(diagnosis: Diagnosis) -> None:
    output.say(f"{diagnosis.repository} on GitHub")
    rows = [
        (row.area, row.name, row.result, f"{row.found}: {row.remedy}" if row.remedy else row.found)
        for row in diagnosis.rows
    ]
    output.table(("what", "name", "result", "found: what to do"), rows)
