"""The real `terraform` on a copy of the HCL, with the provider's schema from wherever it can be had."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest
from filelock import FileLock

ROOT = Path(__file__).parents[3]
SETUP_VARIABLE = "WMS_TERRAFORM_PROVIDER_SETUP"
"""A script that makes a provider ready in the folder it is given, and prints the `export` to use it."""
SETUP_BESIDE = ROOT.parent / "shared/tools/terraform-schema/prepare.sh"


@dataclass(frozen=True, kw_only=True)
class Terraform:
    """`terraform` in folders below `hcl`, a copy that may be written to."""

    hcl: Path
    environment: dict[str, str]

    def run(self, folder: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run it in a folder below devops/terraform, as on a machine without settings of its own."""
        return subprocess.run(
            ["terraform", *arguments, "-no-color"],
            cwd=self.hcl / "devops/terraform" / folder,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )

    def must(self, folder: str, *arguments: str) -> str:
        """Run it, and fail with all it says unless it ends well."""
        done = self.run(folder, *arguments)
        assert done.returncode == 0, (
            f"terraform {' '.join(arguments)} in {folder}:\n{done.stdout}{done.stderr}"
        )
        return done.stdout


@pytest.fixture(scope="session")
def pure_terraform(tmp_path_factory: pytest.TempPathFactory) -> Terraform:
    """Without a provider: for what is only computed."""
    if shutil.which("terraform") is None:
        pytest.skip("there is no terraform on this machine")
    copy = tmp_path_factory.mktemp("hcl")
    left = shutil.ignore_patterns(".terraform", ".terraform.lock.hcl", "__pycache__")
    for folder in ("devops", "infrastructure"):
        shutil.copytree(ROOT / folder, copy / folder, ignore=left)
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("TF_", "AWS_"))}
    return Terraform(hcl=copy, environment=environment | {"CHECKPOINT_DISABLE": "1"})


def policies(pure_terraform: Terraform, *, name: str, buckets: dict[str, str]) -> dict[str, str]:
    """The documents of the module, computed by Terraform; it has no resource, only outputs to apply."""
    variables = {
        "name": name,
        "account_id": "123456789012",
        "region": "us-east-1",
        "buckets": buckets,
        "github": {"repository": "octocat/meters"},
    }
    folder = "modules/policies"
    settings = pure_terraform.hcl / "devops/terraform" / folder / "test.auto.tfvars.json"
    settings.write_text(json.dumps(variables))
    pure_terraform.must(folder, "init")
    pure_terraform.must(folder, "apply", "-auto-approve")
    outputs = json.loads(pure_terraform.must(folder, "output", "-json"))
    return {key: output["value"] for key, output in outputs.items()}


@pytest.fixture(scope="session")
def terraform(pure_terraform: Terraform, tmp_path_factory: pytest.TempPathFactory) -> Terraform:
    """With the AWS provider's schema: from a script that sets it up, or else from the registry."""
    setup = os.environ.get(SETUP_VARIABLE) or (SETUP_BESIDE if SETUP_BESIDE.exists() else None)
    environment = pure_terraform.environment
    if setup is not None:
        folder = ROOT / ".cache/terraform-provider"
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(f"{folder}.lock"):
            said = subprocess.run([setup, folder], capture_output=True, text=True, check=True).stdout
        environment = environment | dict(re.findall(r"^export (\w+)=(.*)$", said, re.MULTILINE))
    else:
        # One download for all folders.
        cache = tmp_path_factory.mktemp("plugins")
        environment = environment | {"TF_PLUGIN_CACHE_DIR": str(cache)}
    ready = Terraform(hcl=pure_terraform.hcl, environment=environment)
    if setup is None and ready.run("power", "init", "-backend=false").returncode != 0:
        pytest.skip(f"the AWS provider cannot be had: no registry, and {SETUP_VARIABLE} is not set")
    return ready
