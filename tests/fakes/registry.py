"""A fake registry: one JSON file and a folder of bundles, no MLflow."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from wms.core.errors import RegistryError
from wms.core.files import write_bytes
from wms.core.ports import Metric, ModelVersion, RunStatus


class FakeRegistry:
    """The `Registry` port on a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def start_run(self, name: str, *, params: Mapping[str, str], tags: Mapping[str, str]) -> str:
        state = self._load()
        run_id = f"run-{len(state['runs']) + 1}"
        state["runs"][run_id] = {"name": name, "params": dict(params), "tags": dict(tags), "metrics": []}
        self._save(state)
        return run_id

    def log_metrics(self, run_id: str, metrics: Sequence[Metric]) -> None:
        state = self._load()
        self._run(state, run_id)["metrics"] += [[m.name, m.value, m.step] for m in metrics]
        self._save(state)

    def log_files(self, run_id: str, folder: Path, *, under: str) -> None:
        self._run(self._load(), run_id)
        shutil.copytree(folder, self.folder / run_id / under, dirs_exist_ok=True)

    def end_run(self, run_id: str, status: RunStatus) -> None:
        state = self._load()
        self._run(state, run_id)["status"] = status
        self._save(state)

    def log_evaluation(
        self,
        run_id: str,
        *,
        metrics: Mapping[str, float],
        tags: Mapping[str, str],
        table: Mapping[str, Sequence[str | float]],
    ) -> None:
        state = self._load()
        run = self._run(state, run_id)
        run["evaluation"] = dict(metrics)
        run["tags"] |= tags
        run["table"] = {name: list(values) for name, values in table.items()}
        self._save(state)

    def count_runs(self, tags: Mapping[str, str], *, besides: str) -> int:
        runs = self._load()["runs"]
        return sum(tags.items() <= run["tags"].items() for run_id, run in runs.items() if run_id != besides)

    def describe(self, version: int, text: str, *, tags: Mapping[str, str]) -> None:
        state = self._load()
        if version > len(state["versions"]):
            raise RegistryError(f"no version {version}")
        state["versions"][version - 1] |= {"text": text, "tags": dict(tags)}
        self._save(state)

    def register(self, run_id: str, bundle: Path, *, weights_sha256: str) -> ModelVersion:
        state = self._load()
        self._run(state, run_id)
        for version in self.versions():
            if version.weights_sha256 == weights_sha256:
                return version
        number = len(state["versions"]) + 1
        shutil.copytree(bundle, self.folder / "models" / str(number))
        state["versions"].append(
            {"run_id": run_id, "weights": weights_sha256, "at": datetime.now(UTC).isoformat()}
        )
        self._save(state)
        return self.versions()[-1]

    def fetch_model(self, version: ModelVersion, to: Path) -> None:
        self._run(self._load(), version.run_id)
        shutil.rmtree(to, ignore_errors=True)
        shutil.copytree(self.folder / "models" / str(version.version), to)

    def versions(self) -> tuple[ModelVersion, ...]:
        return tuple(
            ModelVersion(
                version=number,
                run_id=item["run_id"],
                weights_sha256=item["weights"],
                created_at=datetime.fromisoformat(item["at"]),
            )
            for number, item in enumerate(self._load()["versions"], start=1)
        )

    def production(self) -> int | None:
        return self._load()["production"]

    def set_production(self, version: int | None) -> None:
        state = self._load()
        if version is not None and version > len(state["versions"]):
            raise RegistryError(f"no version {version}")
        state["production"] = version
        self._save(state)

    def _run(self, state: dict, run_id: str) -> dict:
        if run_id not in state["runs"]:
            raise RegistryError(f"no run {run_id}")
        return state["runs"][run_id]

    def _load(self) -> dict:
        path = self.folder / "registry.json"
        return (
            json.loads(path.read_bytes())
            if path.is_file()
            else {"runs": {}, "versions": [], "production": None}
        )

    def _save(self, state: dict) -> None:
        write_bytes(self.folder / "registry.json", json.dumps(state).encode())
