"""A registry that several repositories use: nobody's alias is moved or removed by another."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from fakes.registry import FakeRegistry
from pipeline.conftest import make_small_workspace, open_small_workspace, promote
from pipeline.small import WrittenTraining
from wms.core.context import Context
from wms.core.errors import InputError, RegistryError
from wms.promotion.reconcile import reconcile_registry
from wms.promotion.rollback import roll_back


def sharing(root: Path, registry: FakeRegistry) -> Context:
    make_small_workspace(root)
    ctx = open_small_workspace(root)
    return replace(ctx, ports=replace(ctx.ports, registry=registry))


@pytest.fixture
def registry(tmp_path: Path) -> FakeRegistry:
    return FakeRegistry(tmp_path / "registry")


@pytest.fixture
def theirs(tmp_path: Path, registry: FakeRegistry, written_training: WrittenTraining) -> Context:
    """Another repository, whose model has the alias."""
    ctx = sharing(tmp_path / "theirs", registry)
    promote(ctx, tmp_path, 80)
    return ctx


@pytest.fixture
def ours(tmp_path: Path, registry: FakeRegistry, theirs: Context) -> Context:
    return sharing(tmp_path / "ours", registry)


def test_a_workspace_without_a_model_leaves_anothers_alias(ours: Context, registry: FakeRegistry) -> None:
    with pytest.raises(RegistryError, match="version 1, which was never in production on main"):
        reconcile_registry(ours)
    assert registry.production() == 1


def test_a_run_is_refused_before_any_training(
    ours: Context, registry: FakeRegistry, written_training: WrittenTraining, tmp_path: Path
) -> None:
    before = written_training.calls
    with pytest.raises(InputError, match=r"--adopt"):
        promote(ours, tmp_path, 100)
    assert (written_training.calls, registry.production()) == (before, 1)


def test_an_alias_on_a_version_of_nobody_knows_whom_is_left(
    ours: Context, registry: FakeRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry, "versions", lambda: ())
    with pytest.raises(RegistryError):
        reconcile_registry(ours)


def test_the_alias_can_be_taken_over_by_command(
    ours: Context, theirs: Context, registry: FakeRegistry
) -> None:
    assert reconcile_registry(ours, adopt=True).alias_moved
    assert registry.production() is None
    assert reconcile_registry(theirs).alias_moved
    assert registry.production() == 1


def test_ones_own_alias_follows_main_as_before(
    theirs: Context, registry: FakeRegistry, tmp_path: Path
) -> None:
    promote(theirs, tmp_path, 100)
    registry.set_production(1)
    assert reconcile_registry(theirs).alias_moved
    assert registry.production() == 2
    roll_back(theirs, version=None, reason="test")
    assert registry.production() == 1
