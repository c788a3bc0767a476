"""A stand-in for `k3s` that runs one service: what `kubectl apply` and `rollout status` make a cluster do.

A rollout starts the service of the last manifest's model at the port $SERVICE_PORT; where it does not come
up, the rollout fails. `exec` runs the given words here. Rendering manifests is real. $SERVICE starts the
service; {port} and {model} in it are filled in. What is asked is noted in $WMS_BOOT_ROOT/calls.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

ROOT, PORT = Path(os.environ["WMS_BOOT_ROOT"]), os.environ["SERVICE_PORT"]
ADDRESS = f"http://127.0.0.1:{PORT}"
STATE, MANIFEST = ROOT / "service.json", ROOT / "manifest.yaml"


def running() -> dict:
    return json.loads(STATE.read_text()) if STATE.exists() else {}


def end() -> None:
    pid = running().get("pid")
    STATE.unlink(missing_ok=True)
    if pid:
        os.kill(pid, signal.SIGKILL)
        while Path(f"/proc/{pid}").exists() and "Z" not in Path(f"/proc/{pid}/stat").read_text().split()[2]:
            time.sleep(0.01)


def roll_out() -> str | None:
    """Why it fails, if it does."""
    (model,) = set(re.findall(r"/models/(model-\w+)", MANIFEST.read_text()))
    if running().get("model") == model:
        return None
    end()
    folder = ROOT / "var/lib/wms/models" / model
    words = [word.format(port=PORT, model=folder) for word in shlex.split(os.environ["SERVICE"])]
    service = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while service.poll() is None:
        try:
            urllib.request.urlopen(f"{ADDRESS}/ready", timeout=5).close()  # noqa: S310 - this machine
        except OSError:
            time.sleep(0.05)
            continue
        STATE.write_text(json.dumps({"pid": service.pid, "model": model}))
        return None
    return "error: deployment exceeded its progress deadline"


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
        case ["get", "pods", "--selector", selector, *_]:
            if selector == f"wms/model={running().get('model')}":
                sys.stdout.write("pod/serve-1\n")
            return None
        case ["exec", "pod/serve-1", "--", "python", *inside]:
            here = [
                word.replace("/models", str(ROOT / "var/lib/wms/models")).replace(
                    "http://127.0.0.1:8000", ADDRESS
                )
                for word in inside
            ]
            done = subprocess.run([sys.executable, *here], capture_output=True, text=True)
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
