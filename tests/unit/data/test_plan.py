"""Merging by content: what is added, present, conflicting, replaced, renamed."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from factories import git_sha, make_facts
from wms.core.errors import NothingToDoError
from wms.core.records.base import sha256_hex
from wms.core.records.dataset import BranchHead, DatasetManifest, MergePlan, Sample
from wms.core.records.run import OnConflict
from wms.data.plan import plan_folder, plan_merge

EMPTY = DatasetManifest()


def put(incoming: Path, branch: str, **pairs: str) -> None:
    """Write pairs of one branch: a stem, and the content of its image (its mask follows from it)."""
    for stem, content in pairs.items():
        for part, suffix in (("images", ".jpg"), ("masks", ".png")):
            path = incoming / branch / part / f"{stem}{suffix}"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"{part} {content}")


def plan(
    incoming: Path, branches: Sequence[str], main: DatasetManifest = EMPTY, on_conflict: OnConflict = "refuse"
) -> MergePlan:
    sources = {name: BranchHead(name=f"data/{name}", sha=git_sha(name)) for name in branches}
    return plan_merge(
        incoming=incoming, sources=sources, manifest=main, base_sha=git_sha("main"), on_conflict=on_conflict
    )


def after(made: MergePlan, main: DatasetManifest = EMPTY) -> DatasetManifest:
    """The dataset that a plan leads to, every pair in the train split."""
    samples = {sample.stem: sample for sample in main.samples}
    for pair in made.pairs:
        facts = make_facts(
            **pair.model_dump(include={"stem", "image", "mask", "image_sha256", "mask_sha256"})
        )
        samples[pair.stem] = Sample(**facts.model_dump(), group="g", split="train", added_by=pair.branch)
    return DatasetManifest.of(samples.values())


@pytest.fixture
def main(tmp_path: Path) -> DatasetManifest:
    """The dataset after a push of `m1`, with the content `one`."""
    put(tmp_path, "a", m1="one")
    return after(plan(tmp_path, ["a"]))


def contents(manifest: DatasetManifest) -> dict[str, str]:
    return {sample.stem: sample.image_sha256 for sample in manifest.samples}


def content(of: str) -> str:
    return sha256_hex(f"images {of}".encode())


def test_new_pairs_are_added_under_their_names(tmp_path: Path) -> None:
    put(tmp_path, "a", m1="one", m2="two")
    made = plan(tmp_path, ["a"])
    assert [(pair.stem, pair.image, pair.mask, pair.action) for pair in made.pairs] == [
        ("m1", "m1.jpg", "m1.png", "add"),
        ("m2", "m2.jpg", "m2.png", "add"),
    ]
    assert made.pairs[0].image_sha256 == content("one")
    assert made.pairs[0].branch == "data/a"


@pytest.mark.parametrize("stem", ["m1", "another_name"])
def test_bytes_of_the_dataset_are_present_under_any_name(
    tmp_path: Path, main: DatasetManifest, stem: str
) -> None:
    put(tmp_path, "b", **{stem: "one"})
    made = plan(tmp_path, ["b"], main)
    assert made.pairs == ()
    assert [(pair.stem, pair.same_as) for pair in made.present] == [(stem, "m1")]


def test_the_same_bytes_twice_in_a_push_are_taken_once(tmp_path: Path) -> None:
    put(tmp_path, "a", m1="one", m2="one")
    made = plan(tmp_path, ["a"])
    assert [pair.stem for pair in made.pairs] == ["m1"]
    assert [(pair.stem, pair.same_as) for pair in made.present] == [("m2", "m1")]


@pytest.mark.parametrize("stem", ["m1", "M1"])
def test_a_name_of_the_dataset_with_other_bytes_is_a_conflict(
    tmp_path: Path, main: DatasetManifest, stem: str
) -> None:
    put(tmp_path, "b", **{stem: "other", "m2": "two"})
    made = plan(tmp_path, ["b"], main)
    assert [(item.stem, item.taken_by) for item in made.conflicts] == [(stem, "the dataset")]
    assert [pair.stem for pair in made.pairs] == ["m2"]


def test_another_mask_alone_is_a_conflict_too(tmp_path: Path, main: DatasetManifest) -> None:
    (tmp_path / "a/masks/m1.png").write_text("drawn better")
    assert [item.stem for item in plan(tmp_path, ["a"], main).conflicts] == ["m1"]


def test_two_branches_of_one_run_conflict_unless_the_later_may_win(tmp_path: Path) -> None:
    put(tmp_path, "a", m1="one")
    put(tmp_path, "b", m1="other")
    refused = plan(tmp_path, ["a", "b"])
    assert [(item.branch, item.taken_by) for item in refused.conflicts] == [("data/b", "data/a")]
    replaced = plan(tmp_path, ["a", "b"], on_conflict="replace")
    (pair,) = replaced.pairs
    assert (pair.image_sha256, pair.branch, pair.action) == (content("other"), "data/b", "add")
    (earlier,) = replaced.superseded
    assert (earlier.stem, earlier.branch, earlier.taken_by) == ("m1", "data/a", "data/b")


def test_replace_takes_the_samples_place_and_spelling(tmp_path: Path, main: DatasetManifest) -> None:
    put(tmp_path, "b", M1="better")
    (pair,) = plan(tmp_path, ["b"], main, "replace").pairs
    assert (pair.stem, pair.image, pair.action) == ("m1", "m1.jpg", "replace")
    assert pair.image_source == "b/images/M1.jpg"


def test_a_replaced_samples_old_bytes_may_come_back_under_a_new_name(
    tmp_path: Path, main: DatasetManifest
) -> None:
    put(tmp_path, "b", a1="one", m1="new")
    made = plan(tmp_path, ["b"], main, "replace")
    assert contents(after(made, main)) == {"a1": content("one"), "m1": content("new")}


def test_rename_keeps_both_and_a_second_push_of_it_is_present(tmp_path: Path, main: DatasetManifest) -> None:
    put(tmp_path, "b", m1="other")
    made = plan(tmp_path, ["b"], main, "rename")
    (pair,) = made.pairs
    assert pair.action == "rename"
    assert pair.stem.startswith("m1-")
    both = after(made, main)
    assert len(both.samples) == 2
    again = plan(tmp_path, ["b"], both, "rename")
    assert (again.pairs, len(again.present)) == ((), 1)


@pytest.mark.parametrize("order", [("a", "b"), ("b", "a")])
def test_two_branches_merged_one_after_the_other_both_arrive(tmp_path: Path, order: tuple[str, str]) -> None:
    put(tmp_path, "a", m1="one", m2="two")
    put(tmp_path, "b", m3="three", m2="two")
    main = EMPTY
    for branch in order:
        main = after(plan(tmp_path, [branch], main), main)
    assert contents(main) == {"m1": content("one"), "m2": content("two"), "m3": content("three")}


def test_what_forms_no_pair_or_cannot_be_read_is_left_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(tmp_path, "a", m1="one", m2="two")
    (tmp_path / "a/images/alone.jpg").write_text("x")
    real = plan_merge.__globals__["sha256_file"]

    def refuse(path: Path) -> str:
        if path.name == "m1.jpg":
            raise PermissionError(13, "Permission denied")
        return str(real(path))

    monkeypatch.setattr("wms.data.plan.sha256_file", refuse)
    made = plan(tmp_path, ["a"])
    assert made.leftover == ("a/images/alone.jpg", "a/images/m1.jpg", "a/masks/m1.png")
    assert [pair.stem for pair in made.pairs] == ["m2"]


def test_any_folder_can_be_planned_without_git(tmp_path: Path) -> None:
    put(tmp_path, "photos", m1="one")
    (pair,) = plan_folder(tmp_path / "photos", manifest=EMPTY).pairs
    assert (pair.stem, pair.image_source, pair.branch) == ("m1", "images/m1.jpg", "photos")


@pytest.mark.parametrize("parts", [(), ("images", "masks")], ids=["nothing", "empty folders"])
def test_a_folder_without_files_is_an_error(tmp_path: Path, parts: tuple[str, ...]) -> None:
    for part in parts:
        (tmp_path / part).mkdir()
    with pytest.raises(NothingToDoError, match="no files in images/ or masks/"):
        plan_folder(tmp_path, manifest=EMPTY)
