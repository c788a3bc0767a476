"""File names of the dataset: which are allowed, and when two names count as the same.

Names are used in Git, DVC, S3 and three operating systems. Two names that one of these cannot tell apart are
the same name here: upper or lower case and the Unicode form of a letter do not matter.
"""

from __future__ import annotations

import re
import unicodedata
from pathlib import PurePosixPath

IMAGE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png"})
"""Suffixes (in lower case) of images and masks."""

MAX_NAME_BYTES = 200
"""Longest name in UTF-8: file systems allow 255, but DVC, S3 keys and temporary names add to it."""

_CONTROLS = frozenset({"Cc", "Cf", "Zl", "Zp"})
"""Unicode's categories of invisible characters that change how text is shown."""

_FORBIDDEN = frozenset('/\\:*?"<>|')
_RESERVED = frozenset(
    {"con", "prn", "aux", "nul"} | {f"{port}{number}" for port in ("com", "lpt") for number in range(1, 10)}
)


_LEFTOVERS = frozenset(
    {
        "__macosx", ".ds_store", ".spotlight-v100", ".trashes", ".fseventsd", ".temporaryitems", ".apdisk",
        "thumbs.db", "ehthumbs.db", "desktop.ini", "$recycle.bin", "system volume information",
        "@eadir", "#recycle", ".directory", ".stfolder", ".stversions", ".dropbox", ".dropbox.cache",
        "lost+found",
    }
)  # fmt: skip
_LEFTOVER_STARTS = ("._", "~$", ".trash-", ".~lock.", ".fuse_hidden", ".nfs", ".syncthing.")
_CONFLICT_COPY = re.compile(r"\.sync-conflict-\d{8}-\d{6}|\([^()]*conflicted copy[^()]*\)", re.IGNORECASE)
"""How Syncthing and Dropbox name the second of two versions of a file."""


def is_leftover(name: str) -> bool:
    """Whether an operating system, a file manager or a file server made this file or folder for itself."""
    name = name.casefold()
    return name in _LEFTOVERS or name.startswith(_LEFTOVER_STARTS)


def is_conflict_copy(name: str) -> bool:
    """Whether Syncthing or Dropbox made this file, because two machines changed the same one."""
    return _CONFLICT_COPY.search(name) is not None


def stem_of(name: str) -> str:
    """A file name without its last suffix, in Unicode's composed form (NFC)."""
    return unicodedata.normalize("NFC", PurePosixPath(name).stem)


def stem_key(stem: str) -> str:
    """A key that is equal for two stems that some file system cannot tell apart."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", stem).casefold())


def name_problem(name: str) -> str | None:
    """What is wrong with a file name, as a phrase after "its name"; `None` if it is allowed.

    Spaces and letters of any script are fine.
    """
    if any(0xD800 <= ord(char) <= 0xDFFF for char in name):
        return "is not UTF-8"
    control = next((char for char in name if unicodedata.category(char) in _CONTROLS), None)
    if control is not None:
        return f"holds the control character U+{ord(control):04X}"
    forbidden = sorted(_FORBIDDEN.intersection(name))
    if forbidden:
        return f"holds {' '.join(forbidden)}, which is part of a path or not allowed on every system"
    stem = PurePosixPath(name).stem
    if name.startswith((".", "-")) or stem != stem.strip() or stem.endswith("."):
        return "starts with a dot, a dash or a space, or its stem ends with a dot or a space"
    if stem.split(".")[0].casefold() in _RESERVED:
        return "is reserved on Windows"
    if len(unicodedata.normalize("NFC", name).encode()) > MAX_NAME_BYTES:
        return f"is longer than {MAX_NAME_BYTES} bytes"
    return None


def utf8(path: str) -> str:
    """A path for records: bytes that are not UTF-8 become hexadecimal escapes."""
    try:
        return path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    except UnicodeEncodeError:  # A surrogate that stands for no byte; JSON can have one.
        return path.encode("utf-8", "backslashreplace").decode()


def printable(path: str) -> str:
    """A path for a terminal: control characters become escapes too."""
    return "".join(
        char.encode("unicode_escape").decode() if unicodedata.category(char) in _CONTROLS else char
        for char in utf8(path)
    )
