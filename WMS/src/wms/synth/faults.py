"""Pushes that the pipeline must reject: a broken pair for every rule of validation that a pair can break."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageChops, ImageDraw, ImageFilter

from wms.core.files import write_bytes
from wms.synth.dataset import IMAGES, MASKS
from wms.synth.render import Photo, render
from wms.synth.storage import Encoding, encode_mask, encode_photo, stored

FIRST_INDEX = 1_000_000
"""Images of broken pairs are numbered from here, so that none is also one of `write_pairs`."""

HUGE_SIDE_PX = 30_000

PLAIN = Encoding()
AS_JPEG = Encoding(mask_is_jpeg=True)
TURNED = Encoding(orientation=6)


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One thing wrong with a push.

    `rule` is the name of validation's rule. `files` are all files written for it, as paths below the push's
    folder; a link's target, itself a pair with nothing wrong, is among them.
    """

    rule: str
    files: tuple[str, ...]

    @property
    def file(self) -> str:
        """The file to look at first: the last photograph, or the lone mask."""
        return next((name for name in reversed(self.files) if name.startswith(IMAGES)), self.files[0])


def write_broken_pairs(out: Path, *, seed: int) -> tuple[Fault, ...]:
    """Write one broken pair for every rule of `BREAKAGES` into `out`/images and `out`/masks.

    All names start with `broken_<seed>_` (one in capitals), so the folder may hold other pairs.
    Where the file system cannot tell upper from lower case, `case-clash` cannot exist and is left out.

    Args:
        out: the push's folder; made if missing.
        seed: of the series, at least 0; the same seed writes the same bytes.

    Returns:
        What was written, in the order of `BREAKAGES`.

    Raises:
        StorageError: a file cannot be written.
    """
    faults = []
    for number, (rule, make) in enumerate(BREAKAGES.items()):
        push = Push(out, seed, FIRST_INDEX + 10 * number, f"broken_{seed}_{rule}")
        make(push)
        if push.files:
            faults.append(Fault(rule=rule, files=tuple(push.files)))
    return tuple(faults)


def huge_png(side_px: int) -> bytes:
    """A valid one-bit black PNG of `side_px` by `side_px`, compressed row by row (a decompression bomb).

    30,000 pixels a side are some 110 kB; a reader that decodes it to RGB needs 2.7 GB.
    Layout: Portable Network Graphics specification (third edition), sections 5, 10 and 11.2.
    """

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", side_px, side_px, 1, 0, 0, 0, 0)
    row = b"\0" * (1 + (side_px + 7) // 8)  # filter type 0, then one bit a pixel
    packer = zlib.compressobj(6)
    pixels = b"".join(packer.compress(row) for _ in range(side_px)) + packer.flush()
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


class Push:
    """Renders images for one fault, whose names start with `stem`, and lists the files that it writes."""

    def __init__(self, out: Path, seed: int, first_index: int, stem: str) -> None:
        self.out = out
        self.seed = seed
        self.next_index = first_index
        self.stem = stem
        self.files: list[str] = []

    def photo(self, *, oblong: bool = False) -> Photo:
        """The next image, or the next that is not square."""
        while True:
            photo = render(self.seed, self.next_index)
            self.next_index += 1
            if not oblong or photo.image.width != photo.image.height:
                return photo

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

    def pair(self, stem: str, photo: Photo) -> None:
        """Write a good pair."""
        self.image(stem, photo.image)
        self.mask(stem, photo.mask())


Maker = Callable[[Push], None]
"""Writes the files of one fault."""


def _with_photo(suffix: str, data_of: Callable[[Photo], bytes]) -> Maker:
    """A maker of pairs with other bytes in the photograph's place."""

    def make(push: Push) -> None:
        photo = push.photo()
        push.write(f"{IMAGES}/{push.stem}{suffix}", data_of(photo))
        push.mask(push.stem, photo.mask())

    return make


def _archive(_: Photo) -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as bundle:
        # A fixed date: the bytes must be the same in every run.
        bundle.writestr(zipfile.ZipInfo("photos/readme.txt", (2020, 1, 1, 0, 0, 0)), "No picture here.\n")
    return archive.getvalue()


def _half(photo: Photo) -> bytes:
    whole = encode_photo(photo.image, PLAIN)
    return whole[: len(whole) // 2]


def _too_large(push: Push) -> None:
    bomb = huge_png(HUGE_SIDE_PX)
    push.write(f"{IMAGES}/{push.stem}.png", bomb)
    push.write(f"{MASKS}/{push.stem}.png", bomb)


def _unrotated_mask(push: Push) -> None:
    photo = push.photo(oblong=True)
    push.image(push.stem, photo.image, TURNED)
    push.mask(push.stem, stored(photo.mask(), TURNED.orientation))


def _with_mask(change: Callable[[Image.Image], Image.Image]) -> Maker:
    """A maker of pairs whose mask went through `change`."""

    def make(push: Push) -> None:
        photo = push.photo()
        push.image(push.stem, photo.image)
        push.mask(push.stem, change(photo.mask()))

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


def _two_masks(push: Push) -> None:
    photo = push.photo()
    push.pair(push.stem, photo)
    push.mask(push.stem, photo.mask(), AS_JPEG)


def _duplicate(push: Push) -> None:
    photo = push.photo()
    push.pair(f"{push.stem}_1", photo)
    push.pair(f"{push.stem}_2", photo)


def _near_duplicate(push: Push) -> None:
    """The same photograph as a messenger would pass it on: a little smaller, compressed again."""
    photo, second = push.photo(), f"{push.stem}_2"
    push.pair(f"{push.stem}_1", photo)
    size = (round(photo.image.width * 0.96), round(photo.image.height * 0.96))
    push.image(second, photo.image.resize(size, Image.Resampling.BICUBIC), Encoding(photo_quality=70))
    push.mask(second, photo.mask().resize(size, Image.Resampling.NEAREST))


def _case_clash(push: Push) -> None:
    shouted = push.stem.replace("broken", "BROKEN")
    push.pair(push.stem, push.photo())
    push.pair(shouted, push.photo())
    names = {path.name for path in (push.out / IMAGES).iterdir()}
    if not {f"{push.stem}.jpg", f"{shouted}.jpg"} <= names:
        for path in push.files:
            (push.out / path).unlink(missing_ok=True)
        push.files.clear()


def _symlink(push: Push) -> None:
    photo, target = push.photo(), f"{push.stem}_target"
    push.pair(target, photo)
    name = f"{IMAGES}/{push.stem}.jpg"
    (push.out / name).unlink(missing_ok=True)
    (push.out / name).symlink_to(f"{target}.jpg")
    push.files.append(name)
    push.mask(push.stem, photo.mask())


BREAKAGES: dict[str, Maker] = {
    "missing-mask": lambda push: push.image(push.stem, push.photo().image),
    "missing-image": lambda push: push.mask(push.stem, push.photo().mask()),
    "wrong-type": _with_photo(".jpg", _archive),
    "truncated": _with_photo(".jpg", _half),
    "not-an-image": _with_photo(".png", lambda _: b"The photo is on the other telephone.\n"),
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
    # A name that would colour the terminal that prints it.
    "bad-name": lambda push: push.pair(f"{push.stem}_\x1b[31m", push.photo()),
}
"""What breaks each rule of validation that a pair can break."""
