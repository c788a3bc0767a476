"""The artifacts of one run, each under a name of its own."""

from __future__ import annotations

import fnmatch
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path


class ArtifactError(Exception):
    """GitHub would fail the step."""


@dataclass(frozen=True, kw_only=True)
class Artifact:
    """One uploaded artifact."""

    name: str
    folder: Path

    @property
    def files(self) -> tuple[str, ...]:
        """Paths of its files from its top."""
        paths = (path for path in sorted(self.folder.rglob("*")) if path.is_file())
        return tuple(path.relative_to(self.folder).as_posix() for path in paths)


class ArtifactStore:
    """A folder that holds the artifacts of a run."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._names: set[str] = set()

    def __iter__(self) -> Iterator[Artifact]:
        return (self[name] for name in sorted(self._names))

    def __getitem__(self, name: str) -> Artifact:
        if name not in self._names:
            raise ArtifactError(f"Artifact not found for name: {name}; there are: {sorted(self._names)}")
        return Artifact(name=name, folder=self._root / name)

    def matching(self, pattern: str) -> tuple[Artifact, ...]:
        """Artifacts whose names match a glob, by name."""
        return tuple(artifact for artifact in self if fnmatch.fnmatchcase(artifact.name, pattern))

    def save(self, name: str, files: Mapping[str, Path], *, overwrite: bool) -> None:
        """Keep files, by their paths in the artifact.

        Raises:
            ArtifactError: there is one of that name, or the name is not allowed.
        """
        if not name or set(name) & set('":<>|*?\r\n\\/'):
            raise ArtifactError(f"The artifact name is not valid: {name!r}")
        if name in self._names:
            if not overwrite:
                raise ArtifactError(
                    "Failed to CreateArtifact: Received non-retryable error: Failed request: (409) Conflict: "
                    f"an artifact with this name already exists on the workflow run: {name}"
                )
            shutil.rmtree(self._root / name)
        self._names.add(name)
        for relative, source in files.items():
            target = self._root / name / relative
            target.parent.mkdir(parents=True, exist_ok=True)
            # Zip archives keep the bytes and not the mode.
            shutil.copyfile(source, target)
