"""What a run left out, told apart by the branch that brought it."""

from factories import git_sha, make_facts, make_finding, make_manifest, make_merge, make_split
from wms.core.records.dataset import BranchHead, IncomingPair, MergePlan, ValidationReport
from wms.core.records.left_out import left_out

MAIN = make_manifest(10)
FACTS = [make_facts("a1"), make_facts("b1")]
BRANCHES = tuple(BranchHead(name=f"data/{name}", sha=git_sha(name)) for name in "ab")


def plan() -> MergePlan:
    def moved(pair: IncomingPair, number: int) -> IncomingPair:
        branch = BRANCHES[number]
        source = f"{branch.folder}/images/{pair.image}"
        return pair.model_copy(update={"image_source": source, "branch": branch.name})

    made = make_merge(MAIN, FACTS)
    pairs = tuple(moved(pair, number) for number, pair in enumerate(made.pairs))
    return made.model_copy(update={"branches": BRANCHES, "pairs": pairs})


def test_a_run_that_took_everything_left_nothing_out() -> None:
    warning = make_finding(f"{BRANCHES[0].folder}/images/a1.jpg", stem="a1", severity="warning")
    report = ValidationReport(checked_pairs=2, findings=(warning,))
    assert left_out(plan(), report, make_split(MAIN, FACTS).plan) == ()


def test_two_findings_on_one_pair_are_one_pair() -> None:
    findings = (
        make_finding(f"{BRANCHES[0].folder}/images/a1.jpg", stem="a1"),
        make_finding(f"{BRANCHES[0].folder}/masks/a1.png", stem="a1", rule="empty-mask"),
        make_finding(f"{BRANCHES[0].folder}/images/alone.jpg", rule="missing-mask"),
    )
    report = ValidationReport(checked_pairs=2, findings=findings)
    (found,) = left_out(plan(), report, make_split(MAIN, FACTS).plan)
    assert (found.branch, found.count) == ("data/a", 2)
    assert found.rules == ("empty-mask", "missing-mask", "truncated")


def test_what_the_split_set_aside_belongs_to_the_branch_of_its_pair() -> None:
    aside = make_finding("b1.jpg", stem="b1", rule="links-splits", severity="warning")
    split = make_split(MAIN, FACTS).plan.model_copy(update={"set_aside": (aside,)})
    (found,) = left_out(plan(), ValidationReport(checked_pairs=2), split)
    assert (found.branch, found.findings) == ("data/b", (aside,))
