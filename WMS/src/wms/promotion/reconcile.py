"""Make the registry's `production` alias follow `model-metadata.json` on main."""

from __future__ import annotations

from wms.core.context import Context
from wms.core.errors import Code, RegistryAwayError, RegistryError
from wms.core.ports import Registry, Repository
from wms.core.production import main_head, metadata_at, model_history, stored_bundle
from wms.core.records.run import Reconciliation


def require_own_alias(*, repository: Repository, registry: Registry) -> int | None:
    """The version of the alias; `None` if it is free.

    A registry may be shared. This repository may move or remove the alias only if the weights behind it were
    in production here.

    Raises:
        RegistryError: they never were: another repository or a person set it.
    """
    current = registry.production()
    if current is None:
        return None
    weights = {item.version: item.weights_sha256 for item in registry.versions()}.get(current)
    if weights not in {state.weights_sha256 for state in model_history(repository, main_head(repository))}:
        raise RegistryError(
            f"the registry's production alias names version {current}, which was never in production on main "
            "of this repository: another repository or a person set it",
            Code.FOREIGN_ALIAS,
        )
    return current


def reconcile_registry(ctx: Context, *, dry_run: bool = False, adopt: bool = False) -> Reconciliation:
    """Point the alias at the weights that main names; unknown weights are registered again.

    The registry may be restored from a backup, or have missed an update while it was down: `main` wins.
    `adopt` takes the alias over, even if somebody else set it; `dry_run` only shows what would change.

    Raises:
        RegistryError: it names a model that was never in production here, and `adopt` is not given.
    """
    repository, registry = ctx.ports.repository, ctx.ports.registry
    repository.fetch()
    metadata = metadata_at(repository, main_head(repository))
    current = registry.production() if adopt else require_own_alias(repository=repository, registry=registry)
    if metadata is None:
        if current is not None and not dry_run:
            registry.set_production(None)
        return Reconciliation(
            version=None, weights_sha256=None, alias_moved=current is not None, registered_again=False
        )
    weights = metadata.weights_sha256
    known = [item.version for item in registry.versions() if item.weights_sha256 == weights]
    if known:
        version, registered_again = known[0], False
    elif dry_run:
        version, registered_again = metadata.version, True
    else:
        bundle = stored_bundle(ctx, metadata)
        run_id = registry.start_run(
            f"restored-v{metadata.version}", params={}, tags={"wms.run_id": metadata.run_id}
        )
        version = registry.register(run_id, bundle, weights_sha256=weights).version
        registry.end_run(run_id, "finished")
        registered_again = True
    moved = current != version
    if moved and not dry_run:
        registry.set_production(version)
    return Reconciliation(
        version=version, weights_sha256=weights, alias_moved=moved, registered_again=registered_again
    )


def reconcile_if_there(ctx: Context) -> None:
    """Reconcile, unless the registry is on an instance that is not up."""
    try:
        reconcile_registry(ctx)
    except RegistryAwayError as error:
        ctx.progress.say(f"{error}: its alias is updated when the instance is up again")
