"""The HCL as it is shipped, applied by the commands: host and buckets are moto's, the rest is remembered."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from clouds import ROOT, Cloud

PROVIDER = """
terraform {
  required_providers {
    aws = { source = "hashicorp/aws", version = "~> 6.25" }
  }
}
"""


def schema_of_provider(terraform: Any, folder: Path) -> Path:
    """A file with the schema of the real provider."""
    asking, schema = folder / "asking", folder / "schema.json"
    asking.mkdir()
    (asking / "main.tf").write_text(PROVIDER)
    for words in (("init",), ("providers", "schema", "-json")):
        said = subprocess.run(
            ["terraform", *words], cwd=asking, env=terraform.environment, capture_output=True, check=True
        )
    schema.write_bytes(said.stdout)
    return schema


@pytest.fixture
def shipped(
    terraform: Any, cloud: Cloud, workspace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """The workspace with the shipped HCL; the fake provider knows every resource by the real one's schema."""
    monkeypatch.setenv("FAKE_AWS_SCHEMA", str(schema_of_provider(terraform, tmp_path)))
    shutil.rmtree(workspace / "devops")
    left = shutil.ignore_patterns(".terraform.lock.hcl")
    shutil.copytree(ROOT / "devops", workspace / "devops", ignore=left)
    settings = workspace / "infrastructure/test/terraform.tfvars"
    settings.write_text(settings.read_text().replace("OWNER/REPO", "someone/meters"))
    return workspace


@pytest.mark.usefixtures("shipped")
@pytest.mark.soak
def test_the_shipped_stack_is_made_switched_and_taken_down(wms: Callable[..., Result], cloud: Cloud) -> None:
    def answer(*words: str) -> Any:
        return json.loads(wms(*words, "--json").stdout)

    made = {item["address"] for item in answer("apply")["changes"]}
    assert "module.k3s_node.aws_instance.node" in made
    assert answer("apply")["changes"] == []
    cloud.node_says("ready")
    wms("up")
    assert answer("status")["instance"] == "running"
    wms("down")
    assert answer("status")["instance"] == "stopped"
    assert answer("apply")["changes"] == []
    cloud.dumps()
    left = answer("destroy", "--yes", "test")["left"]
    assert {item["kind"] for item in left} == {"bucket"}
