"""What a run needs on GitHub, judged from what GitHub shows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import partial
from typing import Any

from wms.core.records.github_doctor import Diagnosis, Row, Verdict, judged, missing, ok, row, unseen, warning
from wms.core.records.github_setup import PUBLIC_KNOWN, Facts, Label, Unseen, Wanted
from wms.core.records.state_history import MAX_STATE_BYTES
from wms.github.doctor_aws import aws, schedule
from wms.github.setup import covers, written

NEEDED_WORKFLOWS = ("training-data-pipeline.yaml", "ci.yml", "rollback.yml")
NEEDED_SETTINGS = ("allow_merge_commit", "can_approve_pull_request_reviews")
"""Without these two no promotion merges; the other settings are conventions of this project."""

QUEUE_MAX = 100
"""Runs that can wait in one concurrency group with `queue: max`; GitHub cancels later ones."""

STATE_WARNING_BYTES = MAX_STATE_BYTES * 8 // 10

SETUP = "wms github setup"
ACTIONS_PAGE = "Settings > Actions > General"
SAY_KNOWN = f"wms github setup --variable {PUBLIC_KNOWN}=true"


def diagnose(
    name: str, *, wanted: Wanted, facts: Facts, environments: Iterable[str], now: datetime
) -> Diagnosis:
    """Judge what GitHub shows of the repository `name` (`OWNER/NAME`) against what the files want.

    `environments` are the folders of infrastructure/ that can be named. Schedules stop after days without
    activity, counted up to `now`.
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
            return ok("public, with its photographs, reports and releases; its owner knows")
        found = "public, and so are its photographs, reports and releases"
        return warning(found, f"make it private, or confirm that you know: {SAY_KNOWN}")

    if facts.repository["private"]:
        found = "private: only collaborators see photographs, reports and releases"
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
        return [row("workflow", "all", unseen(states))]
    unknown = missing("not known to GitHub", "push it to main; allow it in the Actions tab")
    rows = [row("workflow", file, unknown) for file in NEEDED_WORKFLOWS if file not in states]
    for file, state in sorted(states.items()):
        worse = missing if file in NEEDED_WORKFLOWS else warning
        remedy = f"gh workflow enable {file} --repo {name}"
        verdict = ok("active") if state == "active" else worse(state.replace("_", " "), remedy)
        rows.append(row("workflow", file, verdict))
    return rows


def _settings(area: str, wanted: Mapping[str, Any], actual: Mapping[str, Any] | Unseen) -> list[Row]:
    def judge(name: str, settings: Mapping[str, Any]) -> Verdict:
        if name not in settings:
            return unseen(Unseen(why="GitHub shows it only to those who may push"))
        if settings[name] == wanted[name]:
            return ok(written(settings[name]))
        worse = missing if name in NEEDED_SETTINGS else warning
        return worse(f"{written(settings[name])}, not {written(wanted[name])}", SETUP)

    return [judged(area, name, actual, partial(judge, name)) for name in wanted]


def _ruleset(wanted: Mapping[str, Any], facts: Facts) -> Row:
    def verdict(rulesets: Mapping[str, Mapping[str, Any]] | None) -> Verdict:
        if rulesets is None:
            return ok("none: GitHub has them for public repositories and paid plans only")
        there = rulesets.get(wanted["name"])
        if there is None:
            return warning("main is not protected", SETUP)
        if covers(there, wanted):
            return ok("as .github/rulesets has it")
        shown = {**there, "bypass_actors": wanted["bypass_actors"]}
        if "bypass_actors" not in there and covers(shown, wanted):
            why = "its rules are as wanted; GitHub shows only to administrators who may bypass them"
            return unseen(Unseen(why=why))
        asked, has = _apps(wanted), _apps(there)
        unbound = sorted(check for check in asked if check in has and has[check] != asked[check])
        if unbound:
            found = f"anybody with write access can post {', '.join(unbound)}: not bound to GitHub Actions"
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
        found = "private, Free plan: 2,000 runner minutes a month, 500 MB of artifacts"
        return warning(found, "check your usage: https://github.com/settings/billing")

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
        return missing(f"ci ended with {', '.join(ends)}", "fix main, or run its failed jobs again")
    if ends:
        return ok("ci is running")
    return ok("did not run on this commit, which is normal after a promotion")


def _state(size_bytes: int | None) -> Verdict:
    if size_bytes is None:
        return ok("none yet")
    found = f"{size_bytes / 2**20:.0f} MiB"
    if size_bytes > STATE_WARNING_BYTES:
        limit = f"{found} of at most {MAX_STATE_BYTES / 2**20:.0f}"
        return warning(limit, "move to a bucket: docs/operations.md, *When the state outgrows Git*")
    return ok(found)


def _queue(runs: int) -> Verdict:
    if runs >= QUEUE_MAX:
        return warning(f"{runs}; GitHub cancels more than {QUEUE_MAX}", "push again when they are done")
    return ok(str(runs))


def _approvals(runs: int) -> Verdict:
    return warning(f"{runs} waiting for approval", "see the Actions tab") if runs else ok("none")
