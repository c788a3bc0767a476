"""The workflow files, as data."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
WORKFLOWS = sorted((ROOT / ".github/workflows").iterdir())
ACTIONS = sorted((ROOT / ".github/actions").glob("*/action.yml"))
PIPELINE = ROOT / ".github/workflows/training-data-pipeline.yaml"


def load(path: Path) -> dict[Any, Any]:
    """A workflow or action. YAML 1.1 reads the key `on` as true: it is `load(path)[True]`."""
    return yaml.safe_load(path.read_bytes())


def jobs(path: Path) -> dict[str, dict[str, Any]]:
    return load(path)["jobs"]


def steps(path: Path) -> list[dict[str, Any]]:
    """All steps of a workflow or composite action."""
    content = load(path)
    if "runs" in content:
        return content["runs"]["steps"]
    return [step for job in content["jobs"].values() for step in job.get("steps", [])]


def commands(holder: dict[str, Any]) -> list[str]:
    """The lines that a job's steps run."""
    return [line for step in holder.get("steps", []) for line in step.get("run", "").splitlines()]
