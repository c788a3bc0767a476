"""The rules that look at pairs side by side."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from factories import git_sha, make_facts, make_manifest, make_merge, sha256
from pairs import SETTINGS
from wms.core.errors import RecordError
from wms.core.records.dataset import Conflict, DatasetManifest, MergePlan, PresentPair, SampleFacts
from wms.data.inspection.pair import Inspection
from wms.data.inspection.relations import byte_findings, coverage_findings, look_alike_findings, plan_findings

EMPTY = DatasetManifest()
POLICY = SETTINGS.validation


def inspections(facts: Sequence[SampleFacts]) -> list[Inspection]:
    pairs = make_merge(EMPTY, facts).pairs
    return [Inspection(pair=pair, findings=(), facts=item) for pair, item in zip(pairs, facts, strict=True)]


def flipped(phash: str, bits: int) -> str:
    return f"{int(phash, 16) ^ ((1 << bits) - 1):064x}"


def test_look_alikes_within_a_push_name_each_other() -> None:
    first = make_facts("a")
    second = make_facts("b", phash=flipped(first.phash, 45))
    found = look_alike_findings(inspections([first, second, make_facts("c")]), EMPTY, within_bits=45)
    assert [(item.rule, item.stem) for item in found] == [("near-duplicate", "a"), ("near-duplicate", "b")]
    assert "b (this push) 45 bits" in found[0].message


def test_one_bit_further_apart_is_no_look_alike() -> None:
    first = make_facts("a")
    second = make_facts("b", phash=flipped(first.phash, 46))
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
    if replaced == "by this push":
        main, pushed = DatasetManifest.of([old]), inspections([twin, new_look])
        pushed[1] = replace(pushed[1], pair=pushed[1].pair.model_copy(update={"action": "replace"}))
    else:
        sample = old.model_copy(update={"phash": new_look.phash, "former_phashes": (old.phash,)})
        main, pushed = DatasetManifest.of([sample]), inspections([twin])
    (found,) = look_alike_findings(pushed, main, within_bits=45)
    assert f"{old.stem} ({old.split} split, as it was) 4 bits" in found.message


def test_a_replacement_is_no_look_alike_of_what_it_replaces() -> None:
    old = make_manifest(1).samples[0]
    (better,) = inspections([make_facts(old.stem, image_sha256=sha256("better"))])
    pushed = [replace(better, pair=better.pair.model_copy(update={"action": "replace"}))]
    assert look_alike_findings(pushed, DatasetManifest.of([old]), within_bits=45) == []


def test_of_many_look_alikes_the_nearest_are_named_and_the_rest_counted() -> None:
    burst = [make_facts(f"b{step}", phash=flipped("0" * 64, step)) for step in range(6)]
    found = look_alike_findings(inspections(burst), EMPTY, within_bits=45)
    assert "b1 (this push) 1 bits, b2 (this push) 2 bits" in found[0].message
    assert "and 2 more" in found[0].message


def test_the_same_bytes_are_no_look_alike_but_another_rules_business() -> None:
    first = make_facts("a")
    same = make_facts("b", phash=first.phash, image_sha256=first.image_sha256)
    assert look_alike_findings(inspections([first, same]), EMPTY, within_bits=45) == []


def test_hashes_of_another_size_are_an_error() -> None:
    main = DatasetManifest.of(
        sample.model_copy(update={"phash": "0" * 16}) for sample in make_manifest(1).samples
    )
    with pytest.raises(RecordError, match="another size"):
        look_alike_findings(inspections([make_facts("a")]), main, within_bits=45)


def usual(share: float, count: int = 40) -> list[SampleFacts]:
    return [make_facts(f"u{n}", foreground_share=share * (0.6 + 0.02 * n)) for n in range(count)]


@pytest.mark.parametrize("share", [0.0004, 0.5])
def test_coverage_far_from_the_datasets_is_a_warning(share: float) -> None:
    (found,) = coverage_findings(
        inspections([*usual(0.02), make_facts("odd", foreground_share=share)]), (), policy=POLICY
    )
    assert (found.rule, found.severity, found.stem) == ("coverage-outlier", "warning", "odd")


def test_coverage_within_reach_is_fine() -> None:
    pushed = inspections([*usual(0.02), make_facts("close-up", foreground_share=0.07)])
    assert coverage_findings(pushed, (), policy=POLICY) == []


def test_a_dataset_large_enough_judges_alone() -> None:
    kept = make_manifest(60).samples
    pushed = inspections([make_facts(f"n{n}", foreground_share=0.5) for n in range(200)])
    assert len(coverage_findings(pushed, kept, policy=POLICY)) == 200


def test_few_samples_judge_nothing() -> None:
    pushed = inspections([*usual(0.02, 10), make_facts("odd", foreground_share=0.5)])
    assert coverage_findings(pushed, (), policy=POLICY) == []


def merged(facts: Sequence[SampleFacts]) -> MergePlan:
    return make_merge(EMPTY, facts)


def test_one_picture_with_two_masks_in_a_push_is_an_error_on_both() -> None:
    plan = merged([make_facts("a", image_sha256=sha256("x")), make_facts("b", image_sha256=sha256("x"))])
    found = byte_findings(plan, EMPTY)
    assert [(item.rule, item.severity, item.stem) for item in found] == [
        ("two-masks", "error", "a"),
        ("two-masks", "error", "b"),
    ]


def test_a_picture_of_the_dataset_with_another_mask_is_an_error() -> None:
    main = make_manifest(3)
    plan = merged([make_facts("a", image_sha256=main.samples[0].image_sha256)])
    (found,) = byte_findings(plan, main)
    assert found.rule == "two-masks"
    assert f"{main.samples[0].stem} of the dataset" in found.message


def test_a_replaced_samples_own_picture_with_a_better_mask_is_fine() -> None:
    main = make_manifest(3)
    old = main.samples[0]
    plan = merged([make_facts(old.stem, image_sha256=old.image_sha256, mask_sha256=sha256("better"))])
    replacing = plan.model_copy(
        update={"pairs": tuple(pair.model_copy(update={"action": "replace"}) for pair in plan.pairs)}
    )
    assert byte_findings(replacing, main) == []


def test_one_mask_for_different_pictures_is_a_warning() -> None:
    plan = merged([make_facts("a", mask_sha256=sha256("x")), make_facts("b", mask_sha256=sha256("x"))])
    assert {(item.rule, item.severity) for item in byte_findings(plan, EMPTY)} == {("shared-mask", "warning")}


def test_what_the_merge_skipped_or_could_not_place_is_named() -> None:
    plan = MergePlan(
        base_sha=git_sha("main"),
        base_manifest_sha256=EMPTY.digest,
        branches=(),
        present=(PresentPair(stem="a", image_source="images/a.jpg", same_as="z", branch="data/a"),),
        conflicts=(
            Conflict(
                stem="b",
                image_source="images/b.jpg",
                mask_source="masks/b.png",
                branch="data/a",
                taken_by="the dataset",
            ),
        ),
    )
    assert [(item.rule, item.severity, item.file) for item in plan_findings(plan)] == [
        ("duplicate", "warning", "images/a.jpg"),
        ("name-conflict", "error", "images/b.jpg"),
    ]
