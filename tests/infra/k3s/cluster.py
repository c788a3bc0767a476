"""A stand-in for `k3s` that runs one service: what `kubectl apply` and `rollout status` make a cluster do.

A rollout of another pod template starts the service of its model at the port $SERVICE_PORT; where it does
not come up, its image was not fetched or has `broken` in its tag, the rollout fails. A pod that ended is
still listed. `exec` runs the given words here, by $POD_PYTHON. Rendering manifests is real. $SERVICE starts
the service; {port} and {model} in it are filled in. What is asked is noted in $WMS_BOOT_ROOT/calls.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import yaml

ROOT, PORT = Path(os.environ["WMS_BOOT_ROOT"]), os.environ["SERVICE_PORT"]
ADDRESS = f"http://127.0.0.1:{PORT}"
STATE, MANIFEST = ROOT / "service.json", ROOT / "manifest.yaml"


def state() -> dict:
    """The process of the service, the template that it is of, and the labels of its pods, oldest first."""
    return json.loads(STATE.read_text()) if STATE.exists() else {"pid": None, "template": None, "pods": []}


def end() -> None:
    now = state()
    STATE.write_text(json.dumps({**now, "pid": None, "template": None}))
    if now["pid"]:
        os.kill(now["pid"], signal.SIGKILL)
    while answers():
        time.sleep(0.01)


def answers() -> bool:
    with socket.socket() as asked:
        return asked.connect_ex(("127.0.0.1", int(PORT))) == 0


def roll_out() -> str | None:
    """Why it fails, if it does."""
    manifests = yaml.safe_load_all(MANIFEST.read_text())
    (template,) = (each["spec"]["template"] for each in manifests if each["kind"] == "Deployment")
    if state()["template"] == template:
        return None
    end()
    (tag,) = re.findall(r"localhost/wms-serve:(\S+)", MANIFEST.read_text())
    archive = ROOT / f"var/lib/rancher/k3s/agent/images/wms-serve-{tag}.tar.gz"
    (model,) = set(re.findall(r"/models/(model-\w+)", MANIFEST.read_text()))
    folder = ROOT / "var/lib/wms/models" / model
    words = [word.format(port=PORT, model=folder) for word in shlex.split(os.environ["SERVICE"])]
    if "broken" in tag or not archive.exists():
        words = ["false"]
    service = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while service.poll() is None:
        try:
            urllib.request.urlopen(f"{ADDRESS}/ready", timeout=5).close()  # noqa: S310 - this machine
        except OSError:
            time.sleep(0.05)
            continue
        pods = [*state()["pods"], template["metadata"]["labels"]][-2:]
        STATE.write_text(json.dumps({"pid": service.pid, "template": template, "pods": pods}))
        return None
    return "error: deployment exceeded its progress deadline"


def pods(selector: str, options: list[str]) -> list[str]:
    """Names of pods; they are random in a cluster, so by its name the newest is not the last here."""
    label, value = selector.split("=")
    labels = state()["pods"]
    found = [f"pod/serve-{'zyx'[at]}" for at in range(len(labels)) if labels[at].get(label) == value]
    return found if ".metadata.creationTimestamp" in options else sorted(found)


def kubectl(words: list[str]) -> str | None:
    """Answer one call; why it fails, if it does."""
    match words:
        case ["get", "--raw", "/readyz"]:
            return "connection refused" if (ROOT / "starting").exists() else None
        case ["kustomize", _]:
            return None if subprocess.run(["kubectl", *words]).returncode == 0 else "kustomize failed"
        case ["apply", *_, "--filename=-"]:
            MANIFEST.write_text(sys.stdin.read())
            return None
        case ["rollout", "status", *_]:
            return roll_out()
        case ["get", "pods", "--selector", selector, *options]:
            sys.stdout.writelines(f"{each}\n" for each in pods(selector, options))
            return None
        case ["exec", pod, "--", "python", *inside]:
            if pod != f"pod/serve-{'zyx'[len(state()['pods']) - 1]}" or not state()["pid"]:
                return "error: the container has ended"
            here = [
                word.replace("/models", str(ROOT / "var/lib/wms/models")).replace(
                    "http://127.0.0.1:8000", ADDRESS
                )
                for word in inside
            ]
            done = subprocess.run([os.environ["POD_PYTHON"], *here], capture_output=True, text=True)
            sys.stdout.write(done.stdout)
            return done.stderr if done.returncode else None
        case ["delete", "deployment", "serve", "--ignore-not-found"]:
            return end()
    return f"the stand-in knows no {words}"


if __name__ == "__main__":
    with (ROOT / "calls").open("a") as calls:
        calls.write(shlex.join(sys.argv[1:]) + "\n")
    match sys.argv[1:]:
        case ["ctr", "images", "import", archive]:
            failed = None if Path(archive).read_bytes() == b"an image" else "no tar archive"
        case ["kubectl", "--namespace", "wms", *words]:
            failed = kubectl(words)
        case _:
            failed = f"the stand-in knows no {sys.argv[1:]}"
    sys.exit(failed)
