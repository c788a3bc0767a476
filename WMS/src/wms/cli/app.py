"""The top of the command line, and the only place that catches broadly."""

from __future__ import annotations

import logging
import os
import signal
import sys
from typing import NoReturn

import click

from wms.cli import output
from wms.cli.lazy import Entry, LazyGroup
from wms.core.errors import Code, StorageError, WmsError
from wms.run.graph import COMMANDS


def _step(target: str, command: str) -> Entry:
    """A command of the job graph, which has its help line."""
    return Entry(target, COMMANDS[command].help)


DATA = LazyGroup(
    name="data",
    help="Make, merge, check and split the dataset.",
    entries={
        "synth": Entry("wms.cli.data:synth", "Render water-meter pictures with exact masks."),
        "push": Entry("wms.cli.push:push", "Check pairs and push them as a data branch."),
        "merge": _step("wms.cli.data:merge", "wms data merge"),
        "validate": _step("wms.cli.data:validate", "wms data validate"),
        "split": _step("wms.cli.data:split", "wms data split"),
        "prepare": Entry("wms.cli.data:prepare", "Start a run on the checked-out dataset (for dvc repro)."),
        "status": Entry("wms.cli.data:status", "Show the dataset, and the data branches outside it."),
    },
)
MODEL = LazyGroup(
    name="model",
    help="Show, fetch and change the model in production.",
    entries={
        "list": Entry("wms.cli.model:list_models", "List the registered models."),
        "show": Entry("wms.cli.model:show", "Show the model in production, or an earlier one."),
        "pull": Entry("wms.cli.release:pull", "Fetch a model's files, checked by SHA-256."),
        "release": _step("wms.cli.release:release", "wms model release"),
        "adopt": Entry("wms.cli.model:adopt", "Register the model of a run that had no registry for it."),
        "rollback": Entry("wms.cli.model:rollback", "Put an earlier model back into production."),
        "reconcile": _step("wms.cli.model:reconcile", "wms model reconcile"),
        "history": Entry("wms.cli.model:history", "List the models that were in production, and when."),
    },
)
INFRA = LazyGroup(
    name="infra",
    help="Start, share and stop the instance.",
    entries={
        "preflight": _step("wms.cli.infra:preflight", "wms infra preflight"),
        "up": _step("wms.cli.infra:up", "wms infra up --run"),
        "down": _step("wms.cli.infra:down", "wms infra down --run"),
        "status": Entry("wms.cli.infra:status", "Show the instance and its leases."),
        "cost": Entry("wms.cli.infra:cost", "Show what a month cost, and what for."),
        "reap": Entry("wms.cli.infra:reap", "Drop expired leases and stop an instance without one."),
        "tunnel": Entry("wms.cli.infra_stack:tunnel", "Reach MLflow on the instance from here."),
        "bootstrap": Entry("wms.cli.infra_stack:bootstrap", "Create the bucket of Terraform's state."),
        "apply": Entry("wms.cli.infra_stack:apply", "Create the environment, or update it."),
        "destroy": Entry("wms.cli.infra_stack:destroy", "Destroy the environment and list what is left."),
    },
)
PIPELINE = LazyGroup(
    name="pipeline",
    help="Run the whole pipeline on this machine, or a run of GitHub's workflow job by job.",
    entries={
        "run": Entry("wms.cli.pipeline:run", "From data (or none) to a merged promotion or a hold."),
        "graph": Entry("wms.cli.pipeline:graph", "Show the jobs, their needs and their commands."),
        "start": Entry("wms.cli.workflow:start", "Start a run of the workflow."),
        "take": Entry("wms.cli.workflow:take", "Collect the run from the artifacts of earlier jobs."),
        "follow-up": Entry("wms.cli.workflow:follow_up", "Start the runs that waited for this one."),
    },
)
STATE = LazyGroup(
    name="state",
    help="Keep the state of .wms/ in the Git remote, for runners that keep no files.",
    entries={
        "load": Entry("wms.cli.state:load", "Fetch MLflow store and DVC remote from the Git remote."),
        "save": Entry("wms.cli.state:save", "Save MLflow store and DVC remote to the Git remote."),
        "list": Entry("wms.cli.state:list_states", "List the states that the Git remote keeps."),
        "restore": Entry("wms.cli.state:restore", "Make an earlier state the one that jobs load."),
    },
)
GITHUB = LazyGroup(
    name="github",
    help="Set up a repository on GitHub and check it.",
    entries={
        "setup": Entry(
            "wms.cli.github:setup", "Apply branch rules, labels, settings, variables and secrets."
        ),
        "doctor": Entry("wms.cli.github:doctor", "Show all that a run needs there, each with its remedy."),
        "fresh": Entry("wms.cli.github:fresh", "Remove the data and the model of the template."),
        "selftest": Entry("wms.cli.selftest:selftest", "Test the pipeline on GitHub, then clean up."),
    },
)


class Root(LazyGroup):
    """The program: every expected error ends in a message, a remedy and an exit code."""

    def invoke(self, ctx: click.Context) -> object:
        """Run a command; turn errors into messages and exit codes.

        With `--json` on the command line, even a wrong one, standard output gets one document: the
        command's answer, or its error.
        """
        output.ask_for_json(asked="--json" in ctx.args)
        try:
            answer = super().invoke(ctx)
            output.print_document()
        except WmsError as error:
            output.fail(error)
        except KeyboardInterrupt:
            output.stop(
                "interrupted: nothing is half-written", remedy="Run the command again to continue.", code=130
            )
        except BrokenPipeError:
            # The reader is gone (`wms model list | head -1`), which is no error.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            sys.exit(0)
        except OSError as error:
            output.fail(StorageError(f"{error.filename or 'a file'}: {error.strerror or error}"))
        except click.ClickException as error:
            output.show_error_on_github(error.format_message(), "See --help.")
            output.document_of_error(error.format_message(), remedy="See --help.", code=error.exit_code)
            raise
        except click.exceptions.Exit:
            output.print_document()
            raise
        except click.Abort:
            raise
        except Exception as error:
            logging.getLogger(__name__).info("the bug", exc_info=True)
            output.stop(f"a bug in wms: {type(error).__name__}: {error}", remedy=Code.DEFECT.remedy, code=1)
        return answer


root = Root(
    name="wms",
    help="""Segment the register window of water meters: data, training, gate and promotion.

\b
Start here:
  wms init work && cd work         a workspace with everything embedded
  wms data synth --out push1 --count 60
  wms pipeline run --incoming push1
""",
    entries={
        "init": Entry(
            "wms.cli.init:init", "Create a workspace with everything embedded: no cloud or server."
        ),
        "demo": Entry("wms.cli.demo:demo", "Show the whole pipeline on rendered pictures, in minutes."),
        "pipeline": PIPELINE,
        "data": DATA,
        "train": _step("wms.cli.run:train", "wms train"),
        "pretrain": Entry(
            "wms.cli.pretrain:pretrain", "Make weights to start from, on rendered meters alone."
        ),
        "evaluate": _step("wms.cli.run:evaluate", "wms evaluate"),
        "gate": _step("wms.cli.run:gate", "wms gate"),
        "publish": _step("wms.cli.run:publish", "wms publish"),
        "merge": _step("wms.cli.run:merge", "wms merge"),
        "report": _step("wms.cli.run:report", "wms report"),
        "model": MODEL,
        "predict": Entry("wms.cli.predict:predict", "Write masks for pictures, with the production model."),
        "infra": INFRA,
        "state": STATE,
        "github": GITHUB,
    },
)
root.params.append(
    click.Option(["--verbose", "-v"], is_flag=True, help="Print more, and the traceback of a bug.")
)


def _configure(verbose: bool) -> None:
    logging.basicConfig(
        level=logging.INFO if verbose else logging.WARNING,
        format="%(levelname)s %(name)s: %(message)s",
        stream=sys.stderr,
    )


root.callback = _configure
click.version_option(package_name="water-meter-segmentation", prog_name="wms")(root)


def main() -> None:
    """The entry point of `wms`. SIGTERM, as CI and Kubernetes send it, ends a command like Ctrl-C does."""
    signal.signal(signal.SIGTERM, _interrupt)
    root(prog_name="wms")


def _interrupt(_number: int, _frame: object) -> NoReturn:
    raise KeyboardInterrupt
