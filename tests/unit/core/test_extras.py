"""The extras, beside pyproject.toml."""

from __future__ import annotations

import importlib.metadata
import importlib.util

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from wms.core.errors import Code, InputError
from wms.core.extras import Extra, require


@pytest.mark.parametrize("extra", Extra)
def test_the_modules_are_those_of_pyproject(extra: Extra) -> None:
    name, _, modules = extra.value
    wanted = {
        canonicalize_name(needed.name)
        for needed in map(Requirement, importlib.metadata.requires("water-meter-segmentation") or ())
        if needed.marker is not None and needed.marker.evaluate({"extra": name})
    }
    sources = importlib.metadata.packages_distributions()
    assert {canonicalize_name(sources[module][0]) for module in modules} == wanted


@pytest.mark.parametrize("extra", Extra)
def test_a_missing_package_is_named_with_what_installs_it(
    extra: Extra, monkeypatch: pytest.MonkeyPatch
) -> None:
    name, _, modules = extra.value
    require(extra)
    monkeypatch.setattr(importlib.util, "find_spec", lambda module: None if module == modules[-1] else module)
    with pytest.raises(InputError, match=modules[-1]) as error:
        require(extra)
    assert error.value.code is Code.MISSING_PACKAGES
    assert f"pip install '.[{name}]'" in str(error.value.remedy)
