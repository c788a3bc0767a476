"""Pushes that the pipeline must reject: broken pairs, and pairs whose masks mark the wrong thing."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from PIL import Image

from wms.core.progress import Progress
from wms.synth.breakage import BREAKAGES, Push
from wms.synth.dataset import SILENT, write_series
from wms.synth.labels import mislabelled
from wms.synth.picture import Picture, Purpose, generator

# Images of broken pairs are numbered from here, so that none is also one of `write_pairs`.
FIRST_INDEX = 1_000_000
RULES: tuple[str, ...] = tuple(BREAKAGES)
"""The rules that `write_broken_pairs` breaks."""


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One thing wrong with a push.

    `rule` is the name of validation's rule. `stems` are the pairs concerned: one, or two for clashes
    and duplicates. `files` are all files written for it, as paths below the push's folder; a link's
    target, itself a pair with nothing wrong, is among them.
    """

    rule: str
    stems: tuple[str, ...]
    files: tuple[str, ...]

    @property
    def file(self) -> str:
        """The file to look at first: the photograph (or the lone mask) of the last stem."""
        return next(name for name in self.files if PurePosixPath(name).stem == self.stems[-1])


def write_broken_pairs(out: Path, *, seed: int) -> tuple[Fault, ...]:
    """Write one broken pair for every rule into `out`/images and `out`/masks.

    All names start with `broken_<seed>_` (one in capitals), so the folder may hold other pairs.
    Where the file system cannot tell upper from lower case, `case-clash` cannot exist and is left out.

    Args:
        out: the push's folder; made if missing.
        seed: of the series, at least 0; the same seed writes the same bytes.

    Returns:
        What was written, in the order of `RULES`.

    Raises:
        StorageError: a file cannot be written.
    """
    faults = []
    for number, (rule, make) in enumerate(BREAKAGES.items()):
        push = Push(out, seed, FIRST_INDEX + 10 * number)
        stems = make(push, f"broken_{seed}_{rule}")
        if stems:
            faults.append(Fault(rule=rule, stems=stems, files=tuple(push.files)))
    return tuple(faults)


def write_mislabelled_pairs(
    out: Path,
    *,
    count: int,
    seed: int,
    start: int = 0,
    difficulty: float = 1.0,
    progress: Progress = SILENT,
) -> int:
    """Like `write_pairs`, but each mask marks something else, plausible in size and shape.

    Every pair passes validation; only a model trained on them shows that they are wrong.
    """

    def wrong_mask(picture: Picture, index: int) -> Image.Image:
        return mislabelled(picture, generator(seed, index, Purpose.LABEL))

    return write_series(out, range(start, start + count), seed, difficulty, progress, wrong_mask)
