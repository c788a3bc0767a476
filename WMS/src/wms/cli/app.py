"""The top of the command line, and the only place that catches broadly."""

from __future__ import annotations

import importlib
import logging
import os
import signal
import sys
from typing import NoReturn

import click

from wms.cli import output
from wms.cli.groups import Group
from wms.core.errors import Code, StorageError, WmsError

COMMANDS = {
    **dict.fromkeys(("init", "demo"), "demo"),
    "pipeline": "pipeline",
    "data": "data",
    **dict.fromkeys(("train", "evaluate", "gate", "publish", "merge", "report"), "run"),
    "pretrain": "pretrain",
    **{name: name for name in ("model", "predict", "serve", "deploy", "drift", "infra", "state", "github")},
}
"""Commands and groups, in the order in which they are used, and the module of `wms.cli` that has each."""


class Root(Group):
    """The program: every expected error ends in a message, a remedy and an exit code.

    A module is imported only to call a command of it or to show its help.
    """

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names, in the order in which they are used."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one command."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = getattr(importlib.import_module(f"wms.cli.{COMMANDS[cmd_name]}"), cmd_name)
        return command

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
