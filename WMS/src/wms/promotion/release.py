"""Make the forge's releases agree with main: the model in production has one, with the mark."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

from wms.core.context import Context
from wms.core.errors import RecordError
from wms.core.files import link_or_copy, read_record, sha256_file, write_bytes, write_record
from wms.core.ports import Release, Releases, Repository
from wms.core.production import fetch_bundle, main_head, metadata_at, metadata_history
from wms.core.records.decision import GateDecision
from wms.core.records.promotion import Promotion
from wms.core.records.release import (
    DIGESTS_FILE,
    PROVENANCE_FILE,
    REFERENCE_FILE,
    REPORT_FILE,
    ReleaseOutcome,
    ReleaseProvenance,
    digests_text,
    release_title,
    released_version,
    says_in_production,
)
from wms.gate import reports
from wms.gate.reference import stored_reference
from wms.report.markdown import release_body

_PULL_REQUEST = re.compile(r"Merge pull request #(\d+) ")


def release_production(ctx: Context, *, dry_run: bool = False) -> ReleaseOutcome:
    """Publish the release of the model in production if it has none, and mark only it as in production.

    If it is killed and run again, it ends in the same state. `dry_run` only shows what would change.

    Raises:
        DataStoreError: a file is missing, or the store does not answer.
        ForgeError: the release's tag is on another commit; or the forge refused.
    """
    ctx.ports.repository.fetch()
    promoted = promoted_model(ctx.ports.repository)
    if promoted is None:
        return ReleaseOutcome()
    forge: Releases = ctx.ports.forge
    releases = forge.releases()
    there = next((release for release in releases if release.tag == promoted.tag), None)
    title = release_title(promoted.model.version, in_production=True)
    unmarked = there is not None and not (there.latest and there.title == title)
    others = [
        release for release in releases if release != there and says_in_production(release.tag, release.title)
    ]
    if not dry_run:
        if there is None:
            there = _publish(ctx, promoted, title)
        elif unmarked:
            forge.mark_release(promoted.tag, title=title, latest=True)
        for release in others:
            version = released_version(release.tag)
            if version is not None:
                earlier = release_title(version, in_production=False)
                forge.mark_release(release.tag, title=earlier, latest=False)
    return ReleaseOutcome(
        version=promoted.model.version,
        tag=promoted.tag,
        url=there.url if there else None,
        published=promoted.tag not in {release.tag for release in releases},
        marked=unmarked or bool(others),
    )


def promoted_model(repository: Repository) -> ReleaseProvenance | None:
    """The model in production as it was promoted, with its merge; `None` where there is no model.

    After a rollback this is the promotion of the restored model.

    Raises:
        RecordError: main's history has no promotion of it.
    """
    main_sha = main_head(repository)
    current = metadata_at(repository, main_sha)
    if current is None:
        return None
    for commit, model in metadata_history(repository, main_sha):
        if (model.kind, model.version) == ("promotion", current.version):
            found = _PULL_REQUEST.match(commit.subject)
            number = int(found[1]) if found else None
            return ReleaseProvenance(commit_sha=commit.sha, pull_request=number, model=model)
    raise RecordError(
        f"main's history has no promotion of model v{current.version}, which is in production",
        remedy="See `wms model history`: somebody changed model-metadata.json by hand.",
    )


def _publish(ctx: Context, promoted: ReleaseProvenance, title: str) -> Release:
    scratch = ctx.layout.state
    scratch.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="release-", dir=scratch) as name:
        decision_file, folder = Path(name) / "decision.json", Path(name) / "files"
        ctx.ports.data_store.get_blob(promoted.model.decision_sha256, decision_file)
        fetch_bundle(promoted.model.card_sha256, ctx.ports.data_store, folder)
        write_record(folder / PROVENANCE_FILE, promoted)
        reference = stored_reference(promoted.model, ctx.ports.data_store)
        if reference is not None:
            write_record(folder / REFERENCE_FILE, reference)
        report = _report_of(ctx, promoted)
        if report is not None:
            link_or_copy(report, folder / REPORT_FILE)
        digests = {path.name: sha256_file(path) for path in folder.iterdir()}
        write_bytes(folder / DIGESTS_FILE, digests_text(digests).encode())
        decision = read_record(decision_file, GateDecision)
        return ctx.ports.forge.publish_release(
            tag=promoted.tag,
            sha=promoted.commit_sha,
            title=title,
            body=release_body(promoted, decision, digests, repository=ctx.github_name),
            files=sorted(folder.iterdir()),
        )


def _report_of(ctx: Context, promoted: ReleaseProvenance) -> Path | None:
    """The report of the run in `run/`, if it promoted this very model."""
    if not ctx.is_published:
        return None
    records_sha256 = read_record(ctx.layout.record("promotion"), Promotion).records_sha256
    return reports.write_report_page(ctx) if records_sha256 == promoted.model.records_sha256 else None
