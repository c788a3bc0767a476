"""Assignment to splits: sticky, whole groups, close to the shares. Arrival is drawn by Hypothesis."""

import itertools
import random
from collections import Counter, defaultdict
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from factories import make_facts, make_finding, make_merge, make_split_policy, sha256
from wms.core.errors import BadDataError, RecordError
from wms.core.records.dataset import SPLITS, DatasetManifest, SampleFacts, Split, ValidationReport
from wms.core.records.split import SplitOutcome
from wms.data.assign import assign, assign_validated

POLICY = make_split_policy(near_duplicate_bits=10)
EMPTY = DatasetManifest()


def look(name: str, *, flipped_bits: int = 0) -> str:
    """A hash far from every other name's; `flipped_bits` makes it differ a little from its own."""
    return f"{int(sha256(name), 16) ^ ((1 << flipped_bits) - 1):064x}"


def facts(stem: str, *, like: str | None = None, flipped_bits: int = 0, version: int = 1) -> SampleFacts:
    return make_facts(
        stem,
        image_sha256=sha256(f"{stem} {version}"),
        phash=look(like or stem, flipped_bits=flipped_bits),
    )


def push(main: DatasetManifest, new_samples: Sequence[SampleFacts]) -> SplitOutcome:
    return assign(main, new_samples, added_by={item.stem: "data/a" for item in new_samples}, policy=POLICY)


def homes(manifest: DatasetManifest) -> dict[str, tuple[str, str]]:
    return {sample.stem: (sample.group, sample.split) for sample in manifest.samples}


@pytest.fixture
def main() -> DatasetManifest:
    """A dataset of ten samples that look nothing alike."""
    return push(EMPTY, [facts(f"m{number}") for number in range(10)]).manifest


def shares_off(manifest: DatasetManifest) -> float:
    """The largest distance of a split from its share, in 0..1."""
    counts = Counter(sample.split for sample in manifest.samples)
    return max(abs(counts[split] / len(manifest.samples) - POLICY.share(split)) for split in SPLITS)


def in_pushes(items: Sequence[Sequence[SampleFacts]], pushes: int, seed: int) -> list[list[SampleFacts]]:
    """Spread items over pushes and shuffle each push; what is in one item stays together."""
    rng = random.Random(seed)
    out: list[list[SampleFacts]] = [[] for _ in range(pushes)]
    for item in items:
        rng.choice(out).extend(item)
    for batch in out:
        rng.shuffle(batch)
    return out


def families(sizes: Sequence[int]) -> list[list[SampleFacts]]:
    return [
        [facts(f"f{family}-{member}", like=f"family {family}", flipped_bits=member) for member in range(size)]
        for family, size in enumerate(sizes)
    ]


arrivals = st.tuples(st.integers(1, 12), st.integers(0, 2**32))


@settings(max_examples=40, deadline=None)
@given(sizes=st.lists(st.integers(1, 4), min_size=1, max_size=40), arrival=arrivals)
def test_no_push_moves_a_sample_or_splits_a_group(sizes: list[int], arrival: tuple[int, int]) -> None:
    singles = [[member] for family in families(sizes) for member in family]
    main = EMPTY
    for batch in in_pushes(singles, *arrival):
        before = homes(main)
        main = push(main, batch).manifest
        assert before.items() <= homes(main).items()
    splits_of = defaultdict(set)
    for sample in main.samples:
        splits_of[sample.stem.split("-")[0]].add((sample.group, sample.split))
    assert len(main.samples) == sum(sizes)
    assert {len(found) for found in splits_of.values()} == {1}


@settings(max_examples=25, deadline=None)
@given(late=st.booleans(), data=st.data(), arrival=arrivals)
def test_300_samples_are_within_3_points_of_the_shares(
    late: bool, data: st.DataObject, arrival: tuple[int, int]
) -> None:
    """Look-alikes arrive together; or a few of them late, each in any push."""
    sizes = [1] * 284 + [2] * 8 if late else [1] * 180
    while (rest := 300 - sum(sizes)) > 0:
        sizes.append(data.draw(st.integers(1, min(rest, 5))))
    groups = families(sizes)
    main = EMPTY
    for batch in in_pushes([[one] for group in groups for one in group] if late else groups, *arrival):
        main = push(main, batch).manifest
    assert len(main.samples) == 300
    assert shares_off(main) <= 0.03


@given(seed=st.integers(0, 2**32))
def test_the_order_of_a_push_does_not_matter(seed: int) -> None:
    new_samples = [member for family in families([1, 3, 1, 2, 1, 1]) for member in family]
    shuffled = random.Random(seed).sample(new_samples, len(new_samples))
    assert push(EMPTY, shuffled) == push(EMPTY, new_samples)


def test_one_push_of_300_meets_the_shares_to_the_sample() -> None:
    plan = push(EMPTY, [member for family in families([1] * 300) for member in family]).plan
    assert (plan.train, plan.val, plan.test) == (210, 30, 60)


def test_look_alikes_of_look_alikes_share_a_group() -> None:
    chain = [facts(f"m{step}", like="chain", flipped_bits=8 * step) for step in range(4)]
    assert len(set(homes(push(EMPTY, chain).manifest).values())) == 1


def test_a_new_sample_joins_the_group_that_it_looks_like(main: DatasetManifest) -> None:
    joined = homes(push(main, [facts("new", like="m7", flipped_bits=3)]).manifest)
    assert joined["new"] == joined["m7"]


def strangers(main: DatasetManifest) -> tuple[str, str]:
    """One stem of train and one of test."""
    return main.of_split("train")[0].stem, main.of_split("test")[0].stem


def bridged() -> tuple[DatasetManifest, SampleFacts]:
    """A dataset whose train and test hold look-alikes at 16 bits, and a new sample at 8 from both."""
    ends = [make_facts("left", phash="0" * 64), make_facts("right", phash="0" * 60 + "ffff")]
    main = push(EMPTY, [*ends, *(facts(f"m{number}") for number in range(8))]).manifest
    samples = [
        sample.model_copy(update={"split": "test" if sample.stem == "right" else "train"})
        for sample in main.samples
    ]
    return DatasetManifest.of(samples), make_facts("bridge", phash="0" * 62 + "ff")


def test_a_new_sample_that_links_two_splits_is_set_aside_with_a_finding() -> None:
    main, bridge = bridged()
    outcome = push(main, [bridge])
    assert outcome.manifest == main
    assert [(found.rule, found.stem) for found in outcome.plan.set_aside] == [("links-splits", "bridge")]
    assert "left.jpg (train)" in outcome.plan.set_aside[0].message
    assert "right.jpg (test)" in outcome.plan.set_aside[0].message


def test_new_samples_that_link_two_splits_only_together_are_all_set_aside() -> None:
    main, _ = bridged()
    pair = [make_facts("a", phash="0" * 63 + "f"), make_facts("b", phash="0" * 61 + "fff")]
    outcome = push(main, pair)
    assert {found.stem for found in outcome.plan.set_aside} == {"a", "b"}
    assert outcome.manifest == main


@pytest.mark.parametrize("split", SPLITS)
def test_a_replacement_keeps_group_and_split(main: DatasetManifest, split: Split) -> None:
    stem = main.of_split(split)[0].stem
    outcome = push(main, [facts(stem, like="another look", version=2)])
    assert homes(outcome.manifest) == homes(main)
    assert {s.stem for s in outcome.manifest.samples if s.image_sha256 != sha256(f"{s.stem} 1")} == {stem}
    assert outcome.plan.main_test_digest == main.split_digest("test")
    assert outcome.plan.base_manifest_sha256 == main.digest
    assert (outcome.manifest.split_digest("test") != main.split_digest("test")) == (split == "test")


@pytest.mark.parametrize("swapped", [False, True], ids=["one", "two that swap their names"])
def test_a_replacement_that_looks_like_another_split_is_set_aside_and_the_old_bytes_stay(
    main: DatasetManifest, swapped: bool
) -> None:
    train, test = strangers(main)
    pairs = [(train, test), (test, train)] if swapped else [(train, test)]
    outcome = push(main, [facts(stem, like=other, version=2) for stem, other in pairs])
    assert outcome.manifest == main
    assert {found.stem for found in outcome.plan.set_aside} == {stem for stem, _ in pairs}


def test_a_new_sample_follows_a_replacements_new_look(main: DatasetManifest) -> None:
    _, test = strangers(main)
    new_samples = [facts(test, like="fresh", version=2), facts("new", like="fresh", flipped_bits=2)]
    assert homes(push(main, new_samples).manifest)["new"] == homes(main)[test]


def test_old_bytes_of_a_test_image_under_a_new_name_stay_in_test(main: DatasetManifest) -> None:
    _, test = strangers(main)
    new_samples = [facts(test, like="fresh", version=2), facts("again", like=test, flipped_bits=2)]
    together = push(main, new_samples).manifest
    later = push(push(main, new_samples[:1]).manifest, new_samples[1:]).manifest
    assert homes(together)["again"] == homes(later)["again"] == homes(main)[test]


def test_a_new_sample_between_old_bytes_and_another_split_is_set_aside() -> None:
    main, bridge = bridged()
    outcome = push(main, [facts("right", like="fresh", version=2), bridge])
    assert [found.stem for found in outcome.plan.set_aside] == ["bridge"]


def test_a_look_is_remembered_once_and_not_while_it_is_current() -> None:
    main = push(EMPTY, [facts("m0")]).manifest
    for version, name in enumerate(["second", "m0", "second"], start=2):
        main = push(main, [facts("m0", like=name, version=version)]).manifest
    (sample,) = main.samples
    assert sample.looks == (look("second"), look("m0"))


pushes_with_replacements = st.lists(
    st.dictionaries(
        keys=st.sampled_from([f"m{number}" for number in range(12)]),
        values=st.tuples(st.sampled_from([f"family {number}" for number in range(8)]), st.integers(0, 20)),
        min_size=1,
    ),
    min_size=1,
    max_size=8,
)


@settings(max_examples=200, deadline=None)
@given(pushes=pushes_with_replacements)
def test_what_looks_alike_was_never_in_two_splits(pushes: list[dict[str, tuple[str, int]]]) -> None:
    main = EMPTY
    ever: dict[int, str] = {}
    for number, batch in enumerate(pushes):
        new_samples = [
            facts(stem, like=family, flipped_bits=bits, version=number)
            for stem, (family, bits) in batch.items()
        ]
        main = push(main, new_samples).manifest
        ever |= {int(sample.phash, 16): sample.split for sample in main.samples}
        for (one, here), (other, there) in itertools.combinations(ever.items(), 2):
            assert here == there or (one ^ other).bit_count() > POLICY.near_duplicate_bits


def test_hashes_of_another_size_are_an_error(main: DatasetManifest) -> None:
    with pytest.raises(RecordError, match="different sizes"):
        push(main, [make_facts("new", phash="0" * 16)])


def test_shares_must_sum_to_one() -> None:
    with pytest.raises(ValueError, match="sum to 1"):
        make_split_policy(train=0.7, val=0.2, test=0.2)


@pytest.mark.parametrize("quarantined", [(), ("bad",)], ids=["blocked", "set aside"])
def test_only_pairs_that_passed_validation_are_assigned(
    main: DatasetManifest, quarantined: tuple[str, ...]
) -> None:
    good, bad = make_facts("good"), make_facts("bad")
    plan = make_merge(main, [good, bad], branch="data/spring")
    report = ValidationReport(
        checked_pairs=2, facts=(good,), findings=(make_finding(stem="bad"),), quarantined=quarantined
    )
    if not quarantined:
        with pytest.raises(BadDataError, match="1 error;"):
            assign_validated(main, plan=plan, report=report, policy=POLICY)
        return
    outcome = assign_validated(main, plan=plan, report=report, policy=POLICY)
    new = [sample for sample in outcome.manifest.samples if sample not in main.samples]
    assert [(sample.stem, sample.added_by) for sample in new] == [("good", "data/spring")]
