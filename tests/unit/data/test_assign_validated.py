"""The split step: only what passed validation is assigned."""

import pytest

from factories import make_facts, make_finding, make_manifest, make_merge, make_split_policy
from wms.core.errors import BadDataError
from wms.core.records.dataset import ValidationReport
from wms.data.assign import assign_validated

FACTS = [make_facts(f"new-{number}") for number in range(5)]


def test_new_samples_carry_the_branch_that_brought_them() -> None:
    main = make_manifest(10)
    report = ValidationReport(checked_pairs=5, facts=tuple(FACTS))
    plan = make_merge(main, FACTS, branch="data/spring")
    outcome = assign_validated(main, plan=plan, report=report, policy=make_split_policy())
    added = {sample.added_by for sample in outcome.manifest.samples if sample.stem.startswith("new-")}
    assert added == {"data/spring"}
    assert len(outcome.manifest.samples) == 15


def test_what_was_set_aside_is_not_assigned() -> None:
    main = make_manifest(10)
    report = ValidationReport(
        checked_pairs=5,
        facts=tuple(FACTS[1:]),
        findings=(make_finding(stem="new-0"),),
        quarantined=("new-0",),
    )
    outcome = assign_validated(main, plan=make_merge(main, FACTS), report=report, policy=make_split_policy())
    assert "new-0" not in {sample.stem for sample in outcome.manifest.samples}


def test_a_blocked_push_is_never_split() -> None:
    main = make_manifest(10)
    report = ValidationReport(checked_pairs=5, facts=tuple(FACTS[1:]), findings=(make_finding(stem="new-0"),))
    with pytest.raises(BadDataError, match="1 error;"):
        assign_validated(main, plan=make_merge(main, FACTS), report=report, policy=make_split_policy())
