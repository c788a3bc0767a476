"""What each job's install takes: seconds and megabytes, from a cold and from a warm cache of uv.

    python benchmarks/install_cost.py [WORKFLOW]

Reads from WORKFLOW (the pipeline's) which extras each job asks setup-wms for. Installs each such set twice
into a fresh environment by the action's own command: from an empty cache, then from the cache that it left.
`wms --version` must run in each. Some 6 GB are fetched.

PyPI's torch for Linux is the CUDA build. GitHub's runners get the CPU build from PyTorch's own index
(UV_TORCH_BACKEND=cpu); the packages that the CUDA build alone needs are shown beside the sum.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[1]
PIPELINE = ROOT / ".github/workflows/training-data-pipeline.yaml"
ACTION = "./.github/actions/setup-wms"
CUDA_ALONE = ("nvidia", "triton", "cuda")


def extras_by_job(workflow: Path) -> dict[str, str]:
    """The extras that each job which installs anything asks for; empty is the base install."""
    found: dict[str, str] = {}
    for name, job in yaml.safe_load(workflow.read_bytes())["jobs"].items():
        steps: list[dict[str, Any]] = job.get("steps", [])
        for step in steps:
            if step.get("uses") == ACTION:
                found[name] = step.get("with", {}).get("extras", "")
    return found


def install(extras: str, *, into: Path, cache: Path) -> float:
    """Seconds of the action's install into a new environment."""
    uv = Path(sys.executable).with_name("uv")
    env = os.environ | {"UV_CACHE_DIR": str(cache), "VIRTUAL_ENV": str(into)}
    subprocess.run([uv, "venv", "--quiet", "--python", "3.11", into], check=True, env=env)
    started = time.perf_counter()
    subprocess.run(
        [uv, "pip", "install", "--quiet", "-c", "requirements.lock", "-e", f".[{extras}]"],
        check=True,
        env=env,
        cwd=ROOT,
    )
    seconds = time.perf_counter() - started
    subprocess.run([into / "bin/wms", "--version"], check=True, stdout=subprocess.DEVNULL)
    return seconds


def megabytes(folder: Path) -> float:
    files = [path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()]
    return sum(path.stat().st_size for path in files) / 1e6


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("workflow", nargs="?", type=Path, default=PIPELINE)
    jobs = extras_by_job(parser.parse_args().workflow)
    print(f"{'extras':10} {'cold s':>8} {'warm s':>8} {'MB':>8} {'of it CUDA':>11}  jobs")
    for extras in sorted(set(jobs.values())):
        with tempfile.TemporaryDirectory() as folder:
            cache, first, second = (Path(folder) / name for name in ("cache", "first", "second"))
            cold = install(extras, into=first, cache=cache)
            warm = install(extras, into=second, cache=cache)
            packages = next(second.glob("lib/python*/site-packages"))
            cuda = sum(megabytes(packages / name) for name in CUDA_ALONE)
            names = ", ".join(job for job, wanted in jobs.items() if wanted == extras)
            size = megabytes(second)
            print(
                f"{extras or 'none':10} {cold:8.1f} {warm:8.1f} {size:8.0f} {cuda:11.0f}  {names}", flush=True
            )
    print(f"load average of the last minute: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    print("PyTorch is PyPI's CUDA build here; a runner of GitHub gets the CPU build of the same version")


if __name__ == "__main__":
    main()
