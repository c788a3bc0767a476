"""Photographs as phones and tools store them, made into JPEG or PNG: what the rest of wms reads."""

from __future__ import annotations

import io
import struct
from dataclasses import dataclass

import numpy as np
from PIL import ExifTags, Image, ImageCms

from wms.core.errors import ImageError
from wms.imaging.files import MAX_FILE_BYTES, MAX_PIXELS, UNREADABLE, decode, flattened, orientation
from wms.imaging.filetypes import describe_unknown, known_type
from wms.interchange.regions import Size

JPEG_QUALITY = 95
"""Of photographs that must be written anew; colours are not subsampled."""

_FORMATS = ("JPEG", "PNG", "HEIF", "AVIF", "WEBP", "TIFF", "BMP")
"""MPO is opened as JPEG, which it starts with."""

_LOSSLESS = frozenset({"PNG", "TIFF", "BMP"})
_CAPTURED = (
    ExifTags.Base.DateTimeOriginal,
    ExifTags.Base.OffsetTimeOriginal,
    ExifTags.Base.SubsecTimeOriginal,
)


@dataclass(frozen=True, kw_only=True)
class Photograph:
    """A photograph as it is written: its bytes, `.jpg` or `.png`, and what was changed.

    `size` is that of the stored pixels, before `turn`, the EXIF orientation (1..8), is applied.
    """

    data: bytes
    suffix: str
    size: Size
    turn: int
    notes: tuple[str, ...]

    @property
    def upright_size(self) -> Size:
        """Width and height as the photograph is meant to be seen."""
        return turned_size(self.size, self.turn)


def turned_size(size: Size, turn: int) -> Size:
    """A size after an EXIF orientation is applied."""
    return size if turn <= 4 else size[::-1]


def prepare(data: bytes, *, name: str, keep_gps: bool) -> Photograph:
    """A photograph as JPEG or PNG; one that is such a file already keeps its pixels' bytes.

    Lossless forms become PNG, the others JPEG. Orientation and time of capture stay. The place goes, unless
    it is to be kept, and so does all other metadata of a file that is written anew.

    Raises:
        ImageError: it cannot be read, is too large, or its colours cannot be told.
    """
    import pillow_heif

    pillow_heif.register_heif_opener()
    if len(data) > MAX_FILE_BYTES:
        raise ImageError(f"{name} has more than {MAX_FILE_BYTES // 2**20} MiB", rule="too-large")
    try:
        image = Image.open(io.BytesIO(data), formats=_FORMATS)
    except (*UNREADABLE, Image.DecompressionBombError) as error:
        kind = known_type(data) or describe_unknown(data)
        raise ImageError(f"{name} cannot be read as a photograph: it holds {kind}") from error
    with image:
        if image.width * image.height > MAX_PIXELS:
            raise ImageError(f"{name} has more than {MAX_PIXELS // 10**6} megapixels", rule="too-large")
        decode(image, name=name)
        kind, turn, size = str(image.format), orientation(image), image.size
        exif, place = _kept_exif(image, turn, keep_gps=keep_gps)
        without_place = place and not keep_gps
        notes = ["place removed"] if without_place else []
        if kind in ("JPEG", "PNG") and image.mode not in ("CMYK", "F") and not image.mode.startswith("I"):
            if without_place and kind == "JPEG":
                data = _with_exif(data, exif)
            elif without_place:
                data = _saved(image, "PNG", exif)
            return Photograph(data=data, suffix=_SUFFIXES[kind], size=size, turn=turn, notes=tuple(notes))
        pixels = _plain(image, name=name)
    kind_now = "PNG" if kind in _LOSSLESS else "JPEG"
    told = f"{kind} ({image.mode})" if kind == kind_now else kind
    converted = f"{told} made into {kind_now}" + (f" of quality {JPEG_QUALITY}" if kind_now == "JPEG" else "")
    return Photograph(
        data=_saved(pixels, kind_now, exif),
        suffix=_SUFFIXES[kind_now],
        size=size,
        turn=turn,
        notes=(converted, *notes),
    )


_SUFFIXES = {"JPEG": ".jpg", "PNG": ".png"}


def _plain(image: Image.Image, *, name: str) -> Image.Image:
    """8-bit RGB or grey, in sRGB where the file says what its colours are.

    Raises:
        ImageError: the colours cannot be told.
    """
    if image.mode.startswith("I"):
        levels = np.asarray(image).astype(np.int64)
        return Image.fromarray(np.clip(levels >> 8, 0, 255).astype(np.uint8))
    if image.mode == "F":
        raise ImageError(f"{name} has floating-point pixels", rule="deep-pixels")
    profile = image.info.get("icc_profile")
    if image.mode == "CMYK" and not profile:
        raise ImageError(f"{name} is CMYK without a profile; its colours cannot be told", rule="cmyk")
    plain = image if image.mode == "CMYK" else flattened(image, background="white")
    if plain.mode not in ("RGB", "L", "CMYK"):
        plain = plain.convert("RGB")
    if not profile:
        return plain
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        converted = ImageCms.profileToProfile(plain, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
    except (ImageCms.PyCMSError, OSError, ValueError) as error:
        if plain.mode == "CMYK":
            raise ImageError(f"{name} has a damaged colour profile", rule="cmyk") from error
        return plain
    return converted or plain


def _kept_exif(image: Image.Image, turn: int, *, keep_gps: bool) -> tuple[Image.Exif, bool]:
    """Orientation, time of capture and, where asked, the place; and whether the file has a place."""
    kept = Image.Exif()
    if turn != 1:
        kept[ExifTags.Base.Orientation] = turn
    try:
        told = image.getexif()
        times = told.get_ifd(ExifTags.IFD.Exif)
        place = told.get_ifd(ExifTags.IFD.GPSInfo)
    except UNREADABLE:
        return kept, False
    captured = {int(tag): times[tag] for tag in _CAPTURED if isinstance(times.get(tag), str)}
    if captured:
        kept.get_ifd(ExifTags.IFD.Exif).update(captured)
    if place and keep_gps:
        kept.get_ifd(ExifTags.IFD.GPSInfo).update(place)
    return kept, bool(place) or b"exif:GPS" in image.info.get("xmp", b"")


def _saved(image: Image.Image, kind: str, exif: Image.Exif) -> bytes:
    image.info.clear()
    stored = io.BytesIO()
    if kind == "PNG":
        image.save(stored, format=kind, exif=exif)
    else:
        image.save(stored, format=kind, quality=JPEG_QUALITY, subsampling=0, exif=exif)
    return stored.getvalue()


def _with_exif(data: bytes, exif: Image.Exif) -> bytes:
    """A JPEG with this EXIF block instead of all it has in APP1 (EXIF and XMP); pixels are not touched.

    Segments are a marker and a length (ITU-T T.81, B.1.1.4), up to the start of the scan.
    """
    block = exif.tobytes()
    parts = [data[:2], b"\xff\xe1", struct.pack(">H", len(block) + 2), block] if len(exif) else [data[:2]]
    at = 2
    while data[at] == 0xFF and data[at + 1] != 0xDA:
        length = 2 + struct.unpack_from(">H", data, at + 2)[0]
        if data[at + 1] != 0xE1:
            parts.append(data[at : at + length])
        at += length
    return b"".join([*parts, data[at:]])
