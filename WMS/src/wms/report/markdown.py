"""Records as Markdown: pull request texts, commit comments, job summaries.

Every text fits where GitHub puts it: comments and pull requests take 65,536 characters, a job
summary 1 MiB; what does not fit is counted, never silently cut off.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from wms.core.errors import RecordError
from wms.core.records.dataset import SPLITS, Finding, MergePlan, ValidationReport
from wms.core.records.decision import GateDecision, Newcomers
from wms.core.records.left_out import LeftOut
from wms.core.records.metrics import GATED
from wms.core.records.promotion import ModelMetadata
from wms.report import facts, kept
from wms.report.gallery import (
    NO_PICTURES,
    Gallery,
    added_section,
    curves_section,
    overlays_section,
)
from wms.report.markup import COMMENT_LIMIT, Align, code, fitting, table, text
from wms.report.records import RunRecords

MOST_ROWS = 200
"""Most findings that are listed one by one."""

MOST_NAMES = 20
"""Most added files that are named; the manifest's diff names them all."""


def promotion_body(
    records: RunRecords,
    *,
    from_version: int | None = None,
    gallery: Gallery = NO_PICTURES,
    run_url: str = "",
) -> str:
    """The text of a promotion's pull request: verdict first, then what it rests on.

    Args:
        records: the run's; `candidate` and `decision` must be among them.
        from_version: the version in production now, where the caller knows it.
        gallery: the pictures that it shows.
        run_url: the page of the workflow's run; empty where no workflow runs this.

    Raises:
        RecordError: one of those records is missing, or the model is in no registry.
    """
    decision, candidate = records.decision, records.candidate
    if decision is None or candidate is None:
        raise RecordError("a promotion needs the run's candidate and decision")
    if candidate.version is None:
        raise RecordError(kept.unregistered(records), remedy=f"Register it: `{kept.adopting(records)}`.")
    if decision.champion is None:
        change = f"Version {candidate.version} becomes the first model in production"
    elif from_version is None:
        change = f"Version {candidate.version} takes the place of the model in production"
    else:
        change = f"Version {candidate.version} takes the place of version {from_version}"
    lines = [f"**{change}**: {text('; '.join(decision.reasons))}.", ""]
    lines += _run_link(run_url)
    lines += _scores(decision)
    lines += overlays_section(gallery)
    lines += curves_section(gallery)
    lines += _data(records, gallery)
    lines += _findings_by_rule(records)
    lines += _evidence(records)
    lines += ["Where the run took place, and anywhere once this is merged:", ""]
    lines += _shell(
        "wms gate --replay run/decision.json",
        f"wms gate --replay-version {candidate.version}",
        f"wms model pull --version {candidate.version} --out model",
        "wms predict photo.jpg --out predictions",
    )
    lines += ["### Going back", ""]
    if decision.champion is None:
        lines.append("There is no earlier model to go back to.")
    else:
        lines += _shell("wms model rollback" + (f" --to {from_version}" if from_version else ""))
    return _whole(lines, COMMENT_LIMIT)


def hold_body(records: RunRecords, *, gallery: Gallery = NO_PICTURES, run_url: str = "") -> str:
    """The comment on a branch that is not promoted: why, with the numbers, and what can be done next.

    That is a hold, or a model that is good enough and in no registry. `gallery` holds the pictures that it
    shows, `run_url` is the page of the workflow's run, empty where no workflow runs this.

    Raises:
        RecordError: the run has no decision.
    """
    decision = records.decision
    if decision is None:
        raise RecordError("a hold needs the run's decision")
    lines = kept.opening(records, decision, after_hold=_next_after_hold(decision))
    lines += _run_link(run_url)
    lines += _scores(decision)
    lines += overlays_section(gallery)
    lines += curves_section(gallery)
    lines += _data(records, gallery)
    lines += _findings_by_rule(records)
    lines += _evidence(records)
    lines += _replay_here()
    return _whole(lines, COMMENT_LIMIT)


def blocked_body(report: ValidationReport, *, run_url: str = "") -> str:
    """The comment on a push whose data is refused: each finding and its remedy, errors first."""
    findings = sorted(report.findings, key=lambda item: (item.severity, item.rule, item.file))
    errors, warnings = len(report.errors), len(findings) - len(report.errors)
    counts = f"{_count(errors, 'error')} and {_count(warnings, 'warning')}"
    lines = [
        f"**Blocked**: {counts} in {_count(report.checked_pairs, 'pair')}. Nothing was trained.",
        "",
        "Repair the files below and push again, or run again with `--quarantine` to go on without them.",
        "",
        *_run_link(run_url),
    ]
    room = COMMENT_LIMIT - _size(lines) - 200
    return _whole(lines + _finding_table(findings, characters=room), COMMENT_LIMIT)


def conflict_body(plan: MergePlan, *, run_url: str = "") -> str:
    """The comment on a push that carries names of the dataset with other bytes."""
    lines = [
        f"**Blocked**: {_count(len(plan.conflicts), 'name')} taken by other files. Nothing was merged.",
        "",
        "Run again with `--on-conflict replace` (the new bytes win) or `--on-conflict rename` (keep both).",
        "",
        *_run_link(run_url),
    ]
    rows = [(code(item.image_source), code(item.branch), text(item.taken_by)) for item in plan.conflicts]
    whole = table(("incoming file", "branch", "taken by"), rows, align=("left", "left", "left"))
    lines += _fitted(whole, characters=COMMENT_LIMIT - _size(lines) - 200, noun="conflict")
    return _whole(lines, COMMENT_LIMIT)


def waiting_body(refused: Sequence[str], *, run_url: str = "") -> str:
    """The comment on a branch whose own data are well, taken together with branches that were refused."""
    names = ", ".join(code(name) for name in refused[:MOST_NAMES])
    more = f" and {len(refused) - MOST_NAMES} more" if len(refused) > MOST_NAMES else ""
    lines = [
        "**Waits**: nothing is wrong here. Nothing was merged.",
        "",
        f"It was taken together with branches whose data were refused: {names}{more}.",
        "",
        "Take this branch again without them, or after they are repaired.",
        "",
        *_run_link(run_url),
    ]
    return _whole(lines, COMMENT_LIMIT)


def taken_body(left_out: LeftOut, *, version: int, run_url: str = "") -> str:
    """The comment on a branch that was taken but for what was left out: that, and how to end it."""
    lines = [
        f"**Taken** into version {version}; {left_out.count:,} set aside.",
        "",
        "This branch stays because it is the only pushed copy of what was set aside.",
        "",
        "Repair what is needed and push it again under a branch of its own. Then delete this one:",
        "",
        *_shell(shlex.join(("git", "push", "origin", "--delete", left_out.branch))),
        *_run_link(run_url),
    ]
    room = COMMENT_LIMIT - _size(lines) - 200
    return _whole(lines + _finding_table(left_out.findings, characters=room), COMMENT_LIMIT)


def rollback_body(current: ModelMetadata, target: ModelMetadata, *, run_url: str = "") -> str:
    """The text of a rollback's pull request: from which model to which, why, and who asked for it."""
    numbers: list[Align] = ["left", *(["right"] * len(GATED))]  # type: ignore[list-item]
    lines = [
        f"**Roll back** from version {current.version} to version {target.version}.",
        "",
        f"Reason: {text(target.reason)}",
        "",
        f"Asked for by {code(target.actor)}.",
        "",
        *table(
            ("version", *(metric.name for metric in GATED)),
            [
                (version, *(metric.shown(model.metrics) for metric in GATED))
                for version, model in ((f"{current.version} (now)", current), (f"{target.version}", target))
            ],
            align=numbers,
        ),
        "",
        *_run_link(run_url),
    ]
    return _whole(lines, COMMENT_LIMIT)


def summary(records: RunRecords) -> str:
    """A job summary: how the run ended, and every table that its records allow."""
    end = facts.ending(records)
    lines = [f"## {text(end.headline)}", "", f"{text(_sentence(end.detail))}", ""]
    if records.request is not None:
        branches = ", ".join(code(branch.name) for branch in records.request.branches) or "none (retraining)"
        lines += [f"Run {code(records.request.run_id)}, data branches: {branches}.", ""]
    if kept.unregistered(records) and end.kind != "candidate":
        lines += [text(_sentence(kept.unregistered(records))), ""]
    if records.decision is not None:
        lines += _scores(records.decision)
    if records.merge is not None:
        lines += _data(records)
    findings = facts.all_findings(records)
    if findings:
        lines += ["### Findings", "", *_finding_table(findings, characters=COMMENT_LIMIT), ""]
    lines += _evidence(records)
    if records.decision is not None:
        lines += _replay_here()
    # Far below the summary's own limit: everything that could grow is bounded above.
    return _whole(lines, 4 * COMMENT_LIMIT)


def _run_link(url: str) -> list[str]:
    return [f"[The run on GitHub]({url}) has the whole report as an artifact.", ""] if url else []


def _scores(decision: GateDecision) -> list[str]:
    confidence = f"{decision.policy.confidence:.0%}"
    pictures = _count(decision.candidate.summary.pictures, "test picture")
    rows = [
        (row.metric, row.candidate, row.champion, row.difference, row.bounds)
        for row in facts.comparison(decision)
    ]
    header = ("", "candidate", "champion", "difference", f"bounds, {confidence} each")
    lines = [f"### Scores on {pictures}", ""]
    lines += table(header, rows, align=("left", "right", "right", "right", "right"))
    lines += ["", "Means over pictures. A failure is a picture with a Dice below 0.5."]
    if decision.champion is not None:
        lines[-1] += (
            " The bounds are those of a paired bootstrap over the pictures; to be promoted, the lower ones "
            f"of {facts.compared(decision)} must lie above zero."
        )
    lines.append("")
    if decision.newcomers is not None:
        lines += _newcomers(decision.newcomers)
    return lines


def _newcomers(newcomers: Newcomers) -> list[str]:
    rows = [
        (row.metric, row.candidate, row.champion, row.difference) for row in facts.newcomer_rows(newcomers)
    ]
    return [
        f"### {_count(newcomers.candidate.summary.pictures, 'new test picture')}",
        "",
        "Brought by this push, so they are reported here and decide nothing.",
        "",
        *table(("", "candidate", "champion", "difference"), rows, align=("left", "right", "right", "right")),
        "",
    ]


def _data(records: RunRecords, gallery: Gallery = NO_PICTURES) -> list[str]:
    added = facts.additions(records)
    if not added:
        return ["### Data", "", "No pair was added.", ""]
    rows = [
        (code(row.branch), str(row.train), str(row.val), str(row.test), str(row.total))
        for row in facts.by_branch(added)
    ]
    counts = table(("branch", *SPLITS, "all"), rows, align=("left", "right", "right", "right", "right"))
    replaced = sum(item.replaces for item in added)
    return [
        f"### Data: {_count(len(added), 'pair')} added",
        "",
        *_fitted(counts, characters=COMMENT_LIMIT // 8, noun="branch", plural="branches"),
        "",
        *([f"{replaced} of them take the place of earlier pairs of the same name.", ""] if replaced else []),
        *added_section(gallery),
        _names([item.image for item in added]),
        "",
    ]


def _findings_by_rule(records: RunRecords) -> list[str]:
    findings = facts.all_findings(records)
    aside = records.validation.quarantined if records.validation else ()
    if not findings:
        return ["### Findings", "", "Validation found nothing.", ""]
    rows = [(row.rule, row.severity, str(row.count)) for row in facts.by_rule(findings)]
    header = ("rule", "severity", "files")
    lines = ["### Findings", "", *table(header, rows, align=("left", "left", "right")), ""]
    return [*lines, f"Quarantined: {_names(aside)}", ""] if aside else lines


def _finding_table(findings: Sequence[Finding], *, characters: int) -> list[str]:
    rows = [
        (code(item.file), item.severity, item.rule, text(item.message), text(item.remedy))
        for item in findings
    ]
    whole = table(("file", "severity", "rule", "what is wrong", "what to do"), rows, align=("left",) * 5)
    return _fitted(whole, characters=characters, noun="finding")


def _fitted(whole: list[str], *, characters: int, noun: str, plural: str = "") -> list[str]:
    """A table cut after so many rows or characters, with the rest counted."""
    lines = fitting(whole, most=MOST_ROWS + 2, characters=characters)
    left = len(whole) - len(lines)
    return [*lines, "", f"{left} more {plural or f'{noun}s'} not listed here."] if left else lines


def _names(names: Sequence[str]) -> str:
    more = len(names) - MOST_NAMES
    return ", ".join(code(name) for name in names[:MOST_NAMES]) + (f" and {more} more." if more > 0 else ".")


def _evidence(records: RunRecords) -> list[str]:
    rows = [(label, code(sha256)) for label, sha256 in facts.digests(records)]
    if not rows:
        return []
    return ["### Evidence", "", *table(("", "SHA-256"), rows, align=("left", "left")), ""]


def _replay_here() -> list[str]:
    return ["Where the run took place:", "", *_shell("wms gate --replay run/decision.json")]


def _shell(*commands: str) -> list[str]:
    return ["```sh", *commands, "```", ""]


def _next_after_hold(decision: GateDecision) -> str:
    if decision.pictures_needed is not None:
        return (
            f"About {decision.pictures_needed} test pictures would be needed to tell, so more data helps: "
            "take this branch together with others (`wms pipeline run --branches A B`)."
        )
    if (
        decision.champion is not None
        and decision.champion.weights_sha256 == decision.candidate.weights_sha256
    ):
        return "The training led to the model that is in production already."
    return "See whether the new masks are right before you take it again, alone or together with others."


def _sentence(detail: str) -> str:
    return f"{detail[:1].upper()}{detail[1:]}{'' if detail.endswith('.') else '.'}" if detail else ""


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def _size(lines: Sequence[str]) -> int:
    return sum(len(line) + 1 for line in lines)


def _whole(lines: Sequence[str], limit: int) -> str:
    """The lines as one text.

    Raises:
        ValueError: longer than GitHub takes, which the bounds on every table rule out.
    """
    body = "\n".join(lines).rstrip() + "\n"
    if len(body) > limit:
        raise ValueError(f"a text of {len(body)} characters is longer than the {limit} that fit")
    return body
