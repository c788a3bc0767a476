"""Choose the build of PyTorch that `make setup` installs, and print it for the Makefile.

PyPI's build for Linux is the one for CUDA: 5 GB that a machine without a GPU never uses. With `auto`,
uv takes the build for the machine's GPU, or the one for the CPU where it finds none, from PyTorch's own index
(https://docs.astral.sh/uv/guides/integration/pytorch/#automatic-backend-selection). Where that index does not
answer, standard output stays empty, and PyPI's build is installed.
"""

from __future__ import annotations

import os
import sys
import threading
import urllib.request

INDEX = "https://download.pytorch.org/whl/cpu/torch/"
PATIENCE_SECONDS = 3.0


def answers(url: str, *, patience_seconds: float) -> bool:
    """Whether a page can be had in this time, the look-up of the host's name included."""
    answered = threading.Event()

    def ask() -> None:
        try:
            with urllib.request.urlopen(url, timeout=patience_seconds):  # noqa: S310 - an address of ours
                answered.set()
        except (OSError, ValueError):
            pass

    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    asking.join(patience_seconds)
    return answered.is_set()


def main(url: str = INDEX) -> None:
    """Tell the person on standard error, and the Makefile on standard output."""
    chosen = os.environ.get("UV_TORCH_BACKEND", "")
    if chosen:
        said = f"UV_TORCH_BACKEND={chosen}"
    elif answers(url, patience_seconds=PATIENCE_SECONDS):
        chosen, said = "auto", "the build for this machine's GPU or CPU (auto)"
    else:
        said = "PyPI's build (on Linux with CUDA: 5 GB), because PyTorch's own index does not answer"
    sys.stderr.write(f"PyTorch: {said}; UV_TORCH_BACKEND chooses another\n")
    sys.stdout.write(f"{chosen}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
