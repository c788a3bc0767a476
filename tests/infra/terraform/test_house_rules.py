"""What no single module's test can see: that something is nowhere, and that values stand in one place."""

from __future__ import annotations

import re
from itertools import chain

import pytest

from infra.terraform.conftest import ROOT

HCL = ROOT / "devops/terraform"
SOURCES = {path.relative_to(HCL): path.read_text() for path in HCL.rglob("*.tf")}
SOURCES_OF = {
    root: "\n".join(text for path, text in SOURCES.items() if path.parts[0] == root)
    for root in ("stack", "power")
}
TFVARS = ROOT / "infrastructure/dev/terraform.tfvars"


def resources() -> set[str]:
    return set(chain.from_iterable(re.findall(r'^resource "(\w+)"', text, re.M) for text in SOURCES.values()))


def test_no_port_is_open_anywhere() -> None:
    assert not resources() & {
        "aws_security_group_rule",
        "aws_vpc_security_group_ingress_rule",
        "aws_default_security_group",
        "aws_key_pair",
    }
    assert not [str(path) for path, text in SOURCES.items() if re.search(r"^\s*ingress\b", text, re.M)]


def test_nothing_that_costs_while_it_rests_is_made() -> None:
    """An address of its own, a NAT gateway, interface endpoints, keys and tables of our own."""
    assert not resources() & {"aws_eip", "aws_nat_gateway", "aws_kms_key", "aws_dynamodb_table", "aws_lb"}
    endpoints = [re.findall(r'vpc_endpoint_type\s*= "(\w+)"', text) for text in SOURCES.values()]
    assert list(chain.from_iterable(endpoints)) == ["Gateway"]


def test_the_switch_is_alone_in_its_root() -> None:
    power = SOURCES_OF["power"]
    assert re.findall(r'^resource "(\w+)" "(\w+)"', power, re.M) == [("aws_ec2_instance_state", "node")]
    assert "module" not in power


def test_everything_of_the_stack_is_tagged() -> None:
    (tags,) = re.findall(r"default_tags \{\s*tags = \{(.*?)\}", SOURCES_OF["stack"], re.DOTALL)
    assert dict(re.findall(r"(\w+)\s*= (.*)", tags)) == {"Project": "var.name", "ManagedBy": '"terraform"'}


def test_the_settings_file_gives_exactly_what_the_stack_asks_for() -> None:
    given = set(re.findall(r"^(\w+)\s*=", TFVARS.read_text(), re.MULTILINE))
    declared = dict(
        re.findall(r'^variable "(\w+)" \{\n(.*?)^\}', SOURCES_OF["stack"], re.MULTILINE | re.DOTALL)
    )
    required = {name for name, body in declared.items() if not re.search(r"^  default\s*=", body, re.M)}
    assert required <= given <= declared.keys()


@pytest.mark.parametrize("root", ["stack", "power"])
def test_the_state_is_locked_and_each_root_has_its_own(root: str) -> None:
    (backend,) = re.findall(r'backend "s3" \{(.*?)\}', SOURCES_OF[root], re.DOTALL)
    settings = dict(re.findall(r"(\w+)\s*= (\S+)", backend))
    assert settings == {"key": f'"{root}/terraform.tfstate"', "encrypt": "true", "use_lockfile": "true"}


def test_every_skip_of_the_scan_has_its_reason() -> None:
    skips = [line for text in SOURCES.values() for line in text.splitlines() if "checkov:skip" in line]
    assert skips
    assert [line for line in skips if not re.search(r"#checkov:skip=CKV\w+:\w.{20,}", line)] == []
