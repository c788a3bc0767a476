"""The split of each sample, and the policy behind it."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, NonNegativeInt, model_validator

from wms.core.records.base import Frozen, Record, Sha256
from wms.core.records.dataset import DatasetManifest, Finding, Share, Split


class SplitPolicy(Frozen):
    """Shares of the splits (they sum to 1), and when two images count as near-duplicates.

    `near_duplicate_bits`: perceptual hashes (256 bits) that differ in at most so many bits join a group.
    """

    train: Share
    val: Share
    test: Share
    near_duplicate_bits: Annotated[int, Field(ge=0, le=128)]

    @model_validator(mode="after")
    def _shares_sum_to_one(self) -> Self:
        if abs(self.train + self.val + self.test - 1.0) > 1e-9:
            raise ValueError("train, val and test must sum to 1")
        return self

    def share(self, split: Split) -> float:
        """The share that `split` should have, in 0..1."""
        return {"train": self.train, "val": self.val, "test": self.test}[split]


class Assignment(Frozen):
    """The split of one new sample."""

    stem: str
    group: str
    split: Split


class SplitPlan(Record):
    """The assignments of the new samples on top of the manifest of main, and the resulting dataset.

    `main_test_digest` names the test split of main: the images that decide. `set_aside` names new samples
    that look like images of two different splits.
    """

    base_manifest_sha256: Sha256
    manifest_sha256: Sha256
    main_test_digest: Sha256
    policy: SplitPolicy
    assigned: tuple[Assignment, ...] = ()
    set_aside: tuple[Finding, ...] = ()
    train: NonNegativeInt
    val: NonNegativeInt
    test: NonNegativeInt


class SplitOutcome(Frozen):
    """The result of `assign`: the plan and the new manifest."""

    plan: SplitPlan
    manifest: DatasetManifest
