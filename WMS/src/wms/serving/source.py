"""Where the served model comes from: production, the registry, a release, or a folder."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from wms.core.context import Context
from wms.core.errors import NoProductionModelError, RecordError
from wms.core.files import read_record
from wms.core.ports import Registry, Releases
from wms.core.production import main_now, require_production, stored_bundle
from wms.core.records.promotion import ModelMetadata
from wms.core.records.release import release_tag, released_version
from wms.core.records.training import CARD_FILE, ModelCard
from wms.promotion.pull import pull_released, tag_in_production


@dataclass(frozen=True, kw_only=True)
class Offer:
    """The model that is to be served now.

    `identity` differs for different models. `fetch` returns the model's folder; it raises `WmsError` if the
    files are not those that the source names.
    """

    version: int | None
    identity: str
    fetch: Callable[[], Path]


Source = Callable[[], Offer]
"""Looks up which model is to be served now; raises `WmsError`."""


def from_production(ctx: Context) -> Source:
    """`model-metadata.json` on main, and the data store."""

    def look() -> Offer:
        repository = ctx.ports.repository
        return promoted(ctx, require_production(repository, main_now(repository)))

    return look


def promoted(ctx: Context, model: ModelMetadata) -> Offer:
    """A model that main names or named, from the data store."""
    return Offer(version=model.version, identity=model.card_sha256, fetch=lambda: stored_bundle(ctx, model))


def from_registry(registry: Registry, scratch: Path) -> Source:
    """The registry's alias `production`; bundles are fetched to folders below `scratch`."""

    def look() -> Offer:
        version = registry.production()
        if version is None:
            raise NoProductionModelError("the registry's alias `production` names no model")
        model = next((each for each in registry.versions() if each.version == version), None)
        if model is None:
            raise RecordError(f"version {version} of the registry has no digest, so it is not of wms")

        def fetch() -> Path:
            folder = scratch / model.weights_sha256[:16]
            registry.fetch_model(model, folder)
            found = read_record(folder / CARD_FILE, ModelCard).weights_sha256
            if found != model.weights_sha256:
                raise RecordError(
                    f"version {version} of the registry holds the weights {found[:12]}…, "
                    f"not {model.weights_sha256[:12]}… as registered"
                )
            return folder

        return Offer(version=version, identity=model.weights_sha256, fetch=fetch)

    return look


def from_release(forge: Releases, scratch: Path, version: int | None) -> Source:
    """The release that is marked as in production, or that of a version; fetched below `scratch`."""

    def look() -> Offer:
        tag = tag_in_production(forge) if version is None else release_tag(version)
        number = released_version(tag)

        def fetch() -> Path:
            pull_released(forge, number, scratch / tag)
            return scratch / tag

        return Offer(version=number, identity=tag, fetch=fetch)

    return look


def from_folder(folder: Path) -> Source:
    """A model's folder; another model in its place is served at the next look."""

    def look() -> Offer:
        card = read_record(folder / CARD_FILE, ModelCard)
        return Offer(version=None, identity=card.digest, fetch=lambda: folder)

    return look
