"""An image of absurd size in a small file (a decompression bomb), written without its pixels."""

from __future__ import annotations

import struct
import zlib

_SIGNATURE = b"\x89PNG\r\n\x1a\n"


def huge_png(side_px: int) -> bytes:
    """A valid one-bit black PNG of `side_px` by `side_px`, compressed row by row.

    30,000 pixels a side are some 110 kB; a reader that decodes it to RGB needs 2.7 GB.
    Layout: Portable Network Graphics specification (third edition), sections 5, 10 and 11.2.
    """
    header = struct.pack(">IIBBBBB", side_px, side_px, 1, 0, 0, 0, 0)
    row = b"\0" * (1 + (side_px + 7) // 8)  # filter type 0, then one bit a pixel
    packer = zlib.compressobj(6)
    rows_at_once = 100
    parts = [packer.compress(row * rows_at_once) for _ in range(side_px // rows_at_once)]
    parts.append(packer.compress(row * (side_px % rows_at_once)))
    parts.append(packer.flush())
    return _SIGNATURE + _chunk(b"IHDR", header) + _chunk(b"IDAT", b"".join(parts)) + _chunk(b"IEND", b"")


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
