"""Every module and root is formatted, valid, and passes its own tests (`tests/*.tftest.hcl`)."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator

import pytest

from infra.terraform.conftest import ROOT, Terraform

FOLDERS = sorted(
    str(path.parent.relative_to(ROOT / "devops/terraform"))
    for path in (ROOT / "devops/terraform").rglob("versions.tf")
)


def test_everything_is_formatted(pure_terraform: Terraform) -> None:
    pure_terraform.must(".", "fmt", "-check", "-recursive", "-diff")
    pure_terraform.must(".", "fmt", "-check", "-diff", str(pure_terraform.hcl / "infrastructure"))


@pytest.mark.parametrize("folder", FOLDERS)
def test_it_is_valid_and_passes_its_tests(terraform: Terraform, folder: str) -> None:
    terraform.must(folder, "init", "-backend=false")
    terraform.must(folder, "validate")
    assert "0 failed" in terraform.must(folder, "test")


@contextlib.contextmanager
def overridden(terraform: Terraform, folder: str, hcl: str) -> Iterator[None]:
    """Put other words in the place of a folder's own, as Terraform's override files do."""
    override = terraform.hcl / "devops/terraform" / folder / "test_override.tf"
    override.write_text(hcl)
    try:
        yield
    finally:
        override.unlink()


SURVIVES = ("test", "-test-directory=tests/state")


def test_the_data_volume_refuses_to_be_destroyed(terraform: Terraform) -> None:
    """The end of a test destroys what the test made."""
    terraform.must("modules/k3s_node", "init", "-backend=false", "-test-directory=tests/state")
    ended = terraform.run("modules/k3s_node", *SURVIVES)
    assert "aws_ebs_volume.data has lifecycle.prevent_destroy" in ended.stdout + ended.stderr


def test_the_host_survives_what_changes_around_it(terraform: Terraform) -> None:
    unprotected = 'resource "aws_ebs_volume" "data" {\n  lifecycle {\n    prevent_destroy = false\n  }\n}\n'
    with overridden(terraform, "modules/k3s_node", unprotected):
        terraform.must("modules/k3s_node", "init", "-backend=false", "-test-directory=tests/state")
        assert "5 passed, 0 failed" in terraform.must("modules/k3s_node", *SURVIVES)


def test_removing_the_rest_leaves_the_data_volume(terraform: Terraform) -> None:
    """`destroy -target` takes what depends on its targets along, so the volume depends on none of them."""
    with overridden(terraform, "stack", 'terraform {\n  backend "local" {}\n}\n'):
        terraform.must("stack", "init", "-reconfigure")
        graph = terraform.must("stack", "graph")
    edges = set(re.findall(r'"(\S+)" -> "(\S+)"', graph))
    assert ("module.k3s_node.aws_volume_attachment.data", "module.k3s_node.aws_ebs_volume.data") in edges
    needed = {there for here, there in edges if here == "module.k3s_node.aws_ebs_volume.data"}
    assert needed <= {"data.aws_ec2_instance_type_offerings.zones"}
