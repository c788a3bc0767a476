"""The boot script on a folder that stands for the node: real shell, file system, AWS CLI; SSM and S3 by moto.

What needs the machine itself (systemd, mounting, a running k3s) is stood in for by scripts that note calls.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from infra.k3s.conftest import NODE, ROOT, client, run
from servers import administrator, answering
from wms.core.records.node import NodeReport
from wms.core.settings.infra import NODE_REPORT_KEY

PARAMETER = "/wms-test/mlflow/admin-password"
DISK_BYTES = 320 * 2**20
"""The smallest disk that mkfs.xfs takes; most of it is a hole in the file."""
STAND_INS = {
    "systemctl": "",
    "mount": 'touch "$WMS_BOOT_ROOT/mounted"',
    "mountpoint": '[ -e "$WMS_BOOT_ROOT/mounted" ]',
    "xfs_growfs": "",
    # Rendering and making manifests is real; only what would reach a cluster is kept instead.
    "k3s": """shift
case "$*" in
  kustomize* | *--dry-run=client*) exec kubectl "$@" ;;
  *--filename=-*) cat >>"$WMS_BOOT_ROOT/applied"; echo --- >>"$WMS_BOOT_ROOT/applied" ;;
esac""",
}


@dataclass(frozen=True, kw_only=True)
class Node:
    root: Path
    release: Path
    device: Path
    environment: dict[str, str]

    def boot(self, *, code: int = 0) -> str:
        """Boot it; what it says on the way."""
        return run(self.release / "node/boot.sh", code=code, environment=self.environment).stderr

    def calls(self) -> list[str]:
        return (self.root / "calls").read_text().splitlines()

    def applied(self) -> dict[tuple[str, str], dict]:
        found = [each for each in yaml.safe_load_all((self.root / "applied").read_text()) if each]
        return {(each["kind"], each["metadata"]["name"]): each for each in found}


def stand_in(name: str) -> str:
    return f'#!/bin/bash\necho "{name} $*" >>"$WMS_BOOT_ROOT/calls"\n{STAND_INS[name]}\n'


def digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def password(aws: dict[str, str]) -> str:
    return client("ssm", aws).get_parameter(Name=PARAMETER, WithDecryption=True)["Parameter"]["Value"]


def image_key(release: Path) -> str:
    manifest = (release / "k3s/base/mlflow/deployment.yaml").read_text()
    tag = manifest.split("localhost/wms-mlflow:")[1].split()[0]
    return f"node/images/wms-mlflow/{tag}.tar.gz"


def store_image(aws: dict[str, str], bucket: str, release: Path, *, sha256: str | None = None) -> None:
    body = gzip.compress(b"an image")
    metadata = {"sha256": sha256 or hashlib.sha256(body).hexdigest()}
    client("s3", aws).put_object(Bucket=bucket, Key=image_key(release), Body=body, Metadata=metadata)


@pytest.fixture
def telling(node: Node) -> Node:
    """One that tells where it is, as a real one does. It takes as long as the rest of a boot."""
    shutil.copy(NODE / "report", node.release / "node/report")
    return node


@pytest.fixture
def node(aws: dict[str, str], node_root: Path, data_bucket: str, tmp_path: Path) -> Iterator[Node]:
    for name in ("kubectl", "mkfs.xfs", "blkid"):
        if shutil.which(name) is None:
            pytest.skip(f"{name} is not installed on this machine")
    release = tmp_path / "opt/wms"
    for name in ("node", "k3s", "containers"):
        shutil.copytree(ROOT / "devops" / name, release / name)
    (release / "node/report").write_text("#!/bin/sh\n")
    shutil.copytree(ROOT / "infrastructure/dev", release / "infrastructure/dev")
    downloads = tmp_path / "releases/v1+k3s1"
    downloads.mkdir(parents=True)
    (downloads / "k3s").write_text(stand_in("k3s"))
    (downloads / "k3s-airgap-images-amd64.tar.zst").write_bytes(b"images")
    sums = [hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(downloads.iterdir())]
    (release / "node/pins.env").write_text(
        f"K3S_VERSION=v1+k3s1\nK3S_SHA256={sums[0]}\nK3S_IMAGES_SHA256={sums[1]}\n"
    )
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in STAND_INS.keys() - {"k3s"}:
        (programs / name).write_text(stand_in(name))
        (programs / name).chmod(0o755)
    with (tmp_path / "device").open("wb") as device:
        device.truncate(DISK_BYTES)

    def mlflow(path: str, who: str | None) -> int:
        return 200 if who == administrator(password(aws)) else 401

    store_image(aws, data_bucket, release)
    with answering(mlflow) as port:
        yield Node(
            root=node_root,
            release=release,
            device=tmp_path / "device",
            environment={
                **os.environ,
                **aws,
                "PATH": f"{programs}:{os.environ['PATH']}:/usr/sbin:/sbin",
                "WMS_BOOT_ROOT": str(node_root),
                "WMS_K3S_RELEASES": f"file://{tmp_path}/releases".replace(" ", "%20"),
                "WMS_MLFLOW_ADDRESS": f"http://127.0.0.1:{port}",
                "POSTGRES_UID": str(os.getuid()),
                "VOLUME_WAIT_SECONDS": "1",
                "IMAGE_POLL_SECONDS": "0.2",
                "IMAGE_WAIT_SECONDS": "60",
                "MLFLOW_WAIT_SECONDS": "5",
            },
        )
    # One that is not there is no error; other tests of this process have parameters of their own.
    client("ssm", aws).delete_parameters(Names=[PARAMETER])


def told(aws: dict[str, str], bucket: str) -> NodeReport:
    """What the node said of itself last, as `wms infra up` reads it."""
    body = client("s3", aws).get_object(Bucket=bucket, Key=NODE_REPORT_KEY)["Body"].read()
    return NodeReport.from_json(body, source="the bucket")


def reported(aws: dict[str, str], bucket: str) -> bool:
    return bool(client("s3", aws).list_objects_v2(Bucket=bucket, Prefix=NODE_REPORT_KEY)["KeyCount"])


def test_a_fresh_machine_becomes_a_node_whose_mlflow_answers(
    telling: Node, aws: dict[str, str], data_bucket: str
) -> None:
    client("s3", aws).create_bucket(Bucket="wms-test-artifacts")
    assert "MLflow answers after" in telling.boot()
    made = {path.name: path.read_text() for path in (telling.root / "var/lib/wms/secrets").iterdir()}
    applied = telling.applied()
    secrets = {
        name: {
            key: base64.b64decode(value).decode() for key, value in applied["Secret", name]["data"].items()
        }
        for name in ("postgres", "mlflow")
    }
    assert secrets == {
        "postgres": {
            "password": made["postgres-password"],
            "superuser-password": made["postgres-superuser-password"],
        },
        "mlflow": {"admin-password": password(aws), "flask-secret-key": made["flask-secret-key"]},
    }
    assert applied["ConfigMap", "node"]["data"]["artifacts-destination"] == "s3://wms-test-artifacts"
    assert len(set(made.values()) | {password(aws)}) == 4
    assert min(map(len, made.values())) == 64
    assert all(path.stat().st_mode & 0o077 == 0 for path in (telling.root / "var/lib/wms/secrets").iterdir())
    assert not [call for call in telling.calls() if password(aws) in call]
    report = told(aws, data_bucket)
    assert (report.stage, report.refused) == ("ready", ())


def test_a_boot_that_gives_up_tells_where_and_why_and_the_watchdog_runs_already(
    telling: Node, aws: dict[str, str], data_bucket: str
) -> None:
    telling.device.unlink()
    telling.boot(code=1)
    report = told(aws, data_bucket)
    assert report.stage == "failed"
    assert report.why.startswith("mount_data_volume: the data volume did not appear")
    assert telling.calls()[-1] == "systemctl enable --quiet --now wms-watchdog.timer"


def test_a_report_that_cannot_be_written_stops_no_boot(
    node: Node, aws: dict[str, str], data_bucket: str
) -> None:
    (node.release / "node/report").write_text("#!/bin/sh\nexit 1\n")
    assert "nobody was told: ready" in node.boot()


def test_a_second_boot_changes_nothing_but_drops_the_image_of_an_older_release(
    node: Node, aws: dict[str, str]
) -> None:
    node.boot()
    formatted = digest(node.device)
    (node.root / "mounted").unlink()
    kept = [
        node.root / "etc/fstab",
        *sorted((node.root / "var/lib").rglob("*")),
        node.root / "usr/local/bin/k3s",
    ]
    before = {path: path.read_bytes() for path in kept if path.is_file() and path.name != ".cache.json"}
    first, mark = password(aws), [call for call in node.calls() if " patch " in call]
    shutil.rmtree(node.release.parents[1] / "releases")
    older = node.root / "var/lib/rancher/k3s/agent/images/wms-mlflow-3.16.0-000000000000.tar.gz"
    older.write_bytes(b"old")

    node.boot()

    assert {path: path.read_bytes() for path in before} == before
    assert not older.exists()
    assert digest(node.device) == formatted
    assert (node.root / "etc/fstab").read_text().count("LABEL=wms-data") == 1
    assert password(aws) == first
    assert [call for call in node.calls() if " patch " in call] == [*mark, *mark]


def test_a_fresh_instance_takes_the_password_that_is_known_already(node: Node, aws: dict[str, str]) -> None:
    client("ssm", aws).put_parameter(Name=PARAMETER, Value="known to everybody", Type="SecureString")
    node.boot()
    applied = node.applied()["Secret", "mlflow"]["data"]
    assert base64.b64decode(applied["admin-password"]) == b"known to everybody"
    assert password(aws) == "known to everybody"


def test_a_parameter_store_that_does_not_answer_is_an_error_and_no_new_password(node: Node) -> None:
    (node.release / "node/secrets.sh").write_text(
        (NODE / "secrets.sh").read_text().replace("aws ssm get-parameter", "aws ssm get-parameter-denied")
    )
    assert f"{PARAMETER} could not be read" in node.boot(code=1)
    assert not [call for call in node.calls() if "create secret generic mlflow" in call]


def test_other_bytes_under_k3s_s_name_are_not_installed(node: Node) -> None:
    (node.release.parents[1] / "releases/v1+k3s1/k3s").write_bytes(b"something else")
    assert "does not have the SHA-256" in node.boot(code=1)
    assert not (node.root / "usr/local/bin").exists() or not list((node.root / "usr/local/bin").iterdir())


def test_the_first_boot_waits_for_the_image_says_so_and_goes_on_once_it_is_stored(
    telling: Node, aws: dict[str, str], data_bucket: str
) -> None:
    client("s3", aws).delete_object(Bucket=data_bucket, Key=image_key(telling.release))
    client("s3", aws).create_bucket(Bucket="wms-test-artifacts")
    with subprocess.Popen(
        [telling.release / "node/boot.sh"], env=telling.environment, stderr=subprocess.DEVNULL
    ) as booting:
        deadline = time.monotonic() + 60
        while "waiting" not in (why := told(aws, data_bucket).why if reported(aws, data_bucket) else ""):
            assert time.monotonic() < deadline
            assert booting.poll() is None
            time.sleep(0.2)
        assert f"devops/containers/publish.sh mlflow {data_bucket}" in why
        store_image(aws, data_bucket, telling.release)
    assert booting.returncode == 0
    assert told(aws, data_bucket).stage == "ready"


def test_an_image_that_nobody_stores_in_time_is_named_with_what_stores_it(
    telling: Node, aws: dict[str, str], data_bucket: str
) -> None:
    client("s3", aws).delete_object(Bucket=data_bucket, Key=image_key(telling.release))
    telling.environment["IMAGE_WAIT_SECONDS"] = "0"
    assert f"containers/publish.sh mlflow {data_bucket}" in telling.boot(code=1)
    assert told(aws, data_bucket).why.startswith("fetch_images: s3://")


def restarts(node: Node) -> list[str]:
    """What one boot stops and starts again; it must be after systemd has read the new files."""
    (node.root / "calls").unlink(missing_ok=True)
    node.boot()
    calls = node.calls()
    found = [call for call in calls if call.startswith(("systemctl try-restart", "systemctl stop"))]
    (enabled,) = [call for call in calls if call.startswith("systemctl enable --quiet --now k3s")]
    for call in found:
        assert calls.index("systemctl daemon-reload") < calls.index(call) < calls.index(enabled)
    return found


def test_one_boot_restarts_what_changed_and_nothing_else(node: Node) -> None:
    k3s = ["systemctl try-restart k3s.service"]
    proxy = ["systemctl stop wms-mlflow.service", "systemctl try-restart wms-mlflow.socket"]
    assert k3s[0] in restarts(node)
    assert restarts(node) == []
    for changed, expected in {
        "node/k3s-config.yaml": k3s,
        "node/systemd/k3s.service": k3s,
        "node/systemd/wms-mlflow.socket": proxy,
        "node/systemd/wms-backup-on-stop.service": [],
    }.items():
        with (node.release / changed).open("a") as file:
            file.write("# changed\n")
        assert restarts(node) == expected, changed


def test_a_new_version_of_k3s_is_restarted_too(node: Node) -> None:
    node.boot()
    pins, k3s = node.release / "node/pins.env", node.release.parents[1] / "releases/v1+k3s1/k3s"
    before = digest(k3s)
    k3s.write_text(k3s.read_text() + "# newer\n")
    pins.write_text(pins.read_text().replace(before, digest(k3s)))
    node.boot()
    assert "systemctl try-restart k3s.service" in node.calls()


def test_a_damaged_image_is_not_kept(node: Node, aws: dict[str, str], data_bucket: str) -> None:
    store_image(aws, data_bucket, node.release, sha256="0" * 64)
    assert "that was stored with it" in node.boot(code=1)
    assert not list((node.root / "var/lib/rancher/k3s/agent/images").glob("wms-mlflow*"))


@pytest.mark.parametrize("content", ["a file system of somebody else", "bytes that nobody knows"])
def test_a_volume_that_holds_anything_else_is_left_alone(node: Node, content: str) -> None:
    if content == "bytes that nobody knows":
        with node.device.open("r+b") as device:
            device.seek(4096)
            device.write(b"precious")
    else:
        run("mkfs.ext4", "-q", node.device, environment=node.environment)
    before = digest(node.device)
    assert "was left alone" in node.boot(code=1)
    assert digest(node.device) == before
    assert not (node.root / "mounted").exists()


def test_a_release_without_an_environment_is_an_error(node: Node) -> None:
    shutil.rmtree(node.release / "infrastructure")
    assert "does not hold the kustomization.yaml of one environment" in node.boot(code=1)


def test_a_node_that_was_not_told_what_it_is_says_so(node: Node) -> None:
    settings = node.root / "etc/wms/node.env"
    settings.write_text(settings.read_text().replace("WMS_DATA_BUCKET", "OTHER"))
    assert "does not set WMS_DATA_BUCKET" in node.boot(code=1)
