"""Broken pairs: one for every rule of data validation that a pair can break."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path

from PIL import Image, ImageChops, ImageDraw, ImageFilter

from wms.core.errors import StorageError
from wms.core.files import write_bytes
from wms.synth.dataset import IMAGES, MASKS
from wms.synth.hugepng import huge_png
from wms.synth.picture import Picture, render
from wms.synth.storage import Encoding, encode_mask, encode_photo, stored

HUGE_SIDE_PX = 30_000

PLAIN = Encoding()
AS_JPEG = Encoding(mask_is_jpeg=True)
TURNED = Encoding(orientation=6)


class Push:
    """Renders images for one fault and lists the files that it writes."""

    def __init__(self, out: Path, seed: int, first_index: int) -> None:
        self.out = out
        self.seed = seed
        self.next_index = first_index
        self.files: list[str] = []

    def picture(self, *, oblong: bool = False) -> Picture:
        """The next image, or the next that is not square."""
        while True:
            picture = render(self.seed, self.next_index)
            self.next_index += 1
            if not oblong or picture.image.width != picture.image.height:
                return picture

    def write(self, path: str, data: bytes) -> None:
        """Write a file of any content."""
        write_bytes(self.out / path, data)
        self.files.append(path)

    def image(self, stem: str, image: Image.Image, encoding: Encoding = PLAIN) -> None:
        """Write a photograph."""
        self.write(f"{IMAGES}/{stem}.jpg", encode_photo(image, encoding))

    def mask(self, stem: str, mask: Image.Image, encoding: Encoding = PLAIN) -> None:
        """Write a mask."""
        self.write(f"{MASKS}/{stem}{encoding.mask_suffix}", encode_mask(mask, encoding))

    def pair(self, stem: str, picture: Picture) -> None:
        """Write a good pair."""
        self.image(stem, picture.image)
        self.mask(stem, picture.mask())


Maker = Callable[[Push, str], tuple[str, ...]]
"""Writes one fault under a stem and returns the stems concerned."""


def _missing_mask(push: Push, stem: str) -> tuple[str, ...]:
    push.image(stem, push.picture().image)
    return (stem,)


def _missing_image(push: Push, stem: str) -> tuple[str, ...]:
    push.mask(stem, push.picture().mask())
    return (stem,)


def _wrong_type(push: Push, stem: str) -> tuple[str, ...]:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as bundle:
        # A fixed date: the bytes must be the same in every run.
        bundle.writestr(zipfile.ZipInfo("photos/readme.txt", (2020, 1, 1, 0, 0, 0)), "No picture here.\n")
    push.write(f"{IMAGES}/{stem}.jpg", archive.getvalue())
    push.mask(stem, push.picture().mask())
    return (stem,)


def _truncated(push: Push, stem: str) -> tuple[str, ...]:
    picture = push.picture()
    whole = encode_photo(picture.image, PLAIN)
    push.write(f"{IMAGES}/{stem}.jpg", whole[: len(whole) // 2])
    push.mask(stem, picture.mask())
    return (stem,)


def _not_an_image(push: Push, stem: str) -> tuple[str, ...]:
    push.write(f"{IMAGES}/{stem}.png", b"The photo is on the other telephone.\n")
    push.mask(stem, push.picture().mask())
    return (stem,)


def _too_large(push: Push, stem: str) -> tuple[str, ...]:
    bomb = huge_png(HUGE_SIDE_PX)
    push.write(f"{IMAGES}/{stem}.png", bomb)
    push.write(f"{MASKS}/{stem}.png", bomb)
    return (stem,)


def _unrotated_mask(push: Push, stem: str) -> tuple[str, ...]:
    picture = push.picture(oblong=True)
    push.image(stem, picture.image, TURNED)
    push.mask(stem, stored(picture.mask(), TURNED.orientation))
    return (stem,)


def _with_mask(change: Callable[[Image.Image], Image.Image]) -> Maker:
    """A maker of pairs whose mask went through `change`."""

    def make(push: Push, stem: str) -> tuple[str, ...]:
        picture = push.picture()
        push.image(stem, picture.image)
        push.mask(stem, change(picture.mask()))
        return (stem,)

    return make


def _smaller(mask: Image.Image) -> Image.Image:
    return mask.resize((mask.width * 3 // 4, mask.height * 3 // 4), Image.Resampling.NEAREST)


def _soft(mask: Image.Image) -> Image.Image:
    """A heat map instead of a mask: levels fall off slowly from the window."""
    spread = mask.filter(ImageFilter.GaussianBlur(max(mask.size) / 10))
    brightest = spread.getextrema()[1]
    return spread.point(lambda level: level * 255 / brightest)


def _black(mask: Image.Image) -> Image.Image:
    return Image.new("L", mask.size, 0)


def _nearly_white(mask: Image.Image) -> Image.Image:
    """White with a black frame, so that it is full rather than inverted."""
    full = _black(mask)
    margin = min(mask.size) // 20
    ImageDraw.Draw(full).rectangle(
        (margin, margin, mask.width - margin - 1, mask.height - margin - 1), fill=255
    )
    return full


def _two_masks(push: Push, stem: str) -> tuple[str, ...]:
    picture = push.picture()
    push.pair(stem, picture)
    push.mask(stem, picture.mask(), AS_JPEG)
    return (stem,)


def _duplicate(push: Push, stem: str) -> tuple[str, ...]:
    picture, first, second = push.picture(), f"{stem}_1", f"{stem}_2"
    push.pair(first, picture)
    push.pair(second, picture)
    return first, second


def _near_duplicate(push: Push, stem: str) -> tuple[str, ...]:
    """The same photograph as a messenger would pass it on: a little smaller, compressed again."""
    picture, first, second = push.picture(), f"{stem}_1", f"{stem}_2"
    push.pair(first, picture)
    size = (round(picture.image.width * 0.96), round(picture.image.height * 0.96))
    push.image(second, picture.image.resize(size, Image.Resampling.BICUBIC), Encoding(photo_quality=70))
    push.mask(second, picture.mask().resize(size, Image.Resampling.NEAREST))
    return first, second


def _case_clash(push: Push, stem: str) -> tuple[str, ...]:
    shouted = stem.replace("broken", "BROKEN")
    push.pair(stem, push.picture())
    push.pair(shouted, push.picture())
    names = {path.name for path in (push.out / IMAGES).iterdir()}
    if {f"{stem}.jpg", f"{shouted}.jpg"} <= names:
        return stem, shouted
    for path in push.files:
        (push.out / path).unlink(missing_ok=True)
    return ()


def _symlink(push: Push, stem: str) -> tuple[str, ...]:
    picture, target = push.picture(), f"{stem}_target"
    push.pair(target, picture)
    link = push.out / IMAGES / f"{stem}.jpg"
    try:
        link.unlink(missing_ok=True)
        link.symlink_to(f"{target}.jpg")
    except OSError as error:
        raise StorageError(f"{link} could not be made: {error.strerror or error}") from error
    push.files.append(f"{IMAGES}/{stem}.jpg")
    push.mask(stem, picture.mask())
    return (stem,)


def _bad_name(push: Push, stem: str) -> tuple[str, ...]:
    """A name that would colour the terminal that prints it."""
    push.pair(f"{stem}_\x1b[31m", push.picture())
    return (f"{stem}_\x1b[31m",)


BREAKAGES: dict[str, Maker] = {
    "missing-mask": _missing_mask,
    "missing-image": _missing_image,
    "wrong-type": _wrong_type,
    "truncated": _truncated,
    "not-an-image": _not_an_image,
    "too-large": _too_large,
    "size-mismatch": _with_mask(_smaller),
    "unrotated-mask": _unrotated_mask,
    "grey-mask": _with_mask(_soft),
    "empty-mask": _with_mask(_black),
    "inverted-mask": _with_mask(ImageChops.invert),
    "full-mask": _with_mask(_nearly_white),
    "two-masks": _two_masks,
    "duplicate": _duplicate,
    "near-duplicate": _near_duplicate,
    "case-clash": _case_clash,
    "symlink": _symlink,
    "bad-name": _bad_name,
}
"""What breaks each rule of validation that a pair can break."""
