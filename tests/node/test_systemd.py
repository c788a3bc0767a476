"""The units and the scripts around them under a real systemd: 252, as Amazon Linux 2023 has it.

A Debian in a folder boots in namespaces of its own. k3s and the AWS CLI are stand-ins; their calls are noted.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

NODE = Path(__file__).parents[2] / "devops/node"
MIRROR = "http://deb.debian.org/debian"
TOOLS = ("debootstrap", "unshare", "nsenter")
K3S = """#!/bin/bash
echo "$*" >>/var/log/calls
if [[ $1 == server ]]; then systemd-notify --ready; exec sleep infinity; fi
"""
BOOT = """
mount --bind {root} {root}
mount -t proc proc {root}/proc
for folder in run sys tmp var/lib/wms; do mount -t tmpfs tmpfs {root}/$folder; done
mkdir -p {root}/sys/fs/cgroup && mount -t cgroup2 none {root}/sys/fs/cgroup
ip link set lo up
cd {root} && exec chroot . /usr/bin/env -i container=lxc PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
  /lib/systemd/systemd --system --log-target=null
"""
FUNCTIONS = """
set -uo pipefail
NODE_FOLDER=/opt/wms/node
source $NODE_FOLDER/settings.sh && source $NODE_FOLDER/cluster.sh
boot() {
  put $NODE_FOLDER/k3s-config.yaml /etc/rancher/k3s/config.yaml 0600 k3s.service
  install_units && start_units
}
connect() { timeout 5 bash -c 'exec 3<>/dev/tcp/127.0.0.1/5000; sleep 1'; }
pid() { systemctl show --property MainPID --value $1; }
"""

STOP = r"""
boot
units=/etc/systemd/system
mkdir -p $units/wms-backup-on-stop.service.d
printf '[Service]\nEnvironment=DUMP_SECONDS=3\n' >$units/wms-backup-on-stop.service.d/limit.conf
printf '#!/bin/bash\necho dump >>/var/log/calls; sleep 1000\n' >$NODE_FOLDER/backup.sh
# A container is a scope without dependencies.
echo 'trap "echo pod ends >>/var/log/calls; exit" TERM; while :; do sleep 0.2; done' >/opt/pod.sh
systemd-run --scope --property DefaultDependencies=no --unit cri-containerd-x bash /opt/pod.sh &>/dev/null &
systemctl daemon-reload
sleep 1
: >/var/log/calls
systemctl poweroff &>/dev/null
"""

pytestmark = pytest.mark.soak


@dataclass(frozen=True, kw_only=True)
class Machine:
    """A booted system; `init` is its first process as seen from here."""

    root: Path
    init: int

    def run(self, script: str) -> str:
        """What a script prints on it."""
        spaces = ("-m", "-p", "-n", "-C", "-i", "-u", "-r", "-w")
        return subprocess.run(
            ["nsenter", "-t", str(self.init), *spaces, "bash", "-c", FUNCTIONS + script],
            capture_output=True,
            text=True,
            check=True,
        ).stdout

    @property
    def calls(self) -> list[str]:
        return (self.root / "var/log/calls").read_text().splitlines()

    def runs(self) -> bool:
        return Path("/proc", str(self.init)).exists()


@pytest.fixture(scope="module")
def debian(tmp_path_factory: pytest.TempPathFactory) -> Path:
    missing = [name for name in TOOLS if shutil.which(name) is None]
    if os.geteuid() != 0 or missing:
        pytest.skip(f"needs root and {', '.join(missing or TOOLS)}")
    root = tmp_path_factory.mktemp("debian")
    root.chmod(0o755)  # users other than root live there
    words = ("--variant=minbase", "--include=systemd", "bookworm", root, MIRROR)
    done = subprocess.run(["debootstrap", *words], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.skip(f"Debian's packages cannot be had: {done.stdout[-200:]}")
    return root


@pytest.fixture
def machine(debian: Path) -> Iterator[Machine]:
    shutil.rmtree(debian / "opt/wms", ignore_errors=True)
    shutil.copytree(NODE, debian / "opt/wms/node")
    programs = {"usr/local/bin/k3s": K3S, "usr/local/bin/aws": "#!/bin/bash\nexit 1\n"}
    settings = "WMS_NAME WMS_DATA_BUCKET WMS_ARTIFACTS_BUCKET WMS_DATA_DEVICE AWS_DEFAULT_REGION"
    files = {**programs, "etc/wms/node.env": "".join(f"{name}=x\n" for name in settings.split())}
    for name, text in files.items():
        (debian / name).parent.mkdir(parents=True, exist_ok=True)
        (debian / name).write_text(text)
        (debian / name).chmod(0o755)
    (debian / "var/lib/wms").mkdir(exist_ok=True)
    spaces = ("--mount", "--pid", "--net", "--ipc", "--uts", "--cgroup", "--propagation", "private")
    boot = BOOT.format(root=debian)
    with subprocess.Popen(["unshare", *spaces, "--fork", "--kill-child", "bash", "-ec", boot]) as outside:
        children = Path(f"/proc/{outside.pid}/task/{outside.pid}/children")
        deadline = time.monotonic() + 30
        while not (init := children.read_text().split()) and time.monotonic() < deadline:
            time.sleep(0.1)
        found = Machine(root=debian, init=int(init[0]))
        while time.monotonic() < deadline:
            try:
                found.run("systemctl show --property Version")
                break
            except subprocess.CalledProcessError:
                time.sleep(0.5)
        yield found
        outside.kill()


def test_one_boot_restarts_what_changed_and_only_that(machine: Machine) -> None:
    before = machine.run("boot; connect; pid k3s; pid wms-mlflow").split()
    assert "0" not in before
    assert machine.run("boot; pid k3s; pid wms-mlflow").split() == before
    after = machine.run(
        "echo '# new' >>$NODE_FOLDER/k3s-config.yaml\n"
        "sed -i s/Backlog=256/Backlog=128/ $NODE_FOLDER/systemd/wms-mlflow.socket\n"
        "boot; connect; pid k3s; pid wms-mlflow; systemctl show --property Backlog --value wms-mlflow.socket"
    ).split()
    assert after[2] == "128"
    assert "0" not in after
    assert not set(after) & set(before)


def test_a_dump_that_hangs_delays_a_stop_by_its_limit_and_containers_outlive_it(machine: Machine) -> None:
    machine.run(STOP)
    deadline = time.monotonic() + 30
    while machine.runs():
        assert time.monotonic() < deadline
        time.sleep(0.2)
    scaled = [call.split()[4] for call in machine.calls if " scale " in call]
    assert machine.calls[0] == "dump"
    assert scaled == ["deployment/mlflow", "statefulset/postgres"]
    assert machine.calls[-1] == "pod ends"
