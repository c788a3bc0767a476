"""Actions that set something up: what they would install is on this machine already."""

from __future__ import annotations

import shutil
import sys

from rehearsal.engine.actions.base import Action, ActionCall, ActionFailure


def setup_python(call: ActionCall) -> None:
    """The Python that runs the rehearsal."""
    version = ".".join(map(str, sys.version_info[:3]))
    call.outputs.update(
        {"python-version": version, "python-path": _program(call, "python3"), "cache-hit": "false"}
    )


def setup_uv(call: ActionCall) -> None:
    """The `uv` on the path."""
    call.outputs.update({"uv-path": _program(call, "uv"), "cache-hit": "false"})


def setup_terraform(call: ActionCall) -> None:
    """The `terraform` on the path."""
    _program(call, "terraform")


def configure_aws(call: ActionCall) -> None:
    """Credentials for the later steps: the keys given, or a session of the role given by OIDC.

    A stand-in's session has keys that say whose it is; moto takes any.
    """
    given = call.inputs
    call.export("AWS_REGION", given["aws-region"])
    call.export("AWS_DEFAULT_REGION", given["aws-region"])
    if given["aws-access-key-id"]:
        keys = (given["aws-access-key-id"], given["aws-secret-access-key"], given["aws-session-token"])
        if not keys[1]:
            raise ActionFailure("'aws-secret-access-key' must be provided if 'aws-access-key-id' is provided")
    elif given["role-to-assume"]:
        if call.runner.permissions.get("id-token") != "write":
            raise ActionFailure(
                "It looks like you might be trying to authenticate with OIDC. "
                "Did you mean to set the `id-token` permission?"
            )
        keys = (
            "ASIAREHEARSAL0000000",
            f"secret-of-{call.runner.job}",
            f"session-of-{given['role-to-assume']}",
        )
    else:
        raise ActionFailure("Credentials could not be loaded: neither keys nor role-to-assume were given")
    names = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
    for name, value in zip(names, keys, strict=True):
        if value:
            call.mask(value)
            call.export(name, value)
    call.at_end(lambda: [call.runner.env.pop(name, None) for name in names])  # type: ignore[arg-type,return-value]


def attest(call: ActionCall) -> None:
    """No attestation, only what it needs: the permission, and files that exist."""
    for scope in ("id-token", "attestations"):
        if call.runner.permissions.get(scope) != "write":
            raise ActionFailure(f"missing permission: `{scope}: write`")
    patterns = [part for line in call.lines("subject-path") for part in line.split(",")]
    if patterns:
        if not call.services.node.find(call.workspace, patterns, hidden=True).files:
            raise ActionFailure(f"Could not find subject at path {call.inputs['subject-path']}")
    elif not (call.inputs["subject-digest"].startswith("sha256:") and call.inputs["subject-name"]):
        raise ActionFailure("One of subject-path or subject-digest with subject-name must be provided")


def _program(call: ActionCall, name: str) -> str:
    path = shutil.which(name, path=call.runner.environment(call.env, {})["PATH"])
    if path is None:
        raise ActionFailure(f"{name} is not on this machine")
    return path


SETUP_PYTHON = Action(
    run=setup_python,
    inputs={"python-version": "", "python-version-file": "", "cache": "", "cache-dependency-path": ""},
)
SETUP_UV = Action(
    run=setup_uv,
    inputs={"version": "", "python-version": "", "enable-cache": "auto", "cache-dependency-glob": "",
            "cache-suffix": "", "prune-cache": "true", "activate-environment": "false"},
)  # fmt: skip
SETUP_TERRAFORM = Action(
    run=setup_terraform, inputs={"terraform_version": "latest", "terraform_wrapper": "true"}
)
CONFIGURE_AWS = Action(
    run=configure_aws,
    inputs={"aws-region": None, "aws-access-key-id": "", "aws-secret-access-key": "", "aws-session-token": "",
            "role-to-assume": "", "role-session-name": "GitHubActions", "role-duration-seconds": "3600",
            "mask-aws-account-id": "true", "unset-current-credentials": "false",
            "output-credentials": "false", "retry-max-attempts": "12"},
)  # fmt: skip
ATTEST = Action(
    run=attest,
    inputs={"subject-path": "", "subject-digest": "", "subject-name": "", "predicate-type": "",
            "predicate": "", "predicate-path": "", "push-to-registry": "false", "show-summary": "true"},
)  # fmt: skip
