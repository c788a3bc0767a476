"""What a reader sees of a run's records: one view model for Markdown and for pages."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, NamedTuple

from wms.core.records.dataset import Finding, MergePlan, Severity, Split
from wms.core.records.decision import GateDecision, Interval, Scored
from wms.core.records.metrics import FAILURE_DICE, METRICS, Metric
from wms.core.words import counted, percent
from wms.report.explain import Condition, conditions
from wms.report.records import RunRecords

MINUS = "\N{MINUS SIGN}"
NONE = "\N{EN DASH}"

EndingKind = Literal["merged", "published", "held", "candidate", "void", "blocked", "failed", "unfinished"]


class Ending(NamedTuple):
    """How a run ended, in a headline and one sentence."""

    kind: EndingKind
    headline: str
    detail: str


class MetricRow(NamedTuple):
    """One metric of candidate and champion, as text; a dash where there is nothing to compare."""

    metric: str
    candidate: str
    champion: str
    difference: str
    bounds: str


class Pair(NamedTuple):
    """A test image that both models were scored on, with the Dice of each."""

    stem: str
    candidate: float
    champion: float


class Tally(NamedTuple):
    """On how many of the same images the candidate's Dice is above, below or at the champion's."""

    better: int
    worse: int
    equal: int


class Addition(NamedTuple):
    """One pair that the run adds to the dataset, or that replaces one of the same name."""

    image: str
    split: Split
    branch: str
    replaces: bool


@dataclass(frozen=True)
class RunView:
    """A run for its reader; what a run did not come to is empty."""

    records: RunRecords

    @cached_property
    def ending(self) -> Ending:
        """How the run ended, as its last record says."""
        records, failed = self.records, self.failed_jobs
        decision, promotion = records.decision, records.promotion
        why = decision.reasons[0] if decision else ""
        if records.merged is not None:
            return Ending("merged", f"Version {records.merged.version} was promoted", why)
        if records.state is not None and records.state.outcome == "void":
            detail = "what it published can never be merged, and its pull request is closed; start a new run"
            return Ending("void", "Void", detail)
        if promotion is not None:
            tail = "merging it failed" if "merge" in failed else "it waits to be merged"
            detail = f"{why}; pull request #{promotion.pull_request} is open and {tail}"
            return Ending("published", f"Version {promotion.to_version} was proposed", detail)
        if decision is not None and decision.verdict == "hold":
            return Ending("held", "Held", why)
        if decision is not None and self.unregistered:
            detail = f"the gate said promote: {why}; {self.unregistered}"
            return Ending("candidate", "Kept as a candidate", detail)
        if records.validation is not None and records.validation.blocked:
            errors = counted(len(records.validation.errors), "error")
            return Ending("blocked", "Blocked", f"{errors} in the incoming data; nothing was trained")
        if records.merge is not None and records.merge.conflicts:
            names = counted(len(records.merge.conflicts), "name")
            return Ending("blocked", "Blocked", f"{names} already used by other files; nothing was merged")
        if failed:
            detail = f"the gate said promote: {why}" if decision else "there is no verdict"
            return Ending("failed", f"Failed in {' and '.join(failed)}", detail)
        if decision is not None:
            return Ending("unfinished", "Promoted by the gate, not yet published", why)
        return Ending("unfinished", "Unfinished", "the run has no verdict yet")

    @property
    def failed_jobs(self) -> tuple[str, ...]:
        """The jobs that failed, by name."""
        jobs = self.records.state.jobs if self.records.state else {}
        return tuple(name for name, state in sorted(jobs.items()) if state == "failed")

    @property
    def unregistered(self) -> str:
        """Why the model is in no registry, and how to register it; empty where it is in one."""
        candidate = self.records.candidate
        if candidate is None or not candidate.unregistered:
            return ""
        stored = f"; `{self.adopting}` registers it" if self.records.archive else ""
        return f"the model is in no registry: {candidate.unregistered}{stored}"

    @property
    def adopting(self) -> str:
        """The command that registers a model that was kept as a candidate."""
        return f"wms model adopt {self.records.archive.digest if self.records.archive else 'RUN'}"

    @property
    def comparison(self) -> tuple[MetricRow, ...]:
        """The metrics on the test images that decided."""
        return comparison(self.records.decision) if self.records.decision else ()

    @property
    def new_samples(self) -> tuple[MetricRow, ...]:
        """The metrics on the test images that the push added, which do not affect the decision."""
        found = self.records.decision.newcomers if self.records.decision else None
        return _rows(found.candidate, found.champion, lambda _: None) if found else ()

    @property
    def bounds(self) -> str:
        """What the bounds in `comparison` are."""
        decision = self.records.decision
        if decision is None or decision.champion is None:
            return "bounds"
        return f"one-sided {percent(decision.confidence or decision.policy.confidence)} bounds"

    @property
    def rule(self) -> str:
        """Which rule applied, and why."""
        decision = self.records.decision
        if decision is None:
            return ""
        if decision.champion is None:
            return "there is no model in production yet, so the floor for a first model applies"
        return "; ".join(decision.reasons[2:]) or "the candidate must be better than the model in production"

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """The conditions of the rule that applied."""
        return conditions(self.records.decision) if self.records.decision else ()

    @property
    def missed(self) -> list[tuple[str, str]]:
        """The new images whose mask the candidate misses, the worst first, where that is why it is held."""
        decision, report = self.records.decision, self.records.evaluation_added
        if decision is None or report is None or all(c.met for c in decision.checks if c.name == "labels"):
            return []
        worst = sorted(report.scores, key=lambda score: score.dice)
        return [(score.stem, f"{score.dice:.2f}") for score in worst if score.dice < FAILURE_DICE]

    @property
    def start(self) -> str:
        """Where the training's first weights came from, and why; empty in records from before."""
        start = self.records.train.provenance.start if self.records.train else None
        return f"the training started from {start.text}: {start.reason}" if start else ""

    @cached_property
    def pairs(self) -> tuple[Pair, ...]:
        """The test images that both models were scored on."""
        if self.records.evaluation is None or self.records.evaluation_champion is None:
            return ()
        champion = {score.stem: score.dice for score in self.records.evaluation_champion.scores}
        scores = self.records.evaluation.scores
        return tuple(
            Pair(score.stem, score.dice, champion[score.stem]) for score in scores if score.stem in champion
        )

    @property
    def tally(self) -> Tally | None:
        """How the candidate compares with the champion, image by image."""
        return tally(self.pairs) if self.pairs else None

    @cached_property
    def added(self) -> tuple[Addition, ...]:
        """The pairs that this run adds to the dataset, by stem."""
        if self.records.split is None or self.records.merge is None:
            return ()
        pairs = {pair.stem: pair for pair in self.records.merge.pairs}
        return tuple(
            Addition(pair.image, item.split, pair.branch, pair.action == "replace")
            for item in self.records.split.assigned
            if (pair := pairs.get(item.stem)) is not None
        )

    @property
    def replaced(self) -> int:
        """How many of the added pairs replace an earlier one."""
        return sum(item.replaces for item in self.added)

    @property
    def by_branch(self) -> list[tuple[str, int, int, int, int]]:
        """How many pairs each branch adds to train, val, test and all of them."""
        rows = []
        for branch in sorted({item.branch for item in self.added}):
            counts = Counter(item.split for item in self.added if item.branch == branch)
            rows.append((branch, counts["train"], counts["val"], counts["test"], counts.total()))
        return rows

    @cached_property
    def findings(self) -> tuple[Finding, ...]:
        """Findings of the validation and the split, errors first."""
        validation, split = self.records.validation, self.records.split
        found = (validation.findings if validation else ()) + (split.set_aside if split else ())
        return tuple(sorted(found, key=lambda item: item.order))

    @property
    def by_rule(self) -> list[tuple[str, Severity, int]]:
        """Rule, severity and number of its findings; errors first, then the most frequent."""
        counts = Counter((item.rule, item.severity) for item in self.findings)
        rows = [(rule, severity, count) for (rule, severity), count in counts.items()]
        return sorted(rows, key=lambda row: (row[1], -row[2], row[0]))

    @property
    def quarantined(self) -> tuple[str, ...]:
        """What the validation set aside."""
        return self.records.validation.quarantined if self.records.validation else ()

    @property
    def intake(self) -> list[tuple[str, int]]:
        """What happened to everything that arrived, as label and count; zeros are left out."""
        merge, split = self.records.merge, self.records.split
        rows = (
            ("New pairs", merge and len(merge.pairs)),
            ("Pairs already in the dataset", merge and len(merge.present)),
            ("Names in conflict", merge and len(merge.conflicts)),
            ("Files that form no pair", merge and len(merge.leftover)),
            ("Quarantined", len(self.quarantined)),
            ("Set aside by the split", split and len(split.set_aside)),
            ("Added to the dataset", split and len(split.assigned)),
        )
        return [(label, count) for label, count in rows if count]

    @property
    def conflicts(self) -> list[tuple[str, str, str]]:
        """Incoming file, its branch, and who uses the name."""
        return conflict_rows(self.records.merge) if self.records.merge else []

    @property
    def digests(self) -> list[tuple[str, str]]:
        """What the evidence rests on: label and SHA-256."""
        found = self.records
        rows = (
            ("Weights", found.train and found.train.weights_sha256),
            ("ONNX model", found.train and found.train.onnx_sha256),
            ("Manifest", found.manifest and found.manifest.digest),
            ("Test images that decided", found.decision and found.decision.samples_sha256),
            ("Decision", found.decision and found.decision.digest),
            ("Records", found.archive and found.archive.digest),
        )
        return [(label, digest) for label, digest in rows if digest]


def comparison(decision: GateDecision) -> tuple[MetricRow, ...]:
    """The metrics that a decision rests on, with bounds where the gate computed them."""
    return _rows(decision.candidate, decision.champion, decision.difference)


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
        before = metric.shown(champion.summary) if champion else ""
        rows.append(
            MetricRow(metric.label, metric.shown(candidate.summary), before or NONE, difference, bounds)
        )
    return tuple(rows)


def signed(value: float, digits: int = 4) -> str:
    """A difference with its sign, with a real minus; one that rounds to zero has none."""
    text = f"{value:+.{digits}f}"
    return text[1:] if not text.strip("+-0.") else text.replace("-", MINUS)


def tally(pairs: Sequence[Pair]) -> Tally:
    """Count better and worse images; differences below a millionth count as equal."""
    changes = [ours - theirs for _, ours, theirs in pairs]
    better, worse = sum(change >= 1e-6 for change in changes), sum(change <= -1e-6 for change in changes)
    return Tally(better, worse, len(changes) - better - worse)


def conflict_rows(plan: MergePlan) -> list[tuple[str, str, str]]:
    """Incoming file, its branch, and who uses the name."""
    return [(item.image_source, item.branch, item.taken_by) for item in plan.conflicts]
