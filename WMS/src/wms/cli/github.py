"""`wms github …`: what a repository on GitHub has to be set to."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import click

from wms.cli import output
from wms.cli.common import clone, dry_run_option, json_option

if TYPE_CHECKING:
    from wms.domain.github_setup import SetupReport


@click.command()
@click.option("--repo", metavar="OWNER/NAME", help="Which repository; by default the remote origin.")
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
@dry_run_option
@json_option
def setup(
    repo: str | None, variables: tuple[str, ...], secrets: tuple[str, ...], dry_run: bool, as_json: bool
) -> None:
    """Apply .github/rulesets and .github/setup.yml to a repository on GitHub, by its command line gh.

    Branch rules, settings and labels are created or changed where they differ; what else the repository has
    stays. It ends with a table: what is set, what was changed, what is missing and how to set it. Values of
    secrets reach gh on its standard input and are never printed.

    \b
    Examples:
      wms github setup --dry-run
      wms github setup --variable WMS_ENVIRONMENT=dev --variable AWS_REGION=us-east-1
      wms github setup --secret AWS_ACCESS_KEY_ID --secret AWS_SECRET_ACCESS_KEY --secret AWS_SESSION_TOKEN
    """
    from wms.config import load_wanted
    from wms.steps.github_setup import plan_setup
    from wms.wiring import open_github

    here = clone()
    wanted = load_wanted(here.layout.root)
    values = _values(variables, wanted.variables, "--variable")
    hidden = _values(secrets, wanted.secrets, "--secret")
    repository = open_github(here, repo)
    plan = plan_setup(
        repository.name, wanted=wanted, actual=repository.actual(), variables=values, secrets=hidden
    )
    if not dry_run:
        for change in here.progress.track(plan.changes, label="Setting", total=len(plan.changes)):
            repository.apply(change)
    output.say_json({"dry_run": dry_run, **plan.report.model_dump(mode="json")})
    _say(plan.report, dry_run=dry_run)


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


def _say(report: SetupReport, *, dry_run: bool) -> None:
    done = (
        {"create": "would create", "change": "would change"}
        if dry_run
        else {"create": "created", "change": "changed"}
    )
    output.say(f"{report.repository} on GitHub")
    output.table(
        ("what", "name", "state", "note"),
        [(item.kind, item.name, done.get(item.state, item.state), item.note) for item in report.items],
    )
    output.say("")
    for feature in report.features:
        missing = f"needs {', '.join(feature.missing)}" if feature.missing else "ready"
        output.say(f"{feature.name}: {missing}")
