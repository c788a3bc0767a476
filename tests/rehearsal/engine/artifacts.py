"""The artifacts of one run: immutable, with digests."""

from __future__ import annotations

import fnmatch
import hashlib
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

LIMIT = 500
"""GitHub's limit of artifacts a job; here of a run."""


class ArtifactError(Exception):
    """GitHub would fail the step."""


@dataclass(frozen=True, kw_only=True)
class Artifact:
    """One uploaded artifact."""

    id: int
    name: str
    digest: str
    folder: Path

    @property
    def files(self) -> tuple[str, ...]:
        """Paths of its files from its top."""
        return tuple(relative for relative, _ in _walk(self.folder))


class ArtifactStore:
    """A folder that holds the artifacts of a run."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._artifacts: dict[str, Artifact] = {}
        self._last_id = 0

    def __iter__(self) -> Iterator[Artifact]:
        return iter(self._artifacts.values())

    def __contains__(self, name: str) -> bool:
        return name in self._artifacts

    def __getitem__(self, name: str) -> Artifact:
        if name not in self._artifacts:
            raise ArtifactError(
                f"Artifact not found for name: {name}; there are: {', '.join(self._artifacts) or 'none'}"
            )
        return self._artifacts[name]

    def matching(self, pattern: str) -> tuple[Artifact, ...]:
        """Artifacts whose names match a glob, by name."""
        return tuple(
            self._artifacts[name]
            for name in sorted(self._artifacts)
            if fnmatch.fnmatchcase(name, pattern or "*")
        )

    def save(self, name: str, files: Mapping[str, Path], *, overwrite: bool) -> Artifact:
        """Keep files, by their paths in the artifact.

        Raises:
            ArtifactError: there is one of that name, the name is not allowed, or there are too many.
        """
        if not name or set(name) & set('":<>|*?\r\n\\/'):
            raise ArtifactError(f"The artifact name is not valid: {name!r}")
        if name in self._artifacts:
            if not overwrite:
                raise ArtifactError(
                    "Failed to CreateArtifact: Received non-retryable error: Failed request: (409) Conflict: "
                    f"an artifact with this name already exists on the workflow run: {name}"
                )
            shutil.rmtree(self._artifacts.pop(name).folder)
        if len(self._artifacts) >= LIMIT:
            raise ArtifactError(f"The run has {LIMIT} artifacts already")
        self._last_id += 1
        folder = self._root / f"{self._last_id}-{name}"
        folder.mkdir(parents=True)
        for relative, source in files.items():
            target = folder / relative
            target.parent.mkdir(parents=True, exist_ok=True)
            # Zip archives keep the bytes and not the mode.
            shutil.copyfile(source, target)
        artifact = Artifact(id=self._last_id, name=name, digest=digest_of(folder), folder=folder)
        self._artifacts[name] = artifact
        return artifact

    def restore(self, artifact: Artifact, folder: Path) -> None:
        """Write an artifact's files below a folder.

        Raises:
            ArtifactError: its bytes are not those that were uploaded.
        """
        if digest_of(artifact.folder) != artifact.digest:
            raise ArtifactError(f"The digest of artifact {artifact.name} does not match: it was changed")
        shutil.copytree(artifact.folder, folder, dirs_exist_ok=True, copy_function=shutil.copyfile)


def digest_of(folder: Path) -> str:
    """SHA-256 over the paths and bytes of all files."""
    digest = hashlib.sha256()
    for relative, path in _walk(folder):
        digest.update(f"{relative}\0{hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    return digest.hexdigest()


def _walk(folder: Path) -> Iterator[tuple[str, Path]]:
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            yield path.relative_to(folder).as_posix(), path
