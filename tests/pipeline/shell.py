"""A person in a terminal, and the settings of a training that takes seconds."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

TINY = ("epochs=2", "image_size_px=64", "base_width=8", "patience=2")


class Shell:
    """Runs programs in one folder, as a person in a terminal would who has `programs` on the PATH."""

    def __init__(self, folder: Path, programs: Path) -> None:
        self.folder = folder
        self.programs = programs

    def at(self, folder: Path) -> Shell:
        """The same in another folder."""
        return Shell(folder, self.programs)

    def __call__(self, *command: str | Path, fails_with: int = 0) -> str:
        folders = (str(self.programs), str(Path(sys.executable).parent), os.environ["PATH"])
        environment = {**os.environ, "PATH": os.pathsep.join(folders), "COLUMNS": "100"}
        result = subprocess.run(
            [str(part) for part in command],
            cwd=self.folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        assert result.returncode == fails_with, result.stdout + result.stderr
        return result.stdout if not fails_with else result.stdout + result.stderr
