"""A release's text: the verdict, the scores, where the model came from, and how to get it."""

from __future__ import annotations

from collections.abc import Mapping

from wms.domain.gate import GateDecision
from wms.domain.release import DIGESTS_FILE, ReleaseProvenance
from wms.report import facts
from wms.report.markup import code, table, text


def release_body(promoted: ReleaseProvenance, decision: GateDecision, digests: Mapping[str, str]) -> str:
    """The text in Markdown; it is the same whichever model is in production now."""
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
            "### Getting it",
            "",
            "```sh",
            f"wms model pull --repo OWNER/NAME --version {model.version} --out model",
            f"gh release download {tag} --repo OWNER/NAME && sha256sum --check {DIGESTS_FILE}",
            "```",
            "",
        ]
    )
