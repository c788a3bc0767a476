"""Whether a run's evidence still fits `main`, and whether a commit has the published files."""

from __future__ import annotations

from collections.abc import Mapping

from wms.core.errors import Code, RecordError, StaleBaseError
from wms.core.ports import Repository
from wms.core.records.base import sha256_hex
from wms.core.records.dataset import DatasetManifest
from wms.core.records.decision import GateDecision, GatePolicy
from wms.core.records.promotion import EVIDENCE_PATHS, ModelMetadata
from wms.core.settings import GATE_CONFIG, parse_settings


def require_fresh(repository: Repository, *, base_sha: str, main_sha: str) -> None:
    """Check that dataset, model and gate policy on main have not changed since the run started.

    Other commits on main (code, documents) do not matter.

    Raises:
        StaleBaseError: names what changed.
    """
    if base_sha == main_sha:
        return
    changed = [
        path
        for path in (*EVIDENCE_PATHS, GATE_CONFIG)
        if repository.read_file(base_sha, path) != repository.read_file(main_sha, path)
    ]
    if changed:
        raise StaleBaseError(
            f"main moved from {base_sha[:12]} to {main_sha[:12]} and changed {', '.join(changed)} since this "
            "run started"
        )


def policy_at(repository: Repository, rev: str) -> GatePolicy:
    """The gate's policy on a revision of main.

    Raises:
        RecordError: there is none.
    """
    data = repository.read_file(rev, GATE_CONFIG)
    if data is None:
        raise RecordError(f"{GATE_CONFIG} is missing at {rev[:12]}", Code.REPLAY)
    return parse_settings(data, GatePolicy, source=f"{GATE_CONFIG} at {rev[:12]}")


def require_commit_holds(repository: Repository, sha: str, files: Mapping[str, str]) -> None:
    """Check by digest that a commit has the published files.

    Raises:
        RecordError: a file is missing or has other bytes.
    """
    for path, expected in sorted(files.items()):
        data = repository.read_file(sha, path)
        if data is None or sha256_hex(data) != expected:
            raise RecordError(
                f"{path} at {sha[:12]} differs from what was published",
                Code.DIGEST_MISMATCH,
                remedy="See who changed it with `git log`, then start a new run (`wms pipeline run`).",
            )


def require_decision_fits(
    decision: GateDecision,
    *,
    promoted: ModelMetadata,
    policy: GatePolicy,
    production: ModelMetadata | None,
    main_manifest: DatasetManifest,
    new_manifest: DatasetManifest,
) -> None:
    """Check that a decision is about this promotion: its policy, both models, and the test images.

    Raises:
        RecordError: names what does not fit.
    """
    deciding = main_manifest if production is not None else new_manifest
    against = production.weights_sha256 if production is not None else None
    faults = [
        fault
        for fault, wrong in (
            ("the verdict is not promote", decision.verdict != "promote"),
            ("the policy is not that of main", decision.policy != policy),
            ("it decided on other weights", decision.candidate.weights_sha256 != promoted.weights_sha256),
            (
                "it compared with another champion",
                (decision.champion.weights_sha256 if decision.champion else None) != against,
            ),
            ("it was made on other test images", decision.samples_sha256 != deciding.split_digest("test")),
            ("the metadata names another decision", promoted.decision_sha256 != decision.digest),
        )
        if wrong
    ]
    if faults:
        raise RecordError("the decision does not support this promotion: " + "; ".join(faults), Code.REPLAY)
