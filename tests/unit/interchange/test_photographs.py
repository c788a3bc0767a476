"""Photographs as phones and tools store them."""

from __future__ import annotations

import io
import itertools
import struct
import warnings
from collections.abc import Callable

import numpy as np
import pillow_heif
import pytest
from PIL import ExifTags, Image, ImageCms

from pairs import SIZE, picture
from wms.core.errors import ImageError
from wms.imaging.files import FORMATS
from wms.interchange.photographs import Photograph, prepare

pillow_heif.register_heif_opener()
CAPTURED = "2026:11:30 04:05:06"
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def exif(*, orientation: int = 1, place: bool = False) -> Image.Exif:
    told = Image.Exif()
    told[ExifTags.Base.Orientation] = orientation
    told[ExifTags.Base.Make] = "A Phone"
    told.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal] = CAPTURED
    if place:
        told.get_ifd(ExifTags.IFD.GPSInfo).update({1: "N", 2: (52.0, 13.0, 47.0)})
    return told


def stored(kind: str, image: Image.Image | None = None, **options: object) -> bytes:
    buffer = io.BytesIO()
    (image or picture(1)).save(buffer, format=kind, **options)
    return buffer.getvalue()


def opened(photograph: Photograph) -> Image.Image:
    """As the rest of wms reads it: with no other formats."""
    return Image.open(io.BytesIO(photograph.data), formats=FORMATS)


def place_of(photograph: Photograph) -> dict[int, object]:
    return dict(opened(photograph).getexif().get_ifd(ExifTags.IFD.GPSInfo))


def deep() -> bytes:
    return stored(
        "PNG", Image.fromarray(np.linspace(0, 65535, SIZE[0] * SIZE[1]).reshape(SIZE[::-1]).astype("<u2"))
    )


FORMS: dict[str, tuple[Callable[[], bytes], str]] = {
    "HEIC": (lambda: stored("HEIF", quality=95), ".jpg"),
    "AVIF": (lambda: stored("AVIF", quality=95), ".jpg"),
    "WebP": (lambda: stored("WEBP", quality=95), ".jpg"),
    "MPO": (lambda: stored("MPO", save_all=True, append_images=[picture(2)], quality=95), ".jpg"),
    "TIFF": (lambda: stored("TIFF"), ".png"),
    "BMP": (lambda: stored("BMP"), ".png"),
    "CMYK": (
        lambda: stored("JPEG", picture(1).convert("CMYK"), icc_profile=cmyk_profile(), quality=95),
        ".jpg",
    ),
    "16-bit": (deep, ".png"),
}


def cmyk_profile() -> bytes:
    """A small ICC profile (ICC.1:2001-04): without ink white, with any ink black; a grid of 2 x 2 x 2 x 2."""
    ramp = bytes(range(256))
    grid = b"".join(
        bytes((255 if not any(inks) else 0, 128, 128)) for inks in itertools.product((0, 1), repeat=4)
    )
    matrix = struct.pack(">9i", 65536, 0, 0, 0, 65536, 0, 0, 0, 65536)
    table = b"mft1" + bytes(4) + bytes((4, 3, 2, 0)) + matrix + ramp * 4 + grid + ramp * 3
    head = bytearray(128)
    struct.pack_into(">I4sI4s4s4s", head, 0, 144 + len(table), b"none", 0x02400000, b"prtr", b"CMYK", b"Lab ")
    head[36:40] = b"acsp"
    struct.pack_into(">3i", head, 68, 63190, 65536, 54061)  # the white of the connection space, D50
    return bytes(head) + struct.pack(">I4sII", 1, b"A2B0", 144, len(table)) + table


@pytest.mark.parametrize("form", FORMS)
def test_a_form_of_a_phone_becomes_jpeg_or_png_and_looks_the_same(form: str) -> None:
    make, suffix = FORMS[form]
    photograph = prepare(make(), name="it", keep_gps=False)
    assert photograph.suffix == suffix
    with opened(photograph) as image:
        assert image.size == photograph.size == SIZE
        if form not in ("16-bit", "CMYK"):
            assert np.abs(np.asarray(image.convert("RGB")).astype(int) - np.asarray(picture(1))).mean() < 8
        if form == "16-bit":
            assert (image.mode, image.getextrema()) == ("L", (0, 255))
    assert any("made into" in note for note in photograph.notes)


@pytest.mark.parametrize(("inks", "colour"), [((0, 0, 0, 0), 255), ((0, 0, 0, 255), 0), ((255, 0, 0, 0), 0)])
def test_cmyk_is_read_by_its_profile(inks: tuple[int, ...], colour: int) -> None:
    data = stored("JPEG", Image.new("CMYK", SIZE, inks), icc_profile=cmyk_profile(), quality=95)
    assert opened(prepare(data, name="it", keep_gps=False)).getextrema() == ((colour, colour),) * 3


def test_a_jpeg_stays_as_it_is() -> None:
    data = stored("JPEG", exif=exif(orientation=6))
    photograph = prepare(data, name="it", keep_gps=False)
    assert (photograph.data, photograph.notes) == (data, ())
    assert (photograph.turn, photograph.upright_size) == (6, SIZE[::-1])


@pytest.mark.parametrize("kind", ["JPEG", "WEBP", "AVIF"])
def test_orientation_and_time_stay_and_the_place_goes(kind: str) -> None:
    data = stored(kind, exif=exif(orientation=6, place=True))
    photograph = prepare(data, name="it", keep_gps=False)
    told = opened(photograph).getexif()
    assert told[ExifTags.Base.Orientation] == photograph.turn == 6
    assert told.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal] == CAPTURED
    assert not place_of(photograph)
    assert "place removed" in photograph.notes
    assert place_of(prepare(data, name="it", keep_gps=True))


@pytest.mark.parametrize("kind", ["HEIF", "TIFF"])
def test_what_is_turned_when_it_is_decoded_is_not_turned_twice(kind: str) -> None:
    # Only from bytes does pillow-heif write the turn where HEIF has it.
    data = stored(kind, exif=exif(orientation=6, place=True).tobytes())
    photograph = prepare(data, name="it", keep_gps=False)
    assert photograph.turn == 1
    assert opened(photograph).size == photograph.size == SIZE[::-1]
    assert not place_of(photograph)


def test_without_its_place_a_jpeg_has_the_same_pixels() -> None:
    data = stored("JPEG", exif=exif(place=True))
    photograph = prepare(data, name="it", keep_gps=False)
    assert np.array_equal(np.asarray(opened(photograph)), np.asarray(Image.open(io.BytesIO(data))))
    assert len(photograph.data) < len(data)


def test_colours_of_a_profile_become_srgb() -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    photograph = prepare(stored("WEBP", icc_profile=SRGB), name="it", keep_gps=False)
    assert "icc_profile" not in opened(photograph).info
    # A profile that does not fit its pixels says nothing.
    prepare(stored("WEBP", icc_profile=profile), name="it", keep_gps=False)


@pytest.mark.parametrize(
    ("data", "rule"),
    [
        (stored("JPEG", picture(1).convert("CMYK")), "cmyk"),
        (stored("JPEG")[:900], "truncated"),
        (b"no image at all", "unreadable"),
        (b"", "unreadable"),
    ],
    ids=["CMYK without a profile", "cut off", "text", "empty"],
)
def test_what_cannot_be_read_is_refused(data: bytes, rule: str) -> None:
    with pytest.raises(ImageError) as refused:
        prepare(data, name="it", keep_gps=False)
    assert refused.value.rule == rule


def test_a_damaged_exif_block_says_nothing_and_warns_nobody() -> None:
    data = stored("JPEG", exif=exif(place=True))
    at = data.index(b"Exif\0\0") + 14
    damaged = data[:at] + b"\xff" * 40 + data[at + 40 :]
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        warnings.filterwarnings("ignore", module=r"PIL\.")  # what `wms.imaging.files` sets
        photograph = prepare(damaged, name="it", keep_gps=False)
    assert photograph.turn == 1
    assert not seen
