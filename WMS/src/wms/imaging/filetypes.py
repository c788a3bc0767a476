"""What a file is by its bytes, whatever its name says; enough to tell a user in words."""

from __future__ import annotations

_SIGNATURES = (
    (b"\xff\xd8\xff", "JPEG"),
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"GIF8", "a GIF image"),
    (b"BM", "a BMP image"),
    (b"II*\x00", "a TIFF image"),
    (b"MM\x00*", "a TIFF image"),
    (b"PK\x03\x04", "a ZIP archive"),
    (b"PK\x05\x06", "an empty ZIP archive"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"7z\xbc\xaf", "a 7-Zip archive"),
    (b"Rar!", "a RAR archive"),
    (b"%PDF", "a PDF document"),
    (b"version https://git-lfs", "a Git LFS pointer, not the file itself"),
    (b"<svg", "an SVG drawing"),
    (b"<!DOCTYPE", "a web page"),
    (b"<html", "a web page"),
)
_HEIF_BRANDS = frozenset({b"heic", b"heix", b"hevc", b"mif1", b"msf1"})


def known_type(data: bytes) -> str | None:
    """A file's type in words (`JPEG`, `PNG`, `a ZIP archive`), or `None` if its first bytes tell none."""
    if data[4:8] == b"ftyp":
        return "a HEIC image" if data[8:12] in _HEIF_BRANDS else "an AVIF image or a video"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "a WebP image"
    return next((kind for signature, kind in _SIGNATURES if data.startswith(signature)), None)


def describe_unknown(data: bytes) -> str:
    """What a file of no known type holds, in words."""
    head = data[:512]
    if not data:
        return "nothing (0 bytes)"
    if not head.strip(b"\x00"):
        return "zeros"
    return "text" if head.isascii() and b"\x00" not in head else "bytes of no known type"
