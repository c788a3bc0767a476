"""`wms github selftest`: what the workflow `Self-test` runs."""

from __future__ import annotations

from pathlib import Path

import click

from wms.cli import output


@click.command()
@click.option("--clean-up", is_flag=True, help="Only put back what an earlier self-test left.")
def selftest(clean_up: bool) -> None:
    """Prove the whole pipeline on GitHub: two promotions, a hold, a rollback; the workflow Self-test runs it.

    Rendered pictures are pushed as data branches, the workflows are started on main, and what they made of it
    is asserted through the API. It starts only where there is neither data nor a model (exit 68), and
    --clean-up takes everything away again: main's files, branches, tags, releases and the state. Closed pull
    requests and runs stay, for GitHub deletes none.

    \b
    Examples:
      wms github selftest
      wms github selftest --clean-up
    """
    from wms.core.layout import Layout
    from wms.github.selftest import SEED
    from wms.synth import dataset
    from wms.wiring.selftest import open_selftest

    test = open_selftest(Layout.find(Path.cwd()).root, output.ConsoleProgress())
    if clean_up:
        done = test.clean_up()
        output.notice("the repository is as it was before the self-test" if done else "nothing to put back")
        return
    test.run(lambda to, first, count: dataset.write_pairs(to, count=count, seed=SEED, start=first))
    output.notice("the self-test passed: two promotions, a hold and a rollback")
