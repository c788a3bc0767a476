"""A release's text: the verdict, the scores, where the model came from, and how to get it."""

from __future__ import annotations

from collections.abc import Mapping

from wms.core.records.decision import GateDecision
from wms.core.records.release import DIGESTS_FILE, ReleaseProvenance
from wms.report import facts
from wms.report.markup import code, table, text


def release_body(
    promoted: ReleaseProvenance, decision: GateDecision, digests: Mapping[str, str], *, repository: str
) -> str:
    """The text in Markdown; it is the same whichever model is in production now.

    `repository` is `OWNER/NAME` on GitHub, and empty elsewhere.
    """
    model, tag = promoted.model, promoted.tag
    scores = [(row.metric, row.candidate, row.champion, row.difference) for row in facts.comparison(decision)]
    sources = (
        ("pull request", f"#{promoted.pull_request}" if promoted.pull_request else facts.NONE),
        ("commit on main", code(promoted.commit_sha)),
        ("run", code(model.run_id)),
        ("trained on", f"{model.dataset.train:,} pictures (validation {model.dataset.val:,})"),
        ("manifest", code(model.dataset.manifest_sha256)),
        ("dataset (DVC)", code(model.dataset.pointer_md5)),
        ("decision", code(model.decision_sha256)),
        ("records of the run", code(model.records_sha256)),
    )
    return "\n".join(
        [
            f"**Promoted**: {text('; '.join(decision.reasons))}.",
            "",
            f"### Scores on {model.metrics.pictures:,} test pictures",
            "",
            *table(
                ("", f"v{model.version}", "the model before", "difference"),
                scores,
                align=("left", "right", "right", "right"),
            ),
            "",
            "### Where it came from",
            "",
            *table(("", ""), sources, align=("left", "left")),
            "",
            "### Files",
            "",
            *table(
                ("file", "SHA-256"),
                [(code(name), code(sha256)) for name, sha256 in sorted(digests.items())],
                align=("left", "left"),
            ),
            "",
            *(_getting(tag, model.version, repository) if repository else ()),
        ]
    )


def _getting(tag: str, version: int, repository: str) -> tuple[str, ...]:
    return (
        "### Getting it",
        "",
        "```sh",
        f"wms model pull --repo {repository} --version {version} --out model",
        f"gh release download {tag} --repo {repository} && sha256sum --check {DIGESTS_FILE}",
        "```",
        "",
    )
