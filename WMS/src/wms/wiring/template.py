"""The files of a new workspace: the project's own settings and stages."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import yaml

from wms.core.errors import Code, InputError
from wms.core.records.promotion import METADATA_PATH, NO_MODEL_JSON
from wms.core.settings import (
    DATA_CONFIG,
    DEPLOY_CONFIG,
    DRIFT_CONFIG,
    GATE_CONFIG,
    REPORT_CONFIG,
    SERVE_CONFIG,
    TRAIN_CONFIG,
)

CONFIGS = (
    DATA_CONFIG,
    TRAIN_CONFIG,
    GATE_CONFIG,
    REPORT_CONFIG,
    SERVE_CONFIG,
    DEPLOY_CONFIG,
    DRIFT_CONFIG,
)
COPIED = ("dvc.yaml", ".dvc/config", ".gitignore", *CONFIGS)


def template_files(train_overrides: Mapping[str, int | float | str] | None = None) -> dict[str, bytes]:
    """The first commit of a workspace, by path.

    Args:
        train_overrides: other top-level values for `train.yaml`.

    Raises:
        InputError: the package was installed without its template.
    """
    root = _template_root()
    files = {path: (root / path).read_bytes() for path in COPIED}
    files[METADATA_PATH] = NO_MODEL_JSON
    if train_overrides:
        settings = yaml.safe_load(files[TRAIN_CONFIG]) | dict(train_overrides)
        files[TRAIN_CONFIG] = yaml.safe_dump(settings, sort_keys=False).encode()
    return files


def shipped(path: str) -> Path:
    """A file that ships with wms, such as the settings for those who have no workspace.

    Raises:
        InputError: the package was installed without its template.
    """
    return _template_root() / path


def _template_root() -> Path:
    """`_template/` in an installed wheel, the repository's root in an editable install."""
    package = Path(__file__).parents[1]
    for root in (package / "_template", package.parents[2]):
        if all((root / path).is_file() for path in COPIED):
            return root
    raise InputError(
        "the package was installed without its workspace template",
        Code.WORKSPACE,
        remedy="Install it again from a clone.",
    )
