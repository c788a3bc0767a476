"""What the records of a run say, arranged for a reader: the same rows for Markdown and for pages."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from wms.core.records.dataset import Finding, Severity, Split
from wms.core.records.decision import GateDecision, Interval, Newcomers, Scored
from wms.core.records.metrics import METRICS, Metric
from wms.report.kept import unregistered
from wms.report.records import RunRecords

MINUS = "\N{MINUS SIGN}"
NONE = "\N{EN DASH}"


EndingKind = Literal["merged", "published", "held", "candidate", "void", "blocked", "failed", "unfinished"]


@dataclass(frozen=True, kw_only=True)
class Ending:
    """How a run ended, in a headline and one sentence."""

    kind: EndingKind
    headline: str
    detail: str


def ending(records: RunRecords) -> Ending:
    """How the run ended, told by the last record that it left."""
    failed = failed_jobs(records)
    decision, promotion, merged = records.decision, records.promotion, records.merged
    why = decision.reasons[0] if decision else ""
    if merged is not None:
        return Ending(kind="merged", headline=f"Version {merged.version} was promoted", detail=why)
    if records.state is not None and records.state.outcome == "void":
        return Ending(
            kind="void",
            headline="Void",
            detail="what it published can never be merged, and its pull request is closed; start a new run",
        )
    if promotion is not None:
        tail = "merging it failed" if "merge" in failed else "it waits to be merged"
        return Ending(
            kind="published",
            headline=f"Version {promotion.to_version} was proposed",
            detail=f"{why}; pull request #{promotion.pull_request} is open and {tail}",
        )
    if decision is not None and decision.verdict == "hold":
        return Ending(kind="held", headline="Held", detail=why)
    if decision is not None and unregistered(records):
        return Ending(
            kind="candidate",
            headline="Kept as a candidate",
            detail=f"the gate said promote: {why}; {unregistered(records)}",
        )
    if records.validation is not None and records.validation.blocked:
        count = len(records.validation.errors)
        faults = "one error" if count == 1 else f"{count} errors"
        return Ending(
            kind="blocked", headline="Blocked", detail=f"{faults} in the incoming data; nothing was trained"
        )
    if records.merge is not None and records.merge.conflicts:
        return Ending(
            kind="blocked",
            headline="Blocked",
            detail=f"{len(records.merge.conflicts)} names are taken by other files; nothing was merged",
        )
    if failed:
        detail = f"the gate had said promote: {why}" if decision else "it came to no verdict"
        return Ending(kind="failed", headline=f"Failed in {' and '.join(failed)}", detail=detail)
    if decision is not None:
        return Ending(kind="unfinished", headline="Promoted by the gate, not yet published", detail=why)
    return Ending(kind="unfinished", headline="Unfinished", detail="the run has not come to a verdict")


def failed_jobs(records: RunRecords) -> tuple[str, ...]:
    """The jobs that did not end well, by name."""
    jobs = records.state.jobs if records.state else {}
    return tuple(name for name, state in sorted(jobs.items()) if state == "failed")


@dataclass(frozen=True, kw_only=True)
class MetricRow:
    """One metric of candidate and champion, as text; a dash where there is nothing to compare."""

    metric: str
    candidate: str
    champion: str
    difference: str
    bounds: str


def comparison(decision: GateDecision) -> tuple[MetricRow, ...]:
    """The table that the verdict rests on; bootstrap bounds stand where the gate drew them."""
    return _rows(decision.candidate, decision.champion, decision.difference)


def compared(decision: GateDecision) -> str:
    """The metrics whose difference decided, by name."""
    return " and ".join(metric.name for metric in METRICS if decision.difference(metric))


def newcomer_rows(newcomers: Newcomers) -> tuple[MetricRow, ...]:
    """The same table for test pictures that the push brought, which decide nothing."""
    return _rows(newcomers.candidate, newcomers.champion, lambda _: None)


def _rows(
    candidate: Scored, champion: Scored | None, interval_of: Callable[[Metric], Interval | None]
) -> tuple[MetricRow, ...]:
    rows = []
    for metric in METRICS:
        ours = metric.value(candidate.summary)
        theirs = metric.value(champion.summary) if champion else None
        if ours is None:
            continue
        difference, bounds = NONE, NONE
        if theirs is not None:
            difference = signed(ours - theirs, metric.digits)
        if interval := interval_of(metric):
            bounds = f"{signed(interval.low, metric.digits)} to {signed(interval.high, metric.digits)}"
        rows.append(
            MetricRow(
                metric=metric.label,
                candidate=metric.shown(candidate.summary),
                champion=(metric.shown(champion.summary) if champion else "") or NONE,
                difference=difference,
                bounds=bounds,
            )
        )
    return tuple(rows)


def signed(value: float, digits: int = 4) -> str:
    """A difference with its sign, with a real minus; one that rounds to nothing has none."""
    text = f"{value:+.{digits}f}"
    return text[1:] if not text.strip("+-0.") else text.replace("-", MINUS)


@dataclass(frozen=True, kw_only=True)
class Tally:
    """On how many of the same pictures the candidate's Dice is above, below or at the champion's."""

    better: int
    worse: int
    equal: int


def dice_pairs(records: RunRecords) -> tuple[tuple[str, float, float], ...]:
    """Stem, candidate's Dice and champion's Dice of every picture that both were scored on."""
    if records.evaluation is None or records.evaluation_champion is None:
        return ()
    champion = {score.stem: score.dice for score in records.evaluation_champion.scores}
    return tuple(
        (score.stem, score.dice, champion[score.stem])
        for score in records.evaluation.scores
        if score.stem in champion
    )


def tally(pairs: Sequence[tuple[str, float, float]]) -> Tally:
    """Count wins and losses; differences below a millionth count as equal."""
    signs = Counter(
        0 if abs(ours - theirs) < 1e-6 else 1 if ours > theirs else -1 for _, ours, theirs in pairs
    )
    return Tally(better=signs[1], worse=signs[-1], equal=signs[0])


@dataclass(frozen=True, kw_only=True)
class Addition:
    """One pair that the run adds to the dataset, or puts in the place of one of the same name."""

    image: str
    split: Split
    branch: str
    replaces: bool


def additions(records: RunRecords) -> tuple[Addition, ...]:
    """The pairs that enter the dataset by this run, by stem."""
    if records.split is None or records.merge is None:
        return ()
    pairs = {pair.stem: pair for pair in records.merge.pairs}
    return tuple(
        Addition(image=pair.image, split=item.split, branch=pair.branch, replaces=pair.action == "replace")
        for item in records.split.assigned
        if (pair := pairs.get(item.stem)) is not None
    )


@dataclass(frozen=True, kw_only=True)
class BranchRow:
    """How many pairs a branch adds to each split."""

    branch: str
    train: int
    val: int
    test: int

    @property
    def total(self) -> int:
        """All of them."""
        return self.train + self.val + self.test


def by_branch(added: Sequence[Addition]) -> tuple[BranchRow, ...]:
    """Additions counted by branch and split."""
    counts = Counter((item.branch, item.split) for item in added)
    return tuple(
        BranchRow(
            branch=name,
            train=counts[name, "train"],
            val=counts[name, "val"],
            test=counts[name, "test"],
        )
        for name in sorted({item.branch for item in added})
    )


@dataclass(frozen=True, kw_only=True)
class RuleRow:
    """How often a rule spoke."""

    rule: str
    severity: Severity
    count: int


def all_findings(records: RunRecords) -> tuple[Finding, ...]:
    """Validation's findings and the split's, errors first."""
    found = (records.validation.findings if records.validation else ()) + (
        records.split.set_aside if records.split else ()
    )
    return tuple(sorted(found, key=lambda item: (item.severity, item.rule, item.file)))


def by_rule(findings: Sequence[Finding]) -> tuple[RuleRow, ...]:
    """Findings counted by rule, errors first, the most frequent first."""
    counts = Counter((item.severity, item.rule) for item in findings)
    order = sorted(counts.items(), key=lambda entry: (entry[0][0], -entry[1], entry[0][1]))
    return tuple(RuleRow(rule=rule, severity=severity, count=count) for (severity, rule), count in order)


def intake(records: RunRecords) -> tuple[tuple[str, int], ...]:
    """What became of everything that arrived, as label and count; what did not occur is left out."""
    rows: list[tuple[str, int]] = []
    if records.merge is not None:
        rows += [
            ("new pairs", len(records.merge.pairs)),
            ("pairs already in the dataset", len(records.merge.present)),
            ("names in conflict", len(records.merge.conflicts)),
            ("files that form no pair", len(records.merge.leftover)),
        ]
    if records.validation is not None:
        rows.append(("quarantined", len(records.validation.quarantined)))
    if records.split is not None:
        rows.append(("set aside by the split", len(records.split.set_aside)))
        rows.append(("added to the dataset", len(records.split.assigned)))
    return tuple(row for row in rows if row[1])


def digests(records: RunRecords) -> tuple[tuple[str, str], ...]:
    """What the evidence rests on: label and SHA-256."""
    rows: list[tuple[str, str]] = []
    if records.train is not None:
        rows += [("weights", records.train.weights_sha256), ("ONNX model", records.train.onnx_sha256)]
    if records.manifest is not None:
        rows.append(("manifest", records.manifest.digest))
    if records.decision is not None:
        rows.append(("test pictures that decided", records.decision.samples_sha256))
        rows.append(("decision", records.decision.digest))
    if records.archive is not None:
        rows.append(("records", records.archive.digest))
    return tuple(rows)
