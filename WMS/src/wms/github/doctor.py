"""What a run needs on GitHub, judged from what GitHub shows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import partial
from typing import Any

from wms.core.records.github_doctor import Diagnosis, Row, Verdict, judged, missing, ok, row, warning
from wms.core.records.github_setup import PUBLIC_KNOWN, Facts, Label, Unseen, Wanted
from wms.core.records.state_history import MAX_STATE_BYTES
from wms.github.doctor_aws import aws, schedule
from wms.github.setup import covers, written

NEEDED_WORKFLOWS = ("training-data-pipeline.yaml", "ci.yml", "rollback.yml")
NEEDED_SETTINGS = ("allow_merge_commit", "can_approve_pull_request_reviews")
"""Without these two no promotion merges; the other settings are habits of this project."""

QUEUE_MAX = 100
"""Runs that wait in one concurrency group with `queue: max`; GitHub cancels what comes after."""

STATE_WARNING_BYTES = MAX_STATE_BYTES * 8 // 10

SETUP = "wms github setup"
ACTIONS_PAGE = "Settings > Actions > General"
SAY_KNOWN = f"wms github setup --variable {PUBLIC_KNOWN}=true"


def diagnose(
    name: str, *, wanted: Wanted, facts: Facts, environments: Iterable[str], now: datetime
) -> Diagnosis:
    """Judge everything.

    Args:
        name: the repository, `OWNER/NAME`.
        wanted: its settings as the files have them.
        facts: what GitHub shows.
        environments: the folders of infrastructure/ that can be named.
        now: the time, for what stops after days without activity.
    """
    rows = (
        *_repository(name, facts),
        judged("actions", "GitHub Actions", facts.actions, _switch),
        *_workflows(name, facts.workflows),
        *_settings("setting", wanted.repository, facts.repository),
        *_settings("token", wanted.workflow_permissions, facts.workflow_permissions),
        *(_ruleset(ruleset, facts) for ruleset in wanted.rulesets),
        _plan(facts),
        judged("labels", "all", facts.labels, lambda labels: _labels(wanted.labels, labels)),
        *aws(facts, tuple(environments)),
        schedule(facts, now),
        judged("ci", "tip of main", facts.ci, _ci),
        judged("state", "refs/wms/state", facts.state_bytes, _state),
        judged("queue", "runs that wait", facts.queued_runs, _queue),
        judged("queue", "runs to approve", facts.runs_to_approve, _approvals),
    )
    return Diagnosis(repository=name, rows=rows)


def _repository(name: str, facts: Facts) -> list[Row]:
    repository = facts.repository
    rows = [_visibility(facts)]
    if repository["fork"]:
        found = "issues and schedules are off in forks, and a fork of a public repository stays public"
        rows.append(row("repository", "fork", warning(found, "start from *Use this template* instead")))
    if repository["default_branch"] != "main":
        found = f"it is {repository['default_branch']}, and the workflows work on main"
        remedy = f"gh repo edit {name} --default-branch main"
        rows.append(row("repository", "default branch", missing(found, remedy)))
    if repository["archived"]:
        remedy = f"gh repo unarchive {name}"
        rows.append(row("repository", "archived", missing("nothing can be pushed to it", remedy)))
    return rows


def _visibility(facts: Facts) -> Row:
    def public(variables: Mapping[str, str]) -> Verdict:
        if variables.get(PUBLIC_KNOWN) == "true":
            return ok("public, with its photographs, reports and releases, as its owner knows")
        found = "public: so are the photographs that are pushed, the reports and the releases"
        return warning(found, f"make it private, or say that you know it: {SAY_KNOWN}")

    if facts.repository["private"]:
        found = "private: collaborators alone see photographs, reports and releases"
        return row("repository", "visibility", ok(found))
    return judged("repository", "visibility", facts.variables, public)


def _switch(actions: Mapping[str, Any]) -> Verdict:
    if not actions["enabled"]:
        return missing("off", f"allow all actions in {ACTIONS_PAGE}")
    allowed = actions.get("allowed_actions", "all")
    if allowed == "local_only":
        return missing("only the owner's own actions may run", f"allow all actions in {ACTIONS_PAGE}")
    if allowed == "selected":
        return warning(
            "only selected actions may run", f"allow the actions that .github/workflows names: {ACTIONS_PAGE}"
        )
    return ok("on")


def _workflows(name: str, states: Mapping[str, str] | Unseen) -> list[Row]:
    if isinstance(states, Unseen):
        return [judged("workflow", "all", states, lambda _: ok(""))]
    rows = [
        row(
            "workflow",
            file,
            missing("not known to GitHub", "push it to main; allow it in the Actions tab"),
        )
        for file in NEEDED_WORKFLOWS
        if file not in states
    ]
    for file, state in sorted(states.items()):
        worse = missing if file in NEEDED_WORKFLOWS else warning
        mended = f"gh workflow enable {file} --repo {name}"
        verdict = ok("active") if state == "active" else worse(state.replace("_", " "), mended)
        rows.append(row("workflow", file, verdict))
    return rows


def _settings(area: str, wanted: Mapping[str, Any], actual: Mapping[str, Any] | Unseen) -> list[Row]:
    def judge(name: str, settings: Mapping[str, Any]) -> Verdict:
        if name not in settings:
            return Verdict(result="not visible", found="GitHub shows it to those who may push")
        if settings[name] == wanted[name]:
            return ok(written(settings[name]))
        worse = missing if name in NEEDED_SETTINGS else warning
        return worse(f"{written(settings[name])}, not {written(wanted[name])}", SETUP)

    return [judged(area, name, actual, partial(judge, name)) for name in wanted]


def _ruleset(wanted: Mapping[str, Any], facts: Facts) -> Row:
    def verdict(rulesets: Mapping[str, Mapping[str, Any]] | None) -> Verdict:
        if rulesets is None:
            found = "GitHub has branch rules for public repositories and paid plans only"
            return warning(found, "nothing to do: everything else works without them")
        there = rulesets.get(wanted["name"])
        if there is None:
            return warning("main is not protected", SETUP)
        if covers(there, wanted):
            return ok("as .github/rulesets has it")
        shown = {**there, "bypass_actors": wanted["bypass_actors"]}
        if "bypass_actors" not in there and covers(shown, wanted):
            found = "its rules are as wanted; who may pass them is shown to administrators alone"
            return Verdict(result="not visible", found=found)
        asked, has = _apps(wanted), _apps(there)
        unbound = sorted(check for check in asked if check in has and has[check] != asked[check])
        if unbound:
            found = f"anybody who may write can post {', '.join(unbound)}: it is not bound to GitHub Actions"
            return warning(found, SETUP)
        return warning("its rules differ from .github/rulesets", SETUP)

    return judged("ruleset", wanted["name"], facts.rulesets, verdict)


def _apps(ruleset: Mapping[str, Any]) -> dict[str, int | None]:
    """The required checks of a ruleset, each with the app that has to post it."""
    return {
        check["context"]: check.get("integration_id")
        for rule in ruleset.get("rules", ())
        if rule["type"] == "required_status_checks"
        for check in rule["parameters"]["required_status_checks"]
    }


def _plan(facts: Facts) -> Row:
    def private(rulesets: object) -> Verdict:
        if rulesets is not None:
            return ok("private, on a plan with branch rules")
        found = "private, Free plan: 2,000 runner minutes a month, 500 MB of artifacts, no branch rules"
        return warning(found, "see what is used: https://github.com/settings/billing")

    if not facts.repository["private"]:
        return row("plan", "limits", ok("public: no limit of runner minutes"))
    return judged("plan", "limits", facts.rulesets, private)


def _labels(wanted: tuple[Label, ...], actual: Mapping[str, Label]) -> Verdict:
    differing = [label.name for label in wanted if actual.get(label.name.lower()) != label]
    if differing:
        return warning(f"missing or different: {', '.join(differing)}", SETUP)
    return ok(f"all {len(wanted)} are there")


def _ci(ends: tuple[str, ...]) -> Verdict:
    if "success" in ends:
        return ok("ci passed")
    if {"failure", "error", "cancelled", "timed_out"} & set(ends):
        return missing(f"ci ended with {', '.join(ends)}", "mend main, or run its failed jobs again")
    if ends:
        return ok("ci is running")
    return ok("not run on this commit, which is normal after a promotion")


def _state(size_bytes: int | None) -> Verdict:
    if size_bytes is None:
        return ok("none yet")
    found = f"{size_bytes / 2**20:.0f} MiB"
    if size_bytes > STATE_WARNING_BYTES:
        limit = f"{found} of at most {MAX_STATE_BYTES / 2**20:.0f}"
        return warning(limit, "move to a bucket: docs/usage.md, *When the state outgrows Git*")
    return ok(found)


def _queue(runs: int) -> Verdict:
    if runs >= QUEUE_MAX:
        return warning(
            f"{runs}; GitHub cancels what comes after {QUEUE_MAX}", "push again once they are done"
        )
    return ok(str(runs))


def _approvals(runs: int) -> Verdict:
    return warning(f"{runs} wait for somebody's approval", "see the Actions tab") if runs else ok("none")
