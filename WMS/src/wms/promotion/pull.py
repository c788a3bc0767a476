"""Fetch a model from its release, without access to the data store and without a clone."""

from __future__ import annotations

import tempfile
from functools import cached_property
from pathlib import Path

from wms.core.errors import Code, ForgeError, NoProductionModelError, RecordError
from wms.core.files import read_record, replacing, verify_sha256
from wms.core.ports import Releases
from wms.core.production import fetch_bundle
from wms.core.records.drift import DriftReference
from wms.core.records.promotion import ModelMetadata
from wms.core.records.release import (
    DIGESTS_FILE,
    PROVENANCE_FILE,
    REFERENCE_FILE,
    ReleaseProvenance,
    parse_digests,
    release_tag,
    says_in_production,
)
from wms.gate.reference import fetch_reference


class ReleaseFiles:
    """A release's files by their SHA-256 in its `SHA256SUMS`."""

    def __init__(self, forge: Releases, tag: str) -> None:
        self._forge, self._tag = forge, tag

    def get_blob(self, sha256: str, to: Path) -> None:
        """Fetch a file to the path `to`, with its SHA-256 checked.

        Raises:
            ForgeError: the release has no such file.
            RecordError: the file has other bytes; `to` is left as it was.
        """
        name = next((name for name, known in self.digests.items() if known == sha256), None)
        if name is None:
            raise ForgeError(
                f"the release {self._tag} has no file with the SHA-256 {sha256[:12]}…", Code.NOT_RELEASED
            )
        with replacing(to) as temporary:
            self._forge.download_asset(self._tag, name, temporary)
            verify_sha256(temporary, sha256)

    @cached_property
    def digests(self) -> dict[str, str]:
        """The SHA-256 of each file by name."""
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / DIGESTS_FILE
            self._forge.download_asset(self._tag, DIGESTS_FILE, file)
            return parse_digests(file.read_text(), source=f"{DIGESTS_FILE} of {self._tag}")

    def reference(self, model: ModelMetadata) -> DriftReference | None:
        """The reference of drift of the release's model; `None` where it was released without one.

        Raises:
            RecordError: it is of another model.
        """
        sha256 = self.digests.get(REFERENCE_FILE)
        return None if sha256 is None else fetch_reference(sha256, self, model)

    def provenance(self) -> ReleaseProvenance:
        """The release's `provenance.json`.

        Raises:
            RecordError: it is of another release.
        """
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / PROVENANCE_FILE
            self.get_blob(self.digests.get(PROVENANCE_FILE, ""), file)
            provenance = read_record(file, ReleaseProvenance)
        if provenance.tag != self._tag:
            raise RecordError(f"the release {self._tag} has the files of {provenance.tag}")
        return provenance


def pull_released(forge: Releases, version: int | None, to: Path) -> ModelMetadata:
    """Put a released model into the folder `to`; only the repository is needed.

    `version` is the model's; `None` takes the one in production. For the folder see `fetch_bundle`. The
    digests come from the release itself, so they protect against damage, not against its authors.

    Raises:
        NoProductionModelError: no release is marked as in production.
        ForgeError: there is no release of that version.
        RecordError: a file does not match the digest in the release.
    """
    files = ReleaseFiles(forge, release_tag(version) if version is not None else tag_in_production(forge))
    model = files.provenance().model
    fetch_bundle(model.card_sha256, files, to)
    return model


def tag_in_production(forge: Releases) -> str:
    """The tag of the release that is marked as in production.

    Raises:
        NoProductionModelError: none is.
    """
    marked = [release for release in forge.releases() if says_in_production(release.tag, release.title)]
    if not marked:
        raise NoProductionModelError(
            "no release is marked as in production", remedy="Name a released version: --version N."
        )
    # A call that was killed while it moved the mark leaves two titles; only one has the forge's own mark.
    return next((release.tag for release in marked if release.latest), marked[0].tag)
