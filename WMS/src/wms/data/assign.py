"""Sticky, group-aware assignment of samples to the train, validation and test splits.

Near-duplicates share a group, and a group never spans splits, so no training image leaks into the test
split. An existing sample never moves, so the test split only grows and scores stay comparable. A replaced
sample keeps the hashes of its old images too: if these come back under another name, they belong to the same
split.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence

from wms.core.errors import BadDataError, RecordError
from wms.core.records.dataset import (
    SPLITS,
    DatasetManifest,
    Finding,
    MergePlan,
    Sample,
    SampleFacts,
    Split,
    ValidationReport,
)
from wms.core.records.split import Assignment, SplitOutcome, SplitPlan, SplitPolicy
from wms.core.words import counted
from wms.data.rules import finding


def assign_validated(
    manifest: DatasetManifest, *, plan: MergePlan, report: ValidationReport, policy: SplitPolicy
) -> SplitOutcome:
    """Assign the pairs of a merge plan that passed validation.

    Raises:
        BadDataError: validation found errors that were not set aside.
        RecordError: perceptual hashes are of different sizes.
    """
    if report.blocked:
        raise BadDataError(f"validation found {counted(len(report.errors), 'error')}; nothing was assigned")
    added_by = {pair.stem: pair.branch for pair in plan.pairs}
    return assign(manifest, report.facts, added_by=added_by, policy=policy)


def assign(
    main: DatasetManifest,
    new_samples: Sequence[SampleFacts],
    *,
    added_by: dict[str, str],
    policy: SplitPolicy,
) -> SplitOutcome:
    """Assign new samples to splits; samples of `main` keep theirs.

    A new sample whose stem is in `main` replaces that sample and keeps its group and split. If it looks
    like an image of another split, it is set aside and the old one stays.

    New groups are placed in the order of their hash, each into the split that is furthest below its
    share. So the result does not depend on the order of files.

    `added_by` has the branch of each new sample, by stem.

    Raises:
        RecordError: perceptual hashes are of different sizes and cannot be compared.
    """
    looks = [
        *(look for sample in main.samples for look in sample.looks),
        *(facts.phash for facts in new_samples),
    ]
    if len({len(look) for look in looks}) > 1:
        raise RecordError("perceptual hashes of different sizes: main's manifest is of another version")
    board = _Board(main, added_by, policy.near_duplicate_bits)
    ordered = sorted(new_samples, key=_content_key)
    fresh = [facts for facts in ordered if facts.stem not in board.placed]
    for facts in ordered:
        if facts.stem in board.placed:
            board.replace(facts)
    alike = {facts.stem: board.near(facts) for facts in fresh}
    bridges = [facts for facts in fresh if len({sample.split for sample in alike[facts.stem]}) > 1]
    board.set_aside(bridges, alike)

    counts = Counter(sample.split for sample in board.placed.values())
    joined = [facts for facts in fresh if facts not in bridges]
    for component in _components(joined, policy.near_duplicate_bits):
        relatives = [sample for facts in component for sample in alike[facts.stem]]
        homes = {sample.split for sample in relatives}
        if len(homes) > 1:
            board.set_aside(component, alike)
            continue
        home = homes.pop() if homes else _neediest(counts, len(component), policy)
        group = min((sample.group for sample in relatives), default=f"g-{_content_key(component[0])[:12]}")
        counts[home] += len(component)
        for facts in component:
            board.place(facts, group, home)

    manifest = DatasetManifest.of(board.placed.values())
    plan = SplitPlan(
        base_manifest_sha256=main.digest,
        manifest_sha256=manifest.digest,
        main_test_digest=main.split_digest("test"),
        policy=policy,
        assigned=tuple(sorted(board.assigned, key=lambda item: item.stem)),
        set_aside=tuple(board.aside),
        **{split: len(manifest.of_split(split)) for split in SPLITS},
    )
    return SplitOutcome(plan=plan, manifest=manifest)


class _Board:
    """The samples placed so far, by stem, and the new ones that were assigned or set aside."""

    def __init__(self, main: DatasetManifest, added_by: dict[str, str], near_bits: int) -> None:
        self.placed = {sample.stem: sample for sample in main.samples}
        self.looks = {sample.stem: _values(sample) for sample in main.samples}
        self.added_by = added_by
        self.near_bits = near_bits
        self.assigned: list[Assignment] = []
        self.aside: list[Finding] = []

    def near(self, facts: SampleFacts) -> list[Sample]:
        """The placed samples of another name whose present or replaced image looks like a new one."""
        value, near_bits = int(facts.phash, 16), self.near_bits
        return [
            self.placed[stem]
            for stem, looks in self.looks.items()
            if stem != facts.stem and any((value ^ look).bit_count() <= near_bits for look in looks)
        ]

    def place(self, facts: SampleFacts, group: str, split: Split, former: tuple[str, ...] = ()) -> None:
        """Put a new sample into a group and a split."""
        sample = Sample(
            **facts.model_dump(),
            group=group,
            split=split,
            added_by=self.added_by[facts.stem],
            former_phashes=tuple(look for look in former if look != facts.phash),
        )
        self.placed[facts.stem] = sample
        self.looks[facts.stem] = _values(sample)
        self.assigned.append(Assignment(stem=facts.stem, group=group, split=split))

    def replace(self, facts: SampleFacts) -> None:
        """Replace a sample, unless the new image looks like one of another split."""
        old, links = self.placed[facts.stem], self.near(facts)
        if any(sample.split != old.split for sample in links):
            self.set_aside([facts], {facts.stem: [old, *links]})
        else:
            self.place(facts, old.group, old.split, former=old.looks)

    def set_aside(self, members: Sequence[SampleFacts], alike: dict[str, list[Sample]]) -> None:
        """Leave new samples out, each with a finding that lists similar images."""
        self.aside.extend(_spans_splits(facts, alike[facts.stem]) for facts in members)


def _values(sample: Sample) -> tuple[int, ...]:
    return tuple(int(look, 16) for look in sample.looks)


def _content_key(facts: SampleFacts) -> str:
    return hashlib.sha256(f"{facts.image_sha256}{facts.mask_sha256}".encode()).hexdigest()


def _components(facts: Sequence[SampleFacts], near_bits: int) -> list[list[SampleFacts]]:
    """Connected components of the near-duplicate graph, in the order of their smallest hash."""
    rest = {item.stem: (int(item.phash, 16), item) for item in sorted(facts, key=_content_key)}
    components = []
    while rest:
        component, frontier = [], [rest.pop(next(iter(rest)))]
        while frontier:
            value, current = frontier.pop()
            component.append(current)
            close = [stem for stem, (other, _) in rest.items() if (value ^ other).bit_count() <= near_bits]
            frontier.extend(rest.pop(stem) for stem in close)
        components.append(sorted(component, key=_content_key))
    return components


def _neediest(counts: Mapping[Split, int], size: int, policy: SplitPolicy) -> Split:
    """The split furthest below its share once `size` more samples are in; ties in SPLITS order."""
    total = sum(counts.values()) + size
    return max(SPLITS, key=lambda split: policy.share(split) * total - counts.get(split, 0))


def _spans_splits(facts: SampleFacts, links: Sequence[Sample]) -> Finding:
    alike = ", ".join(f"{sample.image} ({sample.split})" for sample in links[:4]) or "others of this push"
    message = f"it looks like images of different splits ({alike}), so it was set aside"
    return finding("links-splits", facts.image, message, stem=facts.stem)
