"""`wms model adopt`: a model that a run could not register, registered later."""

from __future__ import annotations

import click

from wms.cli import output
from wms.cli.common import dry_run_option, json_option, locked_workspace, wait_option


@click.command()
@click.argument("run", metavar="[FOLDER|RECORDS]", required=False)
@dry_run_option
@wait_option
@json_option
def adopt(run: str | None, dry_run: bool, wait: float, as_json: bool) -> None:
    """Register the model of a run that went on without the registry, and propose its promotion.

    RECORDS is the SHA-256 that the run's summary and comment name; FOLDER is the unpacked artifact
    `run-train-N`, which GitHub keeps for three days; the default is run/. If the gate said promote and main
    is still what it was judged on, the pull request is opened; `wms merge` here, or the workflow's next run,
    merges it. If main moved, the model is registered all the same (exit 34), and its data are to be judged
    anew.

    \b
    Examples:
      wms model adopt 3f7a0c...
      wms model adopt ~/Downloads/run-train-1
    """
    from wms.run.adopt import adopt_model

    if dry_run:
        output.say(f"would register the model of {run or 'run/'} and propose it, if the gate said promote")
        output.say_json({"dry_run": True, "run": run})
        return
    with locked_workspace(wait) as ctx:
        adopted = adopt_model(ctx, run or str(ctx.layout.run))
    if as_json:
        output.say_json(adopted.model_dump(mode="json"))
        return
    output.say(f"the model of run {adopted.run_id} is registered as v{adopted.version}")
    if adopted.promotion is None:
        output.say("the gate had said hold, so it stays a candidate")
    else:
        output.say(f"#{adopted.promotion.pull_request} proposes it: `wms merge`, or the workflow's next run")
