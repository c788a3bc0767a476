"""What is said of a model that was kept although no registry took it."""

from __future__ import annotations

from wms.core.records.decision import GateDecision
from wms.report.markup import code, text
from wms.report.records import RunRecords


def unregistered(records: RunRecords) -> str:
    """Why the model is in no registry, and what brings it there; empty where it is in one."""
    if records.candidate is None or not records.candidate.unregistered:
        return ""
    stored = f"; `{adopting(records)}` registers it" if records.archive else ""
    return f"the model is in no registry: {records.candidate.unregistered}{stored}"


def adopting(records: RunRecords) -> str:
    """The command that registers a model that was kept."""
    return f"wms model adopt {records.archive.digest if records.archive else 'RUN'}"


def opening(records: RunRecords, decision: GateDecision, *, after_hold: str) -> list[str]:
    """The first lines of a comment on what is not promoted: the verdict, and what can be done next."""
    why, missing = text("; ".join(decision.reasons)), unregistered(records)
    if decision.verdict == "hold":
        headline, following = f"**Held**: {why}.", after_hold
    else:
        headline = f"**Kept as a candidate**: the gate said promote ({why})."
        following = f"{code(adopting(records))} registers the model and proposes its promotion."
    missing_lines = [f"{text(missing[:1].upper() + missing[1:])}.", ""] if missing else []
    unchanged = f"Production is unchanged and the branch stays as it is. {following}"
    return [headline, "", *missing_lines, unchanged, ""]
