"""What Terraform says when it fails, as an error that tells what to do."""

from __future__ import annotations

import re
from pathlib import Path
from shlex import quote

from wms.adapters.aws.session import ASK_FOR_RIGHTS, EXPIRED, SIGN_IN
from wms.adapters.messages import without_credentials
from wms.core.errors import Code, TerraformError

FREE_PLAN = (
    'AWS\'s Free plan starts few types. Write instance_type = "m7i-flex.large" in terraform.tfvars, or '
    "change the account to the Paid plan."
)

LONGEST = 600
"""Characters of Terraform's words that an error repeats; `--verbose` shows all of them."""

KNOWN = (
    (r"No valid credential|failed to refresh cached credentials|no EC2 IMDS role", SIGN_IN),
    (rf"api error ({'|'.join(EXPIRED)})", SIGN_IN),
    (
        r"NoSuchBucket|bucket .{0,80}does not exist",
        "Make the bucket of the state first: `wms infra bootstrap`.",
    ),
    (r"UnauthorizedOperation|AccessDenied|explicit deny", ASK_FOR_RIGHTS),
    (r"not eligible for Free Tier", FREE_PLAN),
    (
        r"EntityAlreadyExists.{0,200}[Pp]rovider with url",
        "The account has GitHub's OIDC provider: write create_oidc_provider = false in terraform.tfvars.",
    ),
)
"""Words of Terraform or of AWS behind it, and what to do then; the first that fits counts."""


def failure(verb: str, said: str, *, root: Path, data: Path) -> TerraformError:
    """The error for a command that failed.

    Args:
        verb: the command, such as `apply`.
        said: what it wrote to standard error.
        root: the root module it was run on.
        data: its `TF_DATA_DIR`, for the command that unlocks the state.
    """
    if "Error acquiring the state lock" in said:
        return _locked(verb, said, root=root, data=data)
    words = without_credentials(_plain(said))
    remedy = next((remedy for mark, remedy in KNOWN if re.search(mark, words)), None)
    return TerraformError(f"terraform {verb} failed in {root.name}: {words[:LONGEST]}", remedy=remedy)


def _locked(verb: str, said: str, *, root: Path, data: Path) -> TerraformError:
    lock = dict(re.findall(r"^\W*(ID|Operation|Who|Created):[ \t]+(\S.*?)\s*$", said, flags=re.MULTILINE))
    if "ID" not in lock:
        return TerraformError(f"terraform {verb} in {root.name}: {_plain(said)[:LONGEST]}", Code.STATE_LOCKED)
    where = f"TF_DATA_DIR={quote(str(data))} terraform -chdir={quote(str(root))}"
    unlock = f"{where} force-unlock -force {lock['ID']}"
    operation = lock.get("Operation", "an operation").removeprefix("OperationType").lower()
    return TerraformError(
        f"terraform {verb} in {root.name}: the state is locked by {lock.get('Who', 'somebody')}, for "
        f"{operation}, since {lock.get('Created', 'an unknown time')}",
        Code.STATE_LOCKED,
        remedy=f"Wait for that run; if it is dead, unlock the state: `{unlock}`.",
    )


def _plain(said: str) -> str:
    """The errors without frames and line breaks, warnings left out."""
    text = " ".join(re.sub(r"[╷│╵]", " ", said).split())
    start = text.find("Error: ")
    return text[start + len("Error: ") :] if start >= 0 else text or "without a word"
