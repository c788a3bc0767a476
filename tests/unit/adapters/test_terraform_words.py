"""Terraform's failures, as errors that tell what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from wms.adapters.aws.session import ASK_FOR_RIGHTS, SIGN_IN
from wms.adapters.aws.terraform_messages import FREE_PLAN, failure
from wms.core.errors import Code, TerraformError

LOCKED = """
Error: Error acquiring the state lock

Error message: operation error S3: PutObject, api error PreconditionFailed
Lock Info:
  ID:        6a1f-4d0e
  Path:      b/power/terraform.tfstate
  Operation: OperationTypeApply
  Who:       runner@fv-az1
  Version:   1.11.4
  Created:   2026-11-25 03:00:00 +0000 UTC
  Info:

Terraform acquires a state lock to protect the state from being written
"""


def failed(said: str) -> TerraformError:
    return failure("apply", said, root=Path("devops/power"), data=Path("work data"))


def test_a_lock_says_who_holds_it_since_when_and_how_to_unlock() -> None:
    error = failed(LOCKED)
    assert "runner@fv-az1, for apply, since 2026-11-25 03:00:00" in str(error)
    assert (
        "TF_DATA_DIR='work data' terraform -chdir=devops/power force-unlock -force 6a1f-4d0e" in error.remedy
    )


def test_a_lock_without_its_facts_is_a_lock_all_the_same() -> None:
    assert failed("Error: Error acquiring the state lock\n\nno more").code is Code.STATE_LOCKED


@pytest.mark.parametrize(
    ("said", "remedy"),
    [
        ("Error: No valid credential sources found", SIGN_IN),
        ("Error: x\n\nStatusCode: 403, api error ExpiredToken: The token has\nexpired", SIGN_IN),
        ("Error: starting EC2 Instance: api error UnauthorizedOperation: You are", ASK_FOR_RIGHTS),
        ("Error: InvalidParameterCombination: The instance type is not eligible for Free Tier.", FREE_PLAN),
    ],
)
def test_what_aws_says_behind_it_decides_the_remedy(said: str, remedy: str) -> None:
    assert failed(said).remedy == remedy


def test_the_frame_and_the_warnings_before_it_are_left_out() -> None:
    error = failed("╷\n│ Warning: old\n╵\n╷\n│ Error: Bad thing\n│\n│   on main.tf line 1\n╵\n")
    assert str(error) == "terraform apply failed in power: Bad thing on main.tf line 1"


def test_silence_is_said() -> None:
    assert str(failed("")).endswith("without a word")
