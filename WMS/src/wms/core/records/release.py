"""The release of a promoted model: its names and its provenance."""

from __future__ import annotations

import re
from collections.abc import Mapping

from pydantic import PositiveInt

from wms.core.errors import RecordError
from wms.core.records.base import Frozen, GitSha, Record
from wms.core.records.promotion import ModelMetadata

PROVENANCE_FILE, REPORT_FILE, DIGESTS_FILE = "provenance.json", "report.html", "SHA256SUMS"
"""The files of a release beside the model bundle; report and page only if run and page are available."""

REFERENCE_FILE = "drift-reference.json"
"""The reference of drift, in the releases of models that were promoted with one."""

_TAG = re.compile(r"model-v([1-9]\d*)")
_DIGEST_LINE = re.compile(r"([0-9a-f]{64}) [ *]([^/\\]+)")


class ReleaseProvenance(Record):
    """`provenance.json`: the model as it was promoted, and the merge on main that promoted it.

    `model` names run, dataset, decision and records by their digests; the training is in the model's card,
    `model.json`. `pull_request` is `None` if a person merged it in another way.
    """

    commit_sha: GitSha
    pull_request: PositiveInt | None
    model: ModelMetadata

    @property
    def tag(self) -> str:
        """The release's tag."""
        return release_tag(self.model.version)


class ReleaseOutcome(Frozen):
    """The changes that made the releases agree with main; none without a model in production."""

    version: PositiveInt | None = None
    tag: str | None = None
    url: str | None = None
    published: bool = False
    marked: bool = False


def release_tag(version: int) -> str:
    """The tag of a version's release, such as `model-v3` (artifact and version, as in GTO)."""
    return f"model-v{version}"


def released_version(tag: str) -> int | None:
    """The version of a release's tag; `None` for another kind of tag."""
    found = _TAG.fullmatch(tag)
    return int(found[1]) if found else None


def release_title(version: int, *, in_production: bool) -> str:
    """A release's title."""
    return f"Model v{version}{', in production' if in_production else ''}"


def says_in_production(tag: str, title: str) -> bool:
    """Whether a release of this tag and title is marked as the one in production."""
    version = released_version(tag)
    return version is not None and title == release_title(version, in_production=True)


def digests_text(digests: Mapping[str, str]) -> str:
    """File names and their SHA-256, in the form that `sha256sum --check` reads."""
    return "".join(f"{sha256}  {name}\n" for name, sha256 in sorted(digests.items()))


def parse_digests(text: str, *, source: str) -> dict[str, str]:
    """The SHA-256 of each file by name.

    Raises:
        RecordError: a line has another form.
    """
    digests = {}
    for line in text.splitlines():
        found = _DIGEST_LINE.fullmatch(line)
        if found is None:
            raise RecordError(f"{source} has a line that is not a SHA-256 and a file name: {line[:80]!r}")
        digests[found[2]] = found[1]
    return digests
