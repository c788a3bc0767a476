"""The line of report.yaml that setup can change."""

from __future__ import annotations

import re
from pathlib import Path

from wms.core.files import write_bytes
from wms.core.settings import REPORT_CONFIG

LINE = re.compile(r"(?m)^pictures_in_reports:[ \t]*\w*")


def set_pictures_in_reports(root: Path, *, allowed: bool) -> bool:
    """Write `pictures_in_reports` and keep all other lines; return whether the file changed."""
    path = root / REPORT_CONFIG
    old = path.read_text() if path.is_file() else ""
    line = f"pictures_in_reports: {str(allowed).lower()}"
    new, found = LINE.subn(line, old)
    if not found:
        new = f"{old}{line}\n"
    if new != old:
        write_bytes(path, new.encode())
    return new != old
