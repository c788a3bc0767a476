"""The rules that look at pairs side by side."""

from collections.abc import Sequence

import pytest

from factories import make_facts, make_manifest, make_merge, sha256
from pairs import SETTINGS
from wms.core.errors import RecordError
from wms.core.records.dataset import Conflict, DatasetManifest, MergePlan, PresentPair, SampleFacts
from wms.data.inspection.pair import Inspection
from wms.data.inspection.relations import byte_findings, coverage_findings, look_alike_findings, plan_findings

EMPTY = DatasetManifest()
POLICY = SETTINGS.validation


def merged(*facts: SampleFacts, replacing: bool = False) -> MergePlan:
    plan = make_merge(EMPTY, facts)
    action = {"action": "replace" if replacing else "add"}
    return plan.model_copy(update={"pairs": tuple(pair.model_copy(update=action) for pair in plan.pairs)})


def inspections(facts: Sequence[SampleFacts], *, replacing: bool = False) -> list[Inspection]:
    pairs = merged(*facts, replacing=replacing).pairs
    return [Inspection(pair=pair, findings=(), facts=item) for pair, item in zip(pairs, facts, strict=True)]


def flipped(phash: str, bits: int) -> str:
    return f"{int(phash, 16) ^ ((1 << bits) - 1):064x}"


def test_look_alikes_within_a_push_name_each_other() -> None:
    first = make_facts("a")
    second = make_facts("b", phash=flipped(first.phash, 45))
    found = look_alike_findings(inspections([first, second, make_facts("c")]), EMPTY, within_bits=45)
    assert [(item.rule, item.stem) for item in found] == [("near-duplicate", "a"), ("near-duplicate", "b")]
    assert "b (this push) 45 bits" in found[0].message


@pytest.mark.parametrize(
    ("bits", "same_bytes"), [(46, False), (0, True)], ids=["a bit too far", "left to another rule"]
)
def test_too_distant_images_and_exact_copies_are_no_look_alikes(bits: int, same_bytes: bool) -> None:
    first = make_facts("a")
    second = make_facts("b", phash=flipped(first.phash, bits))
    if same_bytes:
        second = second.model_copy(update={"image_sha256": first.image_sha256})
    assert look_alike_findings(inspections([first, second]), EMPTY, within_bits=45) == []


def test_a_look_alike_in_the_dataset_is_named_with_its_split() -> None:
    main = make_manifest(5)
    known = main.samples[2]
    twin = make_facts("new", phash=flipped(known.phash, 4))
    (found,) = look_alike_findings(inspections([twin]), main, within_bits=45)
    assert f"{known.stem} ({known.split} split) 4 bits" in found.message


@pytest.mark.parametrize("replaced", ["by this push", "long ago"])
def test_a_look_alike_of_replaced_bytes_is_named_as_such(replaced: str) -> None:
    old = make_manifest(1).samples[0]
    new_look = make_facts(old.stem, phash=sha256("new look"), image_sha256=sha256("new bytes"))
    twin = make_facts("again", phash=flipped(old.phash, 4), image_sha256=old.image_sha256)
    main, pushed = DatasetManifest.of([old]), inspections([twin])
    if replaced == "by this push":
        pushed += inspections([new_look], replacing=True)
    else:
        sample = old.model_copy(update={"phash": new_look.phash, "former_phashes": (old.phash,)})
        main = DatasetManifest.of([sample])
    (found,) = look_alike_findings(pushed, main, within_bits=45)
    assert f"{old.stem} ({old.split} split, as it was) 4 bits" in found.message


def test_a_replacement_is_no_look_alike_of_what_it_replaces() -> None:
    main = make_manifest(1)
    better = make_facts(main.samples[0].stem, image_sha256=sha256("better"))
    assert look_alike_findings(inspections([better], replacing=True), main, within_bits=45) == []


def test_of_many_look_alikes_the_nearest_are_named_and_the_rest_counted() -> None:
    burst = [make_facts(f"b{step}", phash=flipped("0" * 64, step)) for step in range(6)]
    found = look_alike_findings(inspections(burst), EMPTY, within_bits=45)
    assert "b1 (this push) 1 bit, b2 (this push) 2 bits" in found[0].message
    assert "and 2 more" in found[0].message


def test_hashes_of_another_size_are_an_error() -> None:
    main = DatasetManifest.of([make_manifest(1).samples[0].model_copy(update={"phash": "0" * 16})])
    with pytest.raises(RecordError, match="another size"):
        look_alike_findings(inspections([make_facts("a")]), main, within_bits=45)


@pytest.mark.parametrize(
    ("usual", "share", "warned"),
    [(40, 0.0004, True), (40, 0.5, True), (40, 0.07, False), (10, 0.5, False)],
    ids=["far below", "far above", "within reach", "too few to judge by"],
)
def test_coverage_far_from_the_usual_is_a_warning(usual: int, share: float, warned: bool) -> None:
    others = [make_facts(f"u{n}", foreground_share=0.02 * (0.6 + 0.02 * n)) for n in range(usual)]
    pushed = inspections([*others, make_facts("odd", foreground_share=share)])
    found = coverage_findings(pushed, (), policy=POLICY)
    assert [(item.rule, item.severity, item.stem) for item in found] == (
        [("coverage-outlier", "warning", "odd")] if warned else []
    )


def test_a_dataset_large_enough_judges_alone() -> None:
    kept = make_manifest(60).samples
    pushed = inspections([make_facts(f"n{n}", foreground_share=0.5) for n in range(200)])
    assert len(coverage_findings(pushed, kept, policy=POLICY)) == 200


@pytest.mark.parametrize(
    ("shared", "rule", "severity"),
    [("image_sha256", "two-masks", "error"), ("mask_sha256", "shared-mask", "warning")],
)
def test_half_a_pair_that_another_of_the_push_has_too_is_a_finding_on_both(
    shared: str, rule: str, severity: str
) -> None:
    found = byte_findings(merged(*(make_facts(stem, **{shared: sha256("x")}) for stem in "ab")), EMPTY)
    assert [(item.rule, item.severity, item.stem) for item in found] == [
        (rule, severity, "a"),
        (rule, severity, "b"),
    ]


def test_an_image_of_the_dataset_with_another_mask_is_an_error() -> None:
    main = make_manifest(3)
    (found,) = byte_findings(merged(make_facts("a", image_sha256=main.samples[0].image_sha256)), main)
    assert found.rule == "two-masks"
    assert f"{main.samples[0].stem} of the dataset" in found.message


def test_a_replaced_samples_own_image_with_a_better_mask_is_fine() -> None:
    main = make_manifest(3)
    old = main.samples[0]
    better = make_facts(old.stem, image_sha256=old.image_sha256, mask_sha256=sha256("better"))
    assert byte_findings(merged(better, replacing=True), main) == []


def test_what_the_merge_skipped_or_could_not_place_is_named() -> None:
    present = PresentPair(stem="a", image_source="images/a.jpg", same_as="z", branch="data/a")
    taken = {"stem": "b", "image_source": "images/b.jpg", "mask_source": "masks/b.png", "branch": "data/a"}
    conflict = Conflict(**taken, taken_by="the dataset")
    plan = merged().model_copy(update={"present": (present,), "conflicts": (conflict,)})
    assert [(item.rule, item.severity, item.file) for item in plan_findings(plan)] == [
        ("duplicate", "warning", "images/a.jpg"),
        ("name-conflict", "error", "images/b.jpg"),
    ]
