"""The rules that compare pairs with each other and with the dataset."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from statistics import quantiles
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from wms.core.errors import RecordError
from wms.core.records.dataset import DatasetManifest, Finding, MergePlan, Sample
from wms.core.settings import ValidationPolicy
from wms.core.words import counted, first_of
from wms.data.inspection.pair import Inspection
from wms.data.rules import finding

_LISTED = 3
"""How many similar images a message names."""

_LEAST_SPREAD = 0.1
"""Smallest spread of the log coverage, for a dataset whose windows are all of one size."""


@dataclass(frozen=True)
class _Look:
    """The hash of an image, present or replaced; `image_sha256` is known only of a present one."""

    stem: str
    phash: str
    image_sha256: str | None
    where: str


def plan_findings(plan: MergePlan) -> list[Finding]:
    """Pairs that the merge skipped, and name conflicts."""
    found = [
        finding(
            "duplicate", pair.image_source, f"the same image and mask are there as {pair.same_as}; skipped"
        )
        for pair in plan.present
    ]
    found += [
        finding("name-conflict", conflict.image_source, f"the name is taken by {conflict.taken_by}")
        for conflict in plan.conflicts
    ]
    found += [
        finding("superseded", earlier.image_source, f"{earlier.taken_by} brings another {earlier.stem}")
        for earlier in plan.superseded
    ]
    return found


def byte_findings(plan: MergePlan, manifest: DatasetManifest) -> list[Finding]:
    """One image with different masks, and one mask for different images, by their bytes."""
    return [
        *_shared(plan, manifest, of="image", rule="two-masks", says="the same image with another mask"),
        *_shared(plan, manifest, of="mask", rule="shared-mask", says="the same mask for another image"),
    ]


def look_alike_findings(
    inspections: Sequence[Inspection], manifest: DatasetManifest, *, within_bits: int
) -> list[Finding]:
    """Images whose hashes differ from another's, present or replaced, in at most `within_bits` bits.

    Exact copies of present images are left to another rule.
    """
    measured = [(item.pair, item.facts) for item in inspections if item.facts is not None]
    replaced = {pair.stem for pair, _ in measured if pair.action == "replace"}
    looks = [look for sample in manifest.samples for look in _looks(sample, replaced)]
    looks += [_Look(pair.stem, facts.phash, pair.image_sha256, "this push") for pair, facts in measured]
    hashes = _bit_matrix([look.phash for look in looks])
    found = []
    for row, (pair, _) in enumerate(measured, start=len(looks) - len(measured)):
        distances = np.bitwise_count(hashes ^ hashes[row]).sum(axis=1)
        near = [
            f"{looks[other].stem} ({looks[other].where}) {counted(int(distances[other]), 'bit')}"
            for other in np.argsort(distances, kind="stable")
            if distances[other] <= within_bits
            and looks[other].stem != pair.stem
            and looks[other].image_sha256 != pair.image_sha256
        ]
        if near:
            message = (
                f"it looks like {first_of(near, _LISTED)} (up to {within_bits} of 256 bits count as similar)"
            )
            found.append(finding("near-duplicate", pair.image_source, message, stem=pair.stem))
    return found


def coverage_findings(
    inspections: Sequence[Inspection], kept: Sequence[Sample], *, policy: ValidationPolicy
) -> list[Finding]:
    """Windows whose share of the image is far outside the usual range.

    The range is that of the dataset, or of dataset and push together while the dataset is small. The spread
    is the larger distance from the median to a quartile, on a log scale, which is robust to outliers.
    """
    shares = [sample.foreground_share for sample in kept]
    pushed = [(item.pair, item.facts.foreground_share) for item in inspections if item.facts is not None]
    if len(shares) < policy.coverage_min_samples:
        shares += [share for _, share in pushed]
    logs = [math.log(share) for share in shares if share > 0]
    if len(logs) < max(policy.coverage_min_samples, 2):
        return []
    lower, middle, upper = quantiles(logs, n=4, method="inclusive")
    reach = policy.coverage_outlier_spread * max(upper - middle, middle - lower, _LEAST_SPREAD)
    return [
        finding(
            "coverage-outlier",
            pair.mask_source,
            f"{share:.2%} of it is window; {math.exp(middle - reach):.2%} to {math.exp(middle + reach):.1%} "
            f"is usual (median {math.exp(middle):.1%} of {len(logs)})",
            stem=pair.stem,
        )
        for pair, share in pushed
        if share > 0 and abs(math.log(share) - middle) > reach
    ]


def _looks(sample: Sample, replaced: Collection[str]) -> list[_Look]:
    """The hashes of a sample of the dataset, including those of replaced images."""
    there = sample.stem not in replaced
    now = [_Look(sample.stem, sample.phash, sample.image_sha256, f"{sample.split} split")] if there else []
    past = sample.former_phashes if there else sample.looks
    return now + [_Look(sample.stem, phash, None, f"{sample.split} split, as it was") for phash in past]


def _shared(
    plan: MergePlan, manifest: DatasetManifest, *, of: Literal["image", "mask"], rule: str, says: str
) -> list[Finding]:
    """Pairs of the push that share only the image, or only the mask, with another pair."""
    replaced = {pair.stem for pair in plan.pairs if pair.action == "replace"}
    holders: dict[str, list[str]] = defaultdict(list)
    digest = f"{of}_sha256"
    for sample in manifest.samples:
        if sample.stem not in replaced:
            holders[getattr(sample, digest)].append(f"{sample.stem} of the dataset")
    for pair in plan.pairs:
        holders[getattr(pair, digest)].append(pair.stem)
    found = []
    for pair in plan.pairs:
        others = [name for name in holders[getattr(pair, digest)] if name != pair.stem]
        if others:
            message = f"it is {says}: {' and '.join(others[:_LISTED])}"
            found.append(finding(rule, getattr(pair, f"{of}_source"), message, stem=pair.stem))
    return found


def _bit_matrix(hashes: Sequence[str]) -> NDArray[np.uint8]:
    """Hexadecimal hashes of one length as rows of bytes.

    Raises:
        RecordError: hashes of different lengths cannot be compared.
    """
    if len({len(value) for value in hashes}) > 1:
        raise RecordError("the dataset's perceptual hashes are of another size than this version makes")
    return np.array([list(bytes.fromhex(value)) for value in hashes], dtype=np.uint8)
