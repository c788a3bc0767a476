"""The model in production according to `main`, and its bundle."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from wms.core.context import Context
from wms.core.errors import Code, InputError, NoProductionModelError, RecordError, RepositoryError
from wms.core.files import read_record, verify_sha256
from wms.core.ports import Commit, Repository
from wms.core.records.dataset import DatasetManifest
from wms.core.records.promotion import MANIFEST_PATH, METADATA_PATH, ModelMetadata, parse_metadata
from wms.core.records.training import CARD_FILE, ONNX_FILE, WEIGHTS_FILE, ModelCard

MAIN = "main"


class Blobs(Protocol):
    """Files by their SHA-256: the data store, or a release."""

    def get_blob(self, sha256: str, to: Path) -> None:
        """Fetch a file to the path `to` and check its SHA-256."""


def main_head(repository: Repository) -> str:
    """The commit at the tip of the remote's `main`.

    Raises:
        RepositoryError: the remote has no `main`.
    """
    return _required(repository.head(MAIN))


def main_now(repository: Repository) -> str:
    """The commit at the tip of the remote's `main` at this moment; no ref of the clone changes.

    Raises:
        RepositoryError: the remote has no `main`.
    """
    return _required(repository.look(MAIN))


def require_file(repository: Repository, rev: str, path: str) -> bytes:
    """A file that every revision of main has.

    Raises:
        InputError: it is missing, so this is not a repository of the pipeline.
    """
    data = repository.read_file(rev, path)
    if data is None:
        raise InputError(f"{path} is missing on main ({rev[:12]})", Code.WORKSPACE)
    return data


def metadata_at(repository: Repository, rev: str) -> ModelMetadata | None:
    """The model in production at a revision of `main`; `None` where the file says that there is none.

    Raises:
        InputError: the file is missing, so this is not a repository of the pipeline.
    """
    data = require_file(repository, rev, METADATA_PATH)
    return parse_metadata(data, source=f"{METADATA_PATH} at {rev[:12]}")


def manifest_at(repository: Repository, rev: str) -> DatasetManifest:
    """The dataset's manifest at a revision; a repository without data has an empty one."""
    data = repository.read_file(rev, MANIFEST_PATH)
    if data is None:
        return DatasetManifest()
    return DatasetManifest.from_jsonl(data, source=f"{MANIFEST_PATH} at {rev[:12]}")


def require_production(repository: Repository, rev: str) -> ModelMetadata:
    """The model in production.

    Raises:
        NoProductionModelError: none was promoted yet.
    """
    metadata = metadata_at(repository, rev)
    if metadata is None:
        raise NoProductionModelError("no model is in production yet")
    return metadata


def metadata_history(repository: Repository, rev: str) -> Iterator[tuple[Commit, ModelMetadata]]:
    """Every state of production on the first-parent line of a revision, newest first, with its commit."""
    for commit in repository.history(rev, METADATA_PATH):
        data = repository.read_file(commit.sha, METADATA_PATH)
        metadata = parse_metadata(data, source=f"{METADATA_PATH} at {commit.sha[:12]}") if data else None
        if metadata is not None:
            yield commit, metadata


def model_history(repository: Repository, rev: str) -> tuple[ModelMetadata, ...]:
    """Every state of production on the first-parent line of a revision, newest first."""
    return tuple(metadata for _, metadata in metadata_history(repository, rev))


def rollback_target(history: tuple[ModelMetadata, ...], version: int | None) -> ModelMetadata:
    """The model to go back to: the named one, or what was in production before the last promotion.

    Without a version a rollback undoes only the last promotion. If that is done already, the answer is the
    model in production, so the command can be repeated. To go further back, name a version.

    Raises:
        NoProductionModelError: there is no such model, or none before the current one.
    """
    if version is not None:
        promotions = [state for state in history if state.kind == "promotion"]
        for state in promotions:
            if state.version == version:
                return state
        known = ", ".join(f"v{state.version}" for state in promotions) or "none"
        raise NoProductionModelError(
            f"no model v{version} was ever in production (there were: {known})", remedy="Name one of those."
        )
    if history and history[0].kind == "rollback":
        return history[0]
    for state in history[1:]:
        if state.weights_sha256 != history[0].weights_sha256:
            return state
    raise NoProductionModelError("there is no earlier model to go back to", remedy="See `wms model history`.")


def fetch_bundle(card_sha256: str, blobs: Blobs, to: Path) -> Path:
    """Put a model bundle from the data store or a release into the folder `to`; every SHA-256 is checked.

    A folder with this model stays as it is; another model or a damaged file is fetched again. The card is
    written last, so a folder with a card is complete.

    Raises:
        DataStoreError, ForgeError: the store or the release lacks a file.
        RecordError: a stored file is damaged.
    """
    if _is_bundle(to, card_sha256):
        return to
    to.mkdir(parents=True, exist_ok=True)
    (to / CARD_FILE).unlink(missing_ok=True)
    incoming = _incoming_card(to)
    blobs.get_blob(card_sha256, incoming)
    card = read_record(incoming, ModelCard)
    blobs.get_blob(card.weights_sha256, to / WEIGHTS_FILE)
    blobs.get_blob(card.onnx_sha256, to / ONNX_FILE)
    incoming.replace(to / CARD_FILE)
    return to


def stored_bundle(ctx: Context, model: ModelMetadata) -> Path:
    """The bundle of a promoted model, fetched from the data store unless this workspace has it.

    Raises:
        DataStoreError, RecordError: as `fetch_bundle`.
    """
    place = ctx.layout.champions / model.weights_sha256[:16]
    return fetch_bundle(model.card_sha256, ctx.ports.data_store, place)


def verify_bundle(folder: Path) -> ModelCard:
    """Check a bundle's files against its card, and return the card.

    Raises:
        RecordError: the card is missing or invalid, or weights or graph are missing or have other bytes.
    """
    card = read_record(folder / CARD_FILE, ModelCard)
    verify_sha256(folder / WEIGHTS_FILE, card.weights_sha256)
    verify_sha256(folder / ONNX_FILE, card.onnx_sha256)
    return card


def champion_bundle(ctx: Context) -> Path | None:
    """The bundle of the model in production when the run started; `None` if there was none.

    Raises:
        DataStoreError: it cannot be fetched.
    """
    champion = metadata_at(ctx.ports.repository, ctx.request.base_sha)
    if champion is None:
        return None
    return stored_bundle(ctx, champion)


def require_room_for_bundle(folder: Path) -> None:
    """Check that fetching a bundle into a folder replaces only a bundle, complete or partial.

    Raises:
        InputError: the folder has other files.
    """
    names = {path.name for path in folder.iterdir()} if folder.is_dir() else set()
    foreign = sorted(names - {CARD_FILE, WEIGHTS_FILE, ONNX_FILE, _incoming_card(folder).name})
    if not foreign and CARD_FILE in names:
        try:
            read_record(folder / CARD_FILE, ModelCard)
        except RecordError:
            foreign = [CARD_FILE]
    if foreign:
        raise InputError(
            f"{folder} has {foreign[0]}, but a model needs a folder of its own", Code.OCCUPIED_FOLDER
        )


def _required(sha: str | None) -> str:
    if sha is None:
        raise RepositoryError("the remote has no branch main", remedy="Push the project's main branch first.")
    return sha


def _incoming_card(folder: Path) -> Path:
    return folder / f".{CARD_FILE}"


def _is_bundle(folder: Path, card_sha256: str) -> bool:
    """Whether a folder has exactly the bundle of a card's digest."""
    try:
        return verify_bundle(folder).digest == card_sha256
    except RecordError:
        return False
