"""The script that every boot of the node begins with, run for real; only S3 and `shutdown` are stand-ins."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from infra.terraform.conftest import ROOT

SCRIPT = ROOT / "devops/terraform/modules/k3s_node/fetch.sh"

AWS = """#!/bin/bash
# aws s3 cp [--only-show-errors] [--recursive] s3://the-data/KEY TARGET, from the folder {bucket}
args=(); for word in "$@"; do [[ $word == --* ]] || args+=("$word"); done
source={bucket}/${{args[2]#s3://the-data/}}
if [[ ${{args[3]}} == - ]]; then exec cat "$source"; fi
[[ -d $source ]] && exec cp -r "$source/." "${{args[3]}}"
"""


@dataclass(frozen=True, kw_only=True)
class Node:
    """A machine of its own in a folder, and its bucket."""

    folder: Path

    @property
    def bucket(self) -> Path:
        return self.folder / "bucket"

    @property
    def shut_down(self) -> bool:
        return (self.folder / "shutdown").exists()

    def release(self, *, word: str) -> Path:
        """Store what Terraform would store: files under the digest of their list; return their folder."""
        boot = f'#!/bin/sh\necho "{word} runs on $WMS_NAME"\n'
        content = {"k3s/base/namespace.yaml": "kind: Namespace\n", "node/boot.sh": boot}
        lines = [f"{hashlib.sha256(text.encode()).hexdigest()}  {path}\n" for path, text in content.items()]
        sums = "".join(lines)
        digest = hashlib.sha256(sums.encode()).hexdigest()
        stored = self.bucket / "node" / digest
        for path, text in {**content, "SHA256SUMS": sums}.items():
            (stored / path).parent.mkdir(parents=True, exist_ok=True)
            (stored / path).write_text(text)
        (self.bucket / "node/current").write_text(f"{digest}\n")
        return stored

    def boot(self) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["bash", str(SCRIPT)],
            env={
                "PATH": f"{self.folder / 'bin'}:/usr/bin:/bin",
                "WMS_NODE_ENV": str(self.folder / "node.env"),
                "WMS_ROOT": str(self.folder / "opt/wms"),
                "WMS_FETCH_WAIT_SECONDS": "0",
            },
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture
def node(tmp_path: Path) -> Node:
    made = Node(folder=tmp_path)
    (tmp_path / "opt").mkdir()
    (tmp_path / "node.env").write_text("WMS_NAME=wms-test\nWMS_DATA_BUCKET=the-data\n")
    programs = {
        "aws": AWS.format(bucket=made.bucket),
        "shutdown": f'#!/bin/sh\necho "$@" > {tmp_path}/shutdown\n',
    }
    for name, text in programs.items():
        (tmp_path / "bin").mkdir(exist_ok=True)
        (tmp_path / "bin" / name).write_text(text)
        (tmp_path / "bin" / name).chmod(0o755)
    return made


def test_each_boot_runs_what_is_current_then_and_fetches_it_once(node: Node) -> None:
    node.release(word="first")
    assert node.boot().stdout == "first runs on wms-test\n"
    stored = node.release(word="second")
    assert node.boot().stdout == "second runs on wms-test\n"
    shutil.rmtree(stored)
    assert node.boot().stdout == "second runs on wms-test\n"


@pytest.mark.parametrize("change", ["another file", "another list", "one file more", "one file less"])
def test_a_release_that_is_not_whole_is_not_run(node: Node, change: str) -> None:
    node.release(word="first")
    node.boot()
    stored = node.release(word="second")
    if change == "another file":
        (stored / "node/boot.sh").write_text("#!/bin/sh\necho changed\n")
    elif change == "another list":
        (stored / "node/boot.sh").write_text("")
        empty = hashlib.sha256(b"").hexdigest()
        (stored / "SHA256SUMS").write_text(f"{empty}  node/boot.sh\n")
    elif change == "one file more":
        (stored / "node/more.sh").write_text("#!/bin/sh\n")
    else:
        (stored / "k3s/base/namespace.yaml").unlink()
    ended = node.boot()
    assert "did not come whole" in ended.stderr
    assert ended.stdout == "first runs on wms-test\n"


def test_without_s3_the_last_release_goes_on(node: Node) -> None:
    node.release(word="first")
    node.boot()
    shutil.rmtree(node.bucket)
    ended = node.boot()
    assert ended.stdout == "first runs on wms-test\n"
    assert not node.shut_down


def test_without_any_release_the_instance_stops_itself(node: Node) -> None:
    ended = node.boot()
    assert ended.returncode != 0
    assert node.shut_down


def test_only_a_digest_is_taken_for_a_release(node: Node) -> None:
    node.release(word="first")
    (node.bucket / "node/current").write_text("../../backup\n")
    assert "is no digest" in node.boot().stderr
    assert node.shut_down
