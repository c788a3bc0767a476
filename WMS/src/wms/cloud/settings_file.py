"""Values that a person gives for an environment, written into its `terraform.tfvars`."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path

from wms.core.errors import Code, InputError
from wms.core.files import write_bytes


def fill_in(path: Path, values: Mapping[str, str]) -> None:
    """Write the values of keys that the file has; everything else stays as it is, comments too.

    Raises:
        InputError: the file does not have a key on a line of its own.
    """
    text = path.read_text()
    for key, value in values.items():
        line = re.compile(rf"(?m)^({key}\s*=\s*).*$")
        written = json.dumps(value).replace("\\", r"\\")
        text, found = line.subn(rf"\g<1>{written}", text)
        if found != 1:
            raise InputError(f"{path} has no line `{key} = ...`", Code.CONFIG, remedy="Write it there.")
    write_bytes(path, text.encode())
