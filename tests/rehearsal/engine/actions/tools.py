"""Actions that set something up: what they would install is on this machine already."""

from __future__ import annotations

from rehearsal.engine.actions.base import Action, ActionCall, ActionFailure

KEYS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")


def configure_aws(call: ActionCall) -> None:
    """Credentials for the later steps: the keys given, or a session of the role given by OIDC.

    A stand-in's session has keys that say whose it is; moto takes any.
    """
    given, env = call.inputs, call.runner.env
    env["AWS_REGION"] = env["AWS_DEFAULT_REGION"] = given["aws-region"]
    if given["aws-access-key-id"]:
        keys = (given["aws-access-key-id"], given["aws-secret-access-key"], given["aws-session-token"])
    elif given["role-to-assume"]:
        call.require("id-token")
        session = f"session-of-{given['role-to-assume']}"
        keys = ("ASIAREHEARSAL0000000", f"secret-of-{call.runner.job}", session)
    else:
        raise ActionFailure("Credentials could not be loaded: neither keys nor role-to-assume were given")
    for name, value in zip(KEYS, keys, strict=True):
        if value:
            call.runner.masks.add(value)
            env[name] = value


def attest(call: ActionCall) -> None:
    """No attestation, only what it needs: the permission, and files that exist."""
    call.require("id-token")
    call.require("attestations")
    if not call.services.node.find(call.workspace, call.lines("subject-path")).files:
        raise ActionFailure(f"Could not find subject at path {call.inputs['subject-path']}")


INSTALLED = Action(
    run=lambda _: None,
    inputs={"extras": "", "python-version": "", "terraform_version": "", "terraform_wrapper": ""},
)
CONFIGURE_AWS = Action(
    run=configure_aws,
    inputs={
        "aws-region": None, "aws-access-key-id": "", "aws-secret-access-key": "", "aws-session-token": "",
        "role-to-assume": "", "role-duration-seconds": "3600",
    },
)  # fmt: skip
ATTEST = Action(run=attest, inputs={"subject-path": None})
