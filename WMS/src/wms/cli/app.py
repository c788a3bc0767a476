"""The top of the command line, and the only place that catches broadly."""

from __future__ import annotations

import logging
import os
import signal
import sys
from typing import NoReturn

import click

from wms.cli.lazy import AS_JSON, Entry, LazyGroup
from wms.core.errors import StorageError, WmsError
from wms.run.graph import COMMANDS as STEPS


def _step(target: str, command: str) -> Entry:
    """A command of the job graph, which has its help line."""
    return Entry(target, STEPS[command].help)


DATA = LazyGroup(
    name="data",
    help="Make, merge, check and split the dataset.",
    entries={
        "synth": Entry("wms.cli.data:synth", "Render water-meter pictures with exact masks."),
        "push": Entry("wms.cli.push:push", "Check pairs and push them as a data branch."),
        "merge": _step("wms.cli.data:merge", "wms data merge"),
        "validate": _step("wms.cli.data:validate", "wms data validate"),
        "split": _step("wms.cli.data:split", "wms data split"),
        "prepare": Entry(
            "wms.cli.data:prepare", "Start a run on the dataset as checked out (for dvc repro)."
        ),
        "status": Entry(
            "wms.cli.data:status",
            "Show the dataset and the data branches that are not, or not wholly, in it.",
        ),
    },
)
MODEL = LazyGroup(
    name="model",
    help="See, fetch and change what is in production.",
    entries={
        "list": Entry("wms.cli.model:list_models", "List the registered models."),
        "show": Entry("wms.cli.model:show", "Show the model in production, or an earlier one."),
        "pull": Entry("wms.cli.release:pull", "Fetch a model's files, checked by SHA-256."),
        "release": _step("wms.cli.release:release", "wms model release"),
        "adopt": Entry("wms.cli.adopt:adopt", "Register the model of a run that had no registry for it."),
        "rollback": Entry("wms.cli.model:rollback", "Put an earlier model back into production."),
        "reconcile": _step("wms.cli.model:reconcile", "wms model reconcile"),
        "history": Entry("wms.cli.model:history", "List what was in production, and when."),
    },
)
INFRA = LazyGroup(
    name="infra",
    help="Start, share and stop the instance.",
    entries={
        "preflight": _step("wms.cli.infra:preflight", "wms infra preflight"),
        "up": _step("wms.cli.infra:up", "wms infra up --run"),
        "down": _step("wms.cli.infra:down", "wms infra down --run"),
        "status": Entry("wms.cli.infra:status", "Show the instance and who holds it."),
        "cost": Entry("wms.cli.infra:cost", "Show what a month cost, and what for."),
        "reap": Entry("wms.cli.infra:reap", "Drop expired leases and stop what nobody holds."),
        "tunnel": Entry("wms.cli.infra_tunnel:tunnel", "Reach MLflow on the instance from here."),
        "bootstrap": Entry("wms.cli.infra_stack:bootstrap", "Make the bucket of Terraform's state."),
        "apply": Entry("wms.cli.infra_stack:apply", "Make the environment, or bring it up to date."),
        "destroy": Entry("wms.cli.infra_stack:destroy", "Take the environment down and say what is left."),
    },
)
PIPELINE = LazyGroup(
    name="pipeline",
    help="Run the whole pipeline on this machine, or a run of the forge's workflow job by job.",
    entries={
        "run": Entry("wms.cli.pipeline:run", "From data (or none) to a merged promotion or a hold."),
        "graph": Entry("wms.cli.pipeline:graph", "Show the jobs, what they need and what they run."),
        "start": Entry("wms.cli.workflow:start", "Begin a run of the forge's workflow."),
        "take": Entry("wms.cli.workflow:take", "Take over the run that earlier jobs of the workflow left."),
        "follow-up": Entry("wms.cli.workflow:follow_up", "Start what had to wait for this run."),
    },
)
STATE = LazyGroup(
    name="state",
    help="Keep the embedded default's state in the Git remote, for runners that forget everything.",
    entries={
        "load": Entry("wms.cli.state:load", "Fetch MLflow store and DVC remote from the Git remote."),
        "save": Entry("wms.cli.state:save", "Put MLflow store and DVC remote into the Git remote."),
        "list": Entry("wms.cli.state:list_states", "List the states that the Git remote keeps."),
        "restore": Entry("wms.cli.state:restore", "Make an earlier state the one that jobs load."),
    },
)
GITHUB = LazyGroup(
    name="github",
    help="Set a repository on GitHub up and look after it.",
    entries={
        "setup": Entry(
            "wms.cli.github:setup", "Apply branch rules, labels, settings, variables and secrets."
        ),
        "doctor": Entry("wms.cli.github:doctor", "Show all that a run needs there, each with its remedy."),
        "fresh": Entry("wms.cli.github:fresh", "Start without the template's data and model."),
        "selftest": Entry("wms.cli.selftest:selftest", "Prove the pipeline on GitHub and put all back."),
    },
)
COMMANDS = {
    "init": Entry("wms.cli.init:init", "Make a workspace with everything embedded: no cloud, no server."),
    "demo": Entry("wms.cli.demo:demo", "Show the whole story on rendered pictures, in minutes."),
    "pipeline": Entry("wms.cli.app:PIPELINE", PIPELINE.help or ""),
    "data": Entry("wms.cli.app:DATA", DATA.help or ""),
    "train": _step("wms.cli.run:train", "wms train"),
    "evaluate": _step("wms.cli.run:evaluate", "wms evaluate"),
    "gate": _step("wms.cli.run:gate", "wms gate"),
    "publish": _step("wms.cli.run:publish", "wms publish"),
    "merge": _step("wms.cli.run:merge", "wms merge"),
    "report": _step("wms.cli.run:report", "wms report"),
    "model": Entry("wms.cli.app:MODEL", MODEL.help or ""),
    "predict": Entry("wms.cli.predict:predict", "Write masks for pictures, with the model in production."),
    "infra": Entry("wms.cli.app:INFRA", INFRA.help or ""),
    "state": Entry("wms.cli.app:STATE", STATE.help or ""),
    "github": Entry("wms.cli.app:GITHUB", GITHUB.help or ""),
}


class Root(LazyGroup):
    """The program: every error of ours ends in a message, a remedy and an exit code."""

    def invoke(self, ctx: click.Context) -> object:
        """Run a command; turn errors into messages and exit codes.

        With `--json` among the words, wrong ones included, standard output gets one document: what
        the command answered, or its error.
        """
        ctx.meta[AS_JSON] = "--json" in ctx.args
        try:
            answer = super().invoke(ctx)
            if ctx.meta[AS_JSON]:
                from wms.cli.output import print_document

                print_document()
        except WmsError as error:
            from wms.cli.output import fail

            fail(error)
        except KeyboardInterrupt:
            from wms.cli.output import stop

            stop("interrupted: nothing is half-written", remedy="Run the command again to go on.", code=130)
        except BrokenPipeError:
            # The reader went away (`wms model list | head -1`), which is no error.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            sys.exit(0)
        except OSError as error:
            from wms.cli.output import fail

            fail(StorageError(f"{error.filename or 'a file'}: {error.strerror or error}"))
        except click.ClickException as error:
            from wms.cli.output import document_of_error, show_error_on_github

            show_error_on_github(error.format_message(), "See --help.")
            document_of_error(error.format_message(), remedy="See --help.", code=error.exit_code)
            raise
        except (click.exceptions.Exit, click.Abort):
            raise
        except Exception as error:
            from wms.cli.output import stop

            logging.getLogger(__name__).info("the defect", exc_info=True)
            stop(f"a defect of ours: {type(error).__name__}: {error}", remedy=WmsError.remedy, code=1)
        return answer


HELP = """Segment the register window of water meters: data, training, gate and promotion.

\b
Start here:
  wms init work && cd work         a workspace with everything embedded
  wms data synth --out push1 --count 60
  wms pipeline run --incoming push1
"""

root = Root(name="wms", entries=COMMANDS, help=HELP)
root.params.append(
    click.Option(
        ["--verbose", "-v"], is_flag=True, help="Say more, and show where a defect of ours happened."
    )
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
