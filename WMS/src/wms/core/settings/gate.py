"""The gate's policy, read from `WMS/configs/gate.yaml`."""

from __future__ import annotations

from pathlib import Path

from wms.core.records.decision import GatePolicy
from wms.core.settings.loader import load_settings

GATE_CONFIG = "WMS/configs/gate.yaml"


def load_gate_policy(root: Path) -> GatePolicy:
    """Read `WMS/configs/gate.yaml` below a workspace root.

    Raises:
        InputError: missing, unparsable or out of range.
    """
    return load_settings(root / GATE_CONFIG, GatePolicy)
