"""Sticky, group-aware assignment of samples to the train, validation and test splits.

Near-duplicates share a group and a group never spans splits, so nothing that training saw leaks
into a test. An existing sample never moves, so the test set only grows and scores stay comparable.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Annotated, Self

from pydantic import Field, NonNegativeInt, model_validator

from wms.domain.dataset import SPLITS, DatasetManifest, Finding, Sample, SampleFacts, Share, Split
from wms.domain.records import Frozen, Record, Sha256


class SplitPolicy(Frozen):
    """Shares of the splits (they sum to 1) and when two pictures count as near-duplicates.

    `near_duplicate_bits`: perceptual hashes that differ in at most so many bits join a group.
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
    """Where one newcomer went."""

    stem: str
    group: str
    split: Split


class SplitPlan(Record):
    """The newcomers' assignments on top of the manifest of main, and the resulting dataset.

    `main_test_digest` names the test split as it stood on main: the pictures that decide.
    `set_aside` names newcomers that look like pictures of two different splits.
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
    """What `assign` returns: the plan and the manifest that it leads to."""

    plan: SplitPlan
    manifest: DatasetManifest


def hamming_bits(left: str, right: str) -> int:
    """Number of bits in which two hexadecimal hashes differ."""
    return (int(left, 16) ^ int(right, 16)).bit_count()


def assign(
    main: DatasetManifest,
    newcomers: Sequence[SampleFacts],
    *,
    added_by: dict[str, str],
    policy: SplitPolicy,
) -> SplitOutcome:
    """Assign newcomers to splits; samples of `main` keep theirs.

    A newcomer whose stem is in `main` replaces that sample's bytes and keeps its group and split,
    unless it now looks like a picture of another split: then it is set aside and the old bytes stay.

    New groups are placed in the order of their hash, each into the split that is furthest below
    its share, so the result does not depend on the order in which files are listed.

    Args:
        main: the manifest on main.
        newcomers: validated pairs.
        added_by: the branch that brought each newcomer, by stem.
        policy: shares and the near-duplicate threshold.
    """
    placed = {sample.stem: sample for sample in main.samples}
    hashes = {sample.stem: int(sample.phash, 16) for sample in main.samples}
    set_aside: list[Finding] = []
    fresh: list[SampleFacts] = []
    touched: list[Assignment] = []

    def near(facts: SampleFacts) -> list[Sample]:
        value = int(facts.phash, 16)
        return [
            placed[stem]
            for stem, other in hashes.items()
            if stem != facts.stem and (value ^ other).bit_count() <= policy.near_duplicate_bits
        ]

    for facts in sorted(newcomers, key=_content_key):
        old = placed.get(facts.stem)
        links = near(facts)
        splits = {sample.split for sample in links} | ({old.split} if old else set())
        if len(splits) > 1:
            set_aside.append(_spans_splits(facts, links))
        elif old is not None:
            placed[facts.stem] = _sample(facts, old.group, old.split, added_by[facts.stem])
            hashes[facts.stem] = int(facts.phash, 16)
            touched.append(Assignment(stem=facts.stem, group=old.group, split=old.split))
        else:
            fresh.append(facts)

    counts = {split: sum(sample.split == split for sample in placed.values()) for split in SPLITS}
    for component in _components(fresh, policy.near_duplicate_bits):
        alike = {facts.stem: near(facts) for facts in component}
        relatives = [sample for samples in alike.values() for sample in samples]
        homes = {sample.split for sample in relatives}
        if len(homes) > 1:
            set_aside.extend(_spans_splits(facts, alike[facts.stem]) for facts in component)
            continue
        home = homes.pop() if homes else _neediest(counts, len(component), policy)
        known = sorted({sample.group for sample in relatives})
        group = known[0] if known else f"g-{_content_key(component[0])[:12]}"
        for facts in component:
            placed[facts.stem] = _sample(facts, group, home, added_by[facts.stem])
            hashes[facts.stem] = int(facts.phash, 16)
            counts[home] += 1
            touched.append(Assignment(stem=facts.stem, group=group, split=home))

    manifest = DatasetManifest.of(placed.values())
    plan = SplitPlan(
        base_manifest_sha256=main.digest,
        manifest_sha256=manifest.digest,
        main_test_digest=main.split_digest("test"),
        policy=policy,
        assigned=tuple(sorted(touched, key=lambda item: item.stem)),
        set_aside=tuple(set_aside),
        **{split: len(manifest.of_split(split)) for split in SPLITS},
    )
    return SplitOutcome(plan=plan, manifest=manifest)


def _content_key(facts: SampleFacts) -> str:
    return hashlib.sha256(f"{facts.image_sha256}{facts.mask_sha256}".encode()).hexdigest()


def _sample(facts: SampleFacts, group: str, split: Split, added_by: str) -> Sample:
    fields = {name: getattr(facts, name) for name in SampleFacts.model_fields}
    return Sample(**fields, group=group, split=split, added_by=added_by)


def _components(facts: Sequence[SampleFacts], near_bits: int) -> list[list[SampleFacts]]:
    """Connected components of the near-duplicate graph, in the order of their smallest hash."""
    rest = sorted(facts, key=_content_key)
    values = {item.stem: int(item.phash, 16) for item in rest}
    components = []
    while rest:
        component, frontier = [], [rest.pop(0)]
        while frontier:
            current = frontier.pop()
            component.append(current)
            value = values[current.stem]
            close = [item for item in rest if (value ^ values[item.stem]).bit_count() <= near_bits]
            frontier.extend(close)
            taken = {item.stem for item in close}
            rest = [item for item in rest if item.stem not in taken]
        components.append(sorted(component, key=_content_key))
    return components


def _neediest(counts: dict[Split, int], size: int, policy: SplitPolicy) -> Split:
    """The split furthest below its share once `size` more samples are in; ties in SPLITS order."""
    total = sum(counts.values()) + size
    return max(SPLITS, key=lambda split: policy.share(split) * total - counts[split])


def _spans_splits(facts: SampleFacts, links: Sequence[Sample]) -> Finding:
    alike = ", ".join(f"{sample.image} ({sample.split})" for sample in links[:4]) or "others of this push"
    return Finding(
        rule="links-splits",
        severity="warning",
        file=facts.image,
        stem=facts.stem,
        message=f"looks like pictures of different splits ({alike}), so it was set aside",
        remedy="Nothing need be done: adding it would leak test pictures into training.",
    )
