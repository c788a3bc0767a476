"""`wms github …`: set up a repository on GitHub and check it."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path

import click

from wms.cli import options, output
from wms.cli.common import clone
from wms.cli.groups import Group
from wms.core.context import Clone
from wms.core.layout import Layout
from wms.core.production import main_head
from wms.core.records.github_doctor import Diagnosis
from wms.core.records.github_setup import PUBLIC_KNOWN, Facts, Wanted
from wms.core.settings import REPORT_CONFIG, load_wanted
from wms.core.settings.infra import INFRASTRUCTURE
from wms.github.doctor import diagnose
from wms.github.fresh import leftovers, require_foreign, start_fresh
from wms.github.selftest import SEED
from wms.github.setup import plan_changes, seen, set_pictures_in_reports
from wms.synth import dataset
from wms.wiring import forge_of_person, open_github
from wms.wiring.selftest import open_selftest

github = Group("github", help="Set up a repository on GitHub and check it.")


@github.command()
@options.repo
@click.option(
    "--environment",
    metavar="NAME",
    help="Set the variables of this environment on AWS (a folder of infrastructure/) from its stack.",
)
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
@options.dry_run
@options.json
def setup(
    repo: str | None,
    environment: str | None,
    variables: tuple[str, ...],
    secrets: tuple[str, ...],
    pictures: bool | None,
    dry_run: bool,
) -> None:
    """Apply .github/rulesets and .github/setup.yml to a repository on GitHub, with GitHub's command line gh.

    It creates or changes branch rules, settings and labels that differ, and nothing else. It ends with the
    table of `wms github doctor`. gh reads the values of secrets from standard input; they are never printed.
    Photographs are as public as the repository: for a public one it asks, once and only on a terminal,
    whether reports may show them.

    \b
    Examples:
      wms github setup --dry-run
      wms github setup --environment dev
      wms github setup --secret AWS_ACCESS_KEY_ID --secret AWS_SECRET_ACCESS_KEY --secret AWS_SESSION_TOKEN
      wms github setup --variable WMS_PHOTOGRAPHS_ARE_PUBLIC=true --no-pictures-in-reports
    """
    here = clone()
    wanted = load_wanted(here.layout.root)
    values = _values(variables, wanted.variables, "--variable")
    hidden = _values(secrets, wanted.secrets, "--secret")
    if environment is not None:
        from wms.wiring.cloud import Cloud  # its libraries take a second to import

        values = Cloud(here.layout, environment).github_variables() | values
    repository = open_github(here, repo)
    facts = repository.facts()
    public = not facts.repository["private"] and seen(facts.variables).get(PUBLIC_KNOWN) != "true"
    if public and pictures is None and not (dry_run or output.for_a_script()) and sys.stdin.isatty():
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
    for change in changes:
        verb = f"would {change.verb}" if dry_run else f"{change.verb}d"
        output.say(f"{verb} {change.kind} {change.name}{f' ({change.note})' if change.note else ''}")
    if pictures is not None:
        _set_pictures(here, allowed=pictures, dry_run=dry_run)
    diagnosis = _diagnosis(here, repository.name, wanted, facts)
    found = [{"kind": each.kind, "name": each.name, "verb": each.verb, "note": each.note} for each in changes]
    output.answer(
        {"dry_run": dry_run, "changes": found, **diagnosis.model_dump(mode="json")}, *_table(diagnosis)
    )


@github.command()
@options.repo
@options.json
def doctor(repo: str | None) -> None:
    """Show everything that a run needs of a repository on GitHub, each thing with its remedy.

    It changes nothing. Where GitHub does not show a thing to you, the table says so and does not call it ok.
    Exit 43 if a run lacks something that it needs.

    \b
    Examples:
      wms github doctor
      wms github doctor --repo OWNER/NAME --json
    """
    here = clone()
    repository = open_github(here, repo)
    diagnosis = _diagnosis(here, repository.name, load_wanted(here.layout.root), repository.facts())
    output.answer(diagnosis, *_table(diagnosis))
    output.require_all(diagnosis.missing)


@github.command()
@options.repo
@options.dry_run
@options.json
def fresh(repo: str | None, dry_run: bool) -> None:
    """Remove the template's data and model from a repository that was made from the template.

    Their files are in the template's storage, which this repository cannot read. A pull request removes the
    manifest, the pointer, the lock and the model's metadata from main, and is merged at once. A model that
    was promoted here is never removed (exit 68).

    \b
    Examples:
      wms github fresh --dry-run
      wms github fresh
    """
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
    would_be = "would be " if dry_run else ""
    output.answer(
        {"dry_run": dry_run, "files": sorted(files), "pull_request": url},
        *(
            f"{path}: {f'{would_be}removed' if data is None else 'names no model'}"
            for path, data in sorted(files.items())
        ),
        *([] if files else ["main has neither data nor a model: there is nothing to remove"]),
        *([f"merged by {url}; next: git pull"] if url else []),
    )


@github.command()
@click.option("--clean-up", is_flag=True, help="Only remove what an earlier self-test left.")
def selftest(clean_up: bool) -> None:
    """Test the whole pipeline on GitHub: two promotions, a hold, a rollback; the workflow Self-test runs it.

    It pushes rendered images as data branches, starts the workflows on main, and checks the results through
    the API. It starts only if the repository has neither data nor a model (exit 68). --clean-up removes
    everything again: main's files, branches, tags, releases and the state. Closed pull requests and runs
    stay, because GitHub deletes none.

    \b
    Examples:
      wms github selftest
      wms github selftest --clean-up
    """
    test = open_selftest(Layout.find(Path.cwd()).root, output.ConsoleProgress())
    if clean_up:
        done = test.clean_up()
        output.notice("the repository is as it was before the self-test" if done else "nothing to clean up")
        return
    test.run(lambda to, first, count: dataset.write_pairs(to, count=count, seed=SEED, start=first))
    output.notice("the self-test passed: two promotions, a hold and a rollback")


def _diagnosis(here: Clone, name: str, wanted: Wanted, facts: Facts) -> Diagnosis:
    found = (here.layout.root / INFRASTRUCTURE).glob("*/terraform.tfvars")
    return diagnose(
        name,
        wanted=wanted,
        facts=facts,
        environments=sorted(path.parent.name for path in found),
        now=datetime.now(UTC),
    )


def _set_pictures(here: Clone, *, allowed: bool, dry_run: bool) -> None:
    if dry_run:
        output.say(f"would write pictures_in_reports: {str(allowed).lower()} to {REPORT_CONFIG}")
    elif set_pictures_in_reports(here.layout.root, allowed=allowed):
        output.say(f"{REPORT_CONFIG} is changed: commit it and open a pull request")


def _values(words: Iterable[str], known: Mapping[str, str], option: str) -> dict[str, str]:
    """Names with their values, from the words themselves or from the environment."""
    values = {}
    for word in words:
        name, given, value = word.partition("=")
        if name not in known:
            raise click.UsageError(f"{option}: {name} is unknown; known are {', '.join(known)}")
        if option == "--secret" and given:
            raise click.UsageError(
                f"{option}: never put a secret's value on the command line: export {name}, give its name"
            )
        value = value if given else os.environ.get(name, "")
        if not value:
            raise click.UsageError(f"{option}: no value for {name}; is it exported?")
        values[name] = value
    return values


def _table(diagnosis: Diagnosis) -> list[str]:
    return [f"{diagnosis.repository} on GitHub", *output.diagnosis(diagnosis.rows)]
