"""The node's deployment program with real files, AWS CLI, bundles and smoke test; moto's S3; no real k3s."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from factories import make_manifest, make_provenance
from infra.k3s.conftest import NODE, ROOT, client
from lease_world import load_program
from pipeline.small import write_bundle, write_small_pairs
from quick import PYTHON, WMS, write_client
from servers import free_port
from wms.core.files import sha256_file, write_record
from wms.core.records.deployment import Delivered, NodeDeployment, SmokeTest, WantedModel
from wms.core.settings.infra import DELIVERED_PREFIX, DEPLOYED_KEY, WANTED_KEY

program = load_program("deploy")
CLUSTER = Path(__file__).with_name("cluster.py")
TAG = "1-abc"
IMAGES = "node/images/wms-serve"


@dataclass(kw_only=True)
class World:
    """A node, the bucket it looks into, and models to ask for."""

    bucket: str
    s3: Any
    root: Path
    scratch: Path
    environment: dict[str, str]

    @property
    def program(self) -> Path:
        return self.root / "opt/wms/node/deploy"

    def lose_the_service(self) -> None:
        """Its Deployment is gone, with every pod."""
        state = self.root / "service.json"
        if state.exists():
            pid = json.loads(state.read_text())["pid"]
            state.unlink()
            if pid:
                os.kill(pid, 9)

    def model(self, skill: float, *, at_least: float = 0.9) -> Path:
        """A bundle of a skill, with its smoke test."""
        folder = self.scratch / f"skill-{skill}-{at_least}"
        card = write_bundle(folder, skill=skill, provenance=make_provenance(make_manifest(3)))
        pairs = write_small_pairs(self.scratch / "pairs", count=1, seed=1)
        (folder / "smoke").mkdir()
        for kind, name in (("images", "photograph.png"), ("masks", "mask.png")):
            shutil.copy(next((pairs / kind).iterdir()), folder / "smoke" / name)
        write_record(
            folder / "smoke/smoke.json",
            SmokeTest(
                photograph="photograph.png",
                mask="mask.png",
                mask_threshold=127,
                dice_at_least=at_least,
                onnx_sha256=card.onnx_sha256,
            ),
        )
        return folder

    def ask(self, folder: Path, *, version: int) -> WantedModel:
        """Store a model and the wish for it, as `wms deploy` does."""
        files = [path for path in folder.rglob("*") if path.is_file()]
        digest = sha256_file(folder / "model.onnx")
        keys = {path.relative_to(folder).as_posix(): path for path in files}
        wanted = WantedModel(
            version=version,
            onnx_sha256=digest,
            files={
                name: Delivered(key=f"{DELIVERED_PREFIX}{digest}/{name}", sha256=sha256_file(path))
                for name, path in keys.items()
            },
            deployment=None,
            asked_at=datetime.now(UTC),
        )
        for name, path in keys.items():
            self.put(f"{DELIVERED_PREFIX}{digest}/{name}", path.read_bytes())
        self.put(WANTED_KEY, wanted.to_json())
        return wanted

    def put(self, key: str, body: bytes, **metadata: str) -> None:
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=body, Metadata=metadata)

    def store_image(self, tag: str = TAG, body: bytes = b"an image", sha256: str = "") -> None:
        packed = gzip.compress(body)
        self.put(f"{IMAGES}/{tag}.tar.gz", packed, sha256=sha256 or hashlib.sha256(packed).hexdigest())
        self.put(f"{IMAGES}/current", f"{tag}\n".encode())

    def look(self, *words: str, code: int = 0) -> str:
        """Let the program look once; what it says."""
        done = subprocess.run(
            [self.program, *words], env=self.environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr

    @property
    def answer(self) -> NodeDeployment:
        """What the node wrote, as `wms deploy` reads it."""
        body = self.s3.get_object(Bucket=self.bucket, Key=DEPLOYED_KEY)["Body"].read()
        return NodeDeployment.from_json(body, source="the bucket")

    def calls(self, *words: str) -> list[str]:
        """What k3s was asked, of calls that begin so."""
        path = self.root / "calls"
        every = path.read_text().splitlines() if path.exists() else []
        begin = " ".join(("kubectl --namespace wms", *words))
        return [call for call in every if call.startswith(begin)]


@pytest.fixture
def world(
    aws: dict[str, str],
    node_root: Path,
    data_bucket: str,
    tmp_path: Path,
    quick_aws: None,
    quick_without_torch: str,
) -> Iterator[World]:
    if shutil.which("kubectl") is None:
        pytest.skip("kubectl, which holds kustomize, is not installed on this machine")
    programs, port = node_root / "usr/local/bin", free_port()
    programs.mkdir(parents=True)
    # Like S3 when it does not answer, and the AWS CLI otherwise.
    lost = f'[ "$2" = put-object ] && [ -e "{node_root}/lost" ] && {{ echo lost >&2; exit 1; }}'
    for name, lines in (
        ("k3s", f'exec "{sys.executable}" "{CLUSTER}" "$@"'),
        ("aws", f'{lost}\nexec "{shutil.which("aws")}" "$@"'),
    ):
        (programs / name).write_text(f"#!/bin/sh\n{lines}\n")
        (programs / name).chmod(0o755)
    (node_root / "var/lib/rancher/k3s/agent/images").mkdir(parents=True)
    (node_root / "opt/wms/node").mkdir(parents=True)
    shutil.copy(NODE / "deploy", node_root / "opt/wms/node/deploy")
    shutil.copytree(ROOT / "devops/k3s/serve", node_root / "opt/wms/k3s/serve")
    paths = [str(ROOT / "WMS/src"), str(ROOT / "tests"), os.environ.get("PYTHONPATH", "")]
    environment = {
        **os.environ,
        **aws,
        "PYTHONPATH": os.pathsep.join(paths),
        "WMS_BOOT_ROOT": str(node_root),
        "WMS_SERVE_ADDRESS": f"http://127.0.0.1:{port}",
        "WMS_DEPLOY_SECONDS": "20",
        "SERVICE_PORT": str(port),
        "SERVICE": f"'{write_client(programs / 'wms', quick_without_torch, WMS)}' serve "
        "--port {port} --model {model}",
        "POD_PYTHON": str(write_client(programs / "python", quick_without_torch, PYTHON)),
    }
    # A shell of `sudo` has nothing of the node's settings; nor does the program's unit set any.
    del environment["AWS_DEFAULT_REGION"]
    found = World(
        bucket=data_bucket,
        s3=client("s3", aws),
        root=node_root,
        scratch=tmp_path / "models",
        environment=environment,
    )
    found.store_image()
    yield found
    found.lose_the_service()


def test_a_wanted_model_is_served_tried_and_reported_once(world: World) -> None:
    assert world.look() == ""  # Nothing is wanted.
    wanted = world.ask(world.model(1.0), version=1)
    world.look()
    answer = world.answer
    assert (answer.state, answer.version, answer.image) == ("serving", 1, TAG)
    assert (answer.wanted_sha256, answer.onnx_sha256) == (wanted.digest, wanted.onnx_sha256)
    assert answer.dice is not None
    assert answer.dice > 0.95
    assert f"localhost/wms-serve:{TAG}" in (world.root / "manifest.yaml").read_text()
    assert world.look() == ""
    assert len(world.calls("apply")) == 1


@pytest.mark.parametrize("fault", ["finds too little", "does not load"])
def test_a_version_that_fails_gives_way_to_the_one_before(world: World, fault: str) -> None:
    good = world.ask(world.model(1.0), version=1)
    world.look()
    worse = world.model(0.5)
    if fault == "does not load":
        (worse / "model.onnx").write_bytes(b"no graph")
    wanted = world.ask(worse, version=2)
    world.look(code=1)
    answer = world.answer
    assert (answer.state, answer.wanted_sha256) == ("failed", wanted.digest)
    assert answer.onnx_sha256 == good.onnx_sha256
    assert ("its Dice is 0." if fault == "finds too little" else "progress deadline") in answer.why
    world.look()  # The same wish is tried once.
    assert len(world.calls("apply")) == 3


def test_a_first_version_that_fails_leaves_nothing_that_serves(world: World) -> None:
    world.ask(world.model(0.2), version=1)
    world.look(code=1)
    assert (world.answer.state, world.answer.onnx_sha256) == ("failed", None)
    assert world.calls("delete deployment serve")
    world.look("--again", code=1)  # By a person's hand.
    assert len(world.calls("apply")) == 2


def test_two_looks_at_once_are_one_after_the_other(world: World) -> None:
    world.ask(world.model(1.0), version=1)
    looks = [subprocess.Popen([world.program], env=world.environment) for _ in range(2)]
    assert [look.wait(120) for look in looks] == [0, 0]
    assert len(world.calls("apply")) == 1


@pytest.mark.parametrize(("skill", "state"), [(1.0, "serving"), (0.2, "failed")])
def test_an_answer_that_got_lost_is_given_at_the_next_look(world: World, skill: float, state: str) -> None:
    wanted = world.ask(world.model(skill), version=1)
    (world.root / "lost").touch()
    assert "the answer not written" in world.look(code=1)
    (world.root / "lost").unlink()
    world.look()
    assert (world.answer.state, world.answer.wanted_sha256) == (state, wanted.digest)
    assert len(world.calls("apply")) == 1


def test_what_was_waited_for_in_vain_does_not_hide_the_answer(world: World) -> None:
    world.ask(world.model(1.0), version=1)
    world.look()
    (world.root / "starting").touch()
    world.look()
    assert world.answer.state == "waiting"
    (world.root / "starting").unlink()
    world.look()
    assert world.answer.state == "serving"


def test_changed_manifests_are_rolled_out_and_tried_with_the_same_model(world: World) -> None:
    world.ask(world.model(1.0), version=1)
    world.look()
    manifest = world.root / "opt/wms/k3s/serve/deployment.yaml"
    manifest.write_text(manifest.read_text().replace("memory: 512Mi", "memory: 640Mi"))
    world.look()
    assert "memory: 640Mi" in (world.root / "manifest.yaml").read_text()
    assert len(world.calls("exec")) == 2
    world.look()
    assert len(world.calls("apply")) == 2


def test_a_service_that_is_gone_comes_back(world: World) -> None:
    wanted = world.ask(world.model(1.0), version=1)
    world.look()
    world.lose_the_service()
    assert program.model_name(json.loads(wanted.to_json())) in world.look()
    assert len(world.calls("apply")) == 2
    assert world.look() == ""


def test_a_new_host_goes_back_to_the_model_before_the_one_that_failed(world: World) -> None:
    good = world.ask(world.model(1.0), version=1)
    world.look()
    world.ask(world.model(0.2), version=2)
    world.look(code=1)
    # The root disk is another one; the data volume stays.
    world.lose_the_service()
    for archive in (world.root / "var/lib/rancher/k3s/agent/images").iterdir():
        archive.unlink()
    world.store_image("2-def")
    world.look(code=1)
    assert (world.answer.state, world.answer.image) == ("failed", "2-def")
    assert f"localhost/wms-serve:{TAG}" in (world.root / "manifest.yaml").read_text()
    assert world.answer.onnx_sha256 == good.onnx_sha256


def test_a_newer_image_that_fails_gives_way_to_the_one_before(world: World) -> None:
    wanted = world.ask(world.model(1.0), version=1)
    world.look()
    world.store_image("2-broken")
    world.look(code=1)
    answer = world.answer
    assert (answer.state, answer.image, answer.onnx_sha256) == ("failed", "2-broken", wanted.onnx_sha256)
    assert f"localhost/wms-serve:{TAG}" in (world.root / "manifest.yaml").read_text()


def test_a_newer_image_is_rolled_out_with_the_same_model_and_older_files_go(world: World) -> None:
    world.ask(world.model(1.0), version=1)
    world.look()
    for tag in ("2-def", "3-ghi"):
        world.store_image(tag)
        world.look()
        # It is tried in its own pod, not in the one that ends.
        assert (world.answer.state, world.answer.image) == ("serving", tag)
    kept = {path.name for path in (world.root / "var/lib/rancher/k3s/agent/images").iterdir()}
    assert kept == {"wms-serve-2-def.tar.gz", "wms-serve-3-ghi.tar.gz"}


@pytest.mark.parametrize("missing", ["image", "damaged image", "no archive", "k3s", "model"])
def test_what_may_still_come_is_waited_for(world: World, missing: str) -> None:
    wanted = world.ask(world.model(1.0), version=1)
    says = {
        "image": "publish.sh serve",
        "damaged image": "that was stored with it",
        "no archive": "was not imported",
        "k3s": "k3s is not ready",
        "model": "model.onnx",
    }[missing]
    if missing == "image":
        world.s3.delete_object(Bucket=world.bucket, Key=f"{IMAGES}/current")
    elif missing == "damaged image":
        world.store_image(sha256="0" * 64)
    elif missing == "no archive":
        world.store_image(body=b"something else")
    elif missing == "k3s":
        (world.root / "starting").touch()
    else:
        world.s3.delete_object(Bucket=world.bucket, Key=wanted.files["model.onnx"].key)
    world.look()
    assert world.answer.state == "waiting"
    assert says in world.answer.why
    assert world.calls("apply") == []


def test_bytes_that_are_not_those_of_the_wish_are_not_served(world: World) -> None:
    wanted = world.ask(world.model(1.0), version=1)
    world.put(wanted.files["model.onnx"].key, b"something else")
    world.look(code=1)
    assert world.answer.state == "failed"
    assert "model.onnx does not have the SHA-256" in world.answer.why
    assert world.calls("apply") == []
    assert not list((world.root / "var/lib/wms").rglob("model.json"))


@pytest.mark.parametrize("name", ["../../../etc/passwd", "smoke/../../x", "other/file", ".hidden", ""])
def test_a_wish_s_files_stay_in_the_model_s_folder(name: str) -> None:
    with pytest.raises(program.FailedError, match="a file name that is none"):
        program.check(a_wish(name=name))


@pytest.mark.parametrize(("sha256", "key"), [("../../etc", "deploy/models/x"), ("0" * 64, "dvc/files/x")])
def test_a_wish_names_digests_and_keys_below_one_folder(sha256: str, key: str) -> None:
    program.check(a_wish())
    with pytest.raises(program.FailedError):
        program.check(a_wish(sha256=sha256, key=key))


def a_wish(name: str = "model.onnx", sha256: str = "0" * 64, key: str = "deploy/models/x") -> dict[str, Any]:
    return {"onnx_sha256": "0" * 64, "files": {name: {"sha256": sha256, "key": key}}}


def test_a_wish_that_cannot_be_read_is_told_in_the_log(world: World) -> None:
    world.put(WANTED_KEY, b"{}")
    assert "the wish cannot be read" in world.look(code=1)
