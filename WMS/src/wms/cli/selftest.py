"""`wms github selftest`: what the workflow `Self-test` runs."""

from __future__ import annotations

from pathlib import Path

import click

from wms.cli import output
from wms.core.layout import Layout
from wms.github.selftest import SEED
from wms.synth import dataset
from wms.wiring.selftest import open_selftest


@click.command()
@click.option("--clean-up", is_flag=True, help="Only remove what an earlier self-test left.")
def selftest(clean_up: bool) -> None:
    """Test the whole pipeline on GitHub: two promotions, a hold, a rollback; the workflow Self-test runs it.

    It pushes rendered pictures as data branches, starts the workflows on main, and checks the results through
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
