"""Whether a pull request can be merged, why not, and the merge."""

from __future__ import annotations

from fakes.github.hub import Hub
from fakes.github.records import Caller, Pull, now
from fakes.github.rules import requirements
from fakes.github.wire import Refusal, Request


def mergeability(hub: Hub, pull: Pull, *, reading: bool = False) -> tuple[bool | None, str]:
    """`mergeable` and `mergeable_state`; unknown for the first reads at a new head or base."""
    base = hub.git.tip(pull.base)
    if pull.state != "open" or base is None:
        return None, "unknown"
    at = (pull.head_sha, base)
    pull.reads[at] = pull.reads.get(at, 0) + reading
    if 0 < hub.settings.mergeable_after_reads >= pull.reads[at]:
        return None, "unknown"
    if not hub.git.merge_tree(base, pull.head_sha).clean:
        return False, "dirty"
    if broken_rules(hub, pull, base):
        return True, "blocked"
    return True, "clean"


def merge_pull(hub: Hub, pull: Pull, request: Request) -> str:
    """Merge as `PUT …/merge` does, or refuse."""
    wanted, method = request.body.get("sha"), request.body.get("merge_method", "merge")
    if pull.state != "open":
        raise Refusal(405, "Pull Request is not mergeable")
    if wanted is not None and wanted != pull.head_sha:
        raise Refusal(409, "Head branch was modified. Review and try the merge again.")
    if method != "merge":
        raise Refusal(501, "the stand-in merges by merge commits only")
    if not hub.settings.allow_merge_commit:
        raise Refusal(405, "Merge commits are not allowed on this repository.")
    return merge_now(hub, pull, request.caller)


def merge_now(hub: Hub, pull: Pull, caller: Caller) -> str:
    """Merge a pull request whose mergeability is known."""
    base = hub.git.tip(pull.base)
    if base is None or mergeability(hub, pull)[0] is not True:
        raise Refusal(405, "Pull Request is not mergeable")
    rules = broken_rules(hub, pull, base, caller=caller)
    if rules:
        raise Refusal(405, rules)
    owner = hub.repository.split("/")[0]
    merged = hub.git.write_commit(
        hub.git.merge_tree(base, pull.head_sha).tree,
        (base, pull.head_sha),
        f"Merge pull request #{pull.number} from {owner}/{pull.head}\n\n{pull.title}",
    )
    if not hub.git.set_branch(pull.base, merged, expect=base):
        raise Refusal(405, "Base branch was modified. Review and try the merge again.")
    pull.state, pull.merge_commit_sha, pull.closed_at = "merged", merged, now()
    if hub.settings.delete_branch_on_merge:
        hub.git.delete_branch(pull.head)
    return merged


def broken_rules(hub: Hub, pull: Pull, base: str, *, caller: Caller | None = None) -> str:
    """What branch protection and rulesets miss, in GitHub's words; empty if nothing.

    Commit statuses count; check runs do not, as those of a dispatched run do not on GitHub. Where a check
    names an app (`integration_id`), the status of nobody else counts.

    Args:
        hub: the repository.
        pull: what is to be merged.
        base: the commit at the tip of its base.
        caller: who merges it, whom a ruleset may let pass; without one, the rules as everybody sees them.
    """
    asked = requirements(hub, pull.base, caller=caller)
    lines = []
    unmet = {}
    for context, app in asked.checks.items():
        posted = hub.combined(pull.head_sha, app=app).get(context)
        if posted is None or posted.state != "success":
            unmet[context] = posted.state if posted else "expected"
    if len(unmet) == 1:
        [(context, state)] = unmet.items()
        word = {"expected": "is expected", "pending": "is pending"}.get(state, "is failing")
        lines.append(f'Required status check "{context}" {word}.')
    elif unmet:
        word = "are expected" if set(unmet.values()) == {"expected"} else "have not succeeded"
        lines.append(f"{len(unmet)} of {len(asked.checks)} required status checks {word}.")
    if asked.approvals:  # Nobody reviews here.
        some = "1 approving review is" if asked.approvals == 1 else f"{asked.approvals} approving reviews are"
        lines.append(f"At least {some} required by reviewers with write access.")
    if asked.strict and not hub.git.contains(pull.head_sha, base):
        lines.append("Head branch is not up to date with the base branch.")
    if not lines:
        return ""
    return (
        "Repository rule violations found\n\n" + "\n\n".join(lines) if asked.by_ruleset else " ".join(lines)
    )
