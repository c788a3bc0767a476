"""`.github/setup.yml` and `.github/rulesets/`: the wanted settings of a repository on GitHub."""

from __future__ import annotations

import json
from pathlib import Path

from wms.core.errors import Code, InputError
from wms.core.records.github_setup import Wanted
from wms.core.settings.loader import load_settings

SETUP_CONFIG = ".github/setup.yml"
RULESETS = ".github/rulesets"


def load_wanted(root: Path) -> Wanted:
    """Read both.

    Raises:
        InputError: a file is missing or invalid.
    """
    rulesets = []
    for path in sorted((root / RULESETS).glob("*.json")):
        try:
            rulesets.append(json.loads(path.read_bytes()))
        except ValueError as error:
            raise InputError(f"{path} is not JSON: {error}", Code.CONFIG) from error
        if not isinstance(rulesets[-1], dict) or "name" not in rulesets[-1]:
            raise InputError(f"{path} is not a ruleset: it has no name", Code.CONFIG)
    return load_settings(root / SETUP_CONFIG, Wanted, {"rulesets": rulesets})
