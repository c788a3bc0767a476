"""Every module and root is formatted, valid, and passes its own tests (`tests/*.tftest.hcl`)."""

from __future__ import annotations

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


SURVIVES = ("test", "-test-directory=tests/state")


def test_the_data_volume_refuses_to_be_destroyed(terraform: Terraform) -> None:
    """The end of a test destroys what the test made."""
    terraform.must("modules/k3s_node", "init", "-backend=false", "-test-directory=tests/state")
    ended = terraform.run("modules/k3s_node", *SURVIVES)
    assert "aws_ebs_volume.data has lifecycle.prevent_destroy" in ended.stdout + ended.stderr


def test_the_host_survives_what_changes_around_it(terraform: Terraform) -> None:
    module = terraform.hcl / "devops/terraform/modules/k3s_node"
    override = module / "destroyable_override.tf"
    override.write_text(
        'resource "aws_ebs_volume" "data" {\n  lifecycle {\n    prevent_destroy = false\n  }\n}\n'
    )
    try:
        terraform.must("modules/k3s_node", "init", "-backend=false", "-test-directory=tests/state")
        assert "3 passed, 0 failed" in terraform.must("modules/k3s_node", *SURVIVES)
    finally:
        override.unlink()
