"""The rules of data validation: whether each blocks, what it means, and what to do."""

from __future__ import annotations

from wms.core.errors import Code, ImageError
from wms.core.records.base import Frozen
from wms.core.records.dataset import Finding, Severity

Told = tuple[str, str]
"""The name of a rule, and a message about one file."""


class Rule(Frozen):
    """One rule. A finding can give a more exact remedy than `remedy`."""

    severity: Severity
    meaning: str
    remedy: str


def _error(meaning: str, remedy: str) -> Rule:
    return Rule(severity="error", meaning=meaning, remedy=remedy)


def _warning(meaning: str, remedy: str) -> Rule:
    return Rule(severity="warning", meaning=meaning, remedy=remedy)


_NO_ACTION = "No action needed."
_RENAME = "Rename the file."
_REDRAW = "Draw the mask again."
_OR_IMPORT = "or let `wms data import` do it"
_EXPORT_MASK = "Export the mask again as 8-bit greyscale: 0 for background, 255 for the window."

RULES: dict[str, Rule] = {
    # Which files there are.
    "missing-mask": _error("an image without a mask of the same name", "Add its mask, or remove the image."),
    "missing-image": _error("a mask without an image of the same name", "Add its image, or remove the mask."),
    "two-images": _error("two images with one name", "Give each image its own name and its own mask."),
    "two-masks": _error("two different masks for one image", "Keep the right mask and remove the other."),
    "case-clash": _error(
        "names that differ only in upper and lower case, or in how Unicode spells a letter",
        "Give both files of a pair the same name, and each pair a different name.",
    ),
    "bad-name": _error("a name that does not work on every system", _RENAME),
    "symlink": _error("a symbolic link", "Replace the link with the file itself."),
    "not-a-file": _error("not a regular file", "Remove it."),
    "wrong-place": _error("not directly in images/ or masks/", "Move images to images/ and masks to masks/."),
    "not-an-image": _error("not an image, by its name or its content", "Remove it from images/ and masks/."),
    "name-conflict": _error(
        "the name of an existing pair with other content",
        "Choose --on-conflict replace (the new pair wins) or --on-conflict rename (keep both).",
    ),
    "superseded": _warning(
        "a pair that a later branch of the same run replaced (--on-conflict replace); set aside",
        "No action needed if the later pair is the right one; otherwise push this one under another name.",
    ),
    "conflict-copy": _warning(
        "the second version of a file, made by Syncthing or Dropbox; ignored",
        "Keep the right version under the plain name, and remove the copy.",
    ),
    "ignored-file": _warning("a file that belongs to no pair; ignored", _NO_ACTION),
    # What a file holds.
    "unreadable": _error("a file that cannot be read", "Check the file's permissions, or copy it again."),
    "wrong-type": _error(
        "a file type other than JPEG and PNG", f"Save it as a JPEG or PNG image, {_OR_IMPORT}."
    ),
    "truncated": _error("an incomplete or damaged file", "Copy the file again from its source."),
    "too-large": _error("more pixels or bytes than allowed", "Save a smaller image."),
    "too-small": _error("too few pixels to show a register window", "Use the original, not a thumbnail."),
    "cmyk": _error("CMYK colours, made for print", f"Convert it to sRGB and save it again, {_OR_IMPORT}."),
    "deep-pixels": _error(
        "more than 8 bits per channel", f"Save it again with 8 bits per channel, {_OR_IMPORT}."
    ),
    "misnamed": _warning("a JPEG file named .png, or a PNG file named .jpg", _RENAME),
    "greyscale": _warning("an image without colour", "No action needed if it was taken without colour."),
    "see-through": _warning(
        "transparent pixels; they become white in images and black in masks", "Save it without transparency."
    ),
    # Whether image and mask fit.
    "size-mismatch": _error("a mask of another size than its image", "Export the mask at the image's size."),
    "unrotated-mask": _error(
        "a mask that fits only the image before its EXIF rotation",
        f"Rotate the mask by the image's EXIF orientation, {_OR_IMPORT}.",
    ),
    "mask-orientation": _warning("a mask with an EXIF orientation, which is ignored", _EXPORT_MASK),
    # What the mask shows.
    "grey-mask": _error("too many grey pixels to tell window from background", _EXPORT_MASK),
    "unscaled-mask": _error(
        "class numbers such as 0 and 1 instead of 0 and 255",
        f"Export the mask again with 255 for the window, {_OR_IMPORT}.",
    ),
    "jpeg-mask": _warning(
        "grey levels beside 0 and 255, as JPEG makes them; thresholded",
        "No action needed. PNG keeps masks exact.",
    ),
    "empty-mask": _error("no window at all", _REDRAW),
    "sparse-mask": _error("a window of very few pixels", _REDRAW),
    "full-mask": _error("almost no background", _REDRAW),
    "inverted-mask": _error(
        "window and background seem to be swapped", "Swap black and white: the window is white."
    ),
    "coverage-outlier": _warning(
        "a window much larger or smaller than usual", "Check the mask: is it the register window?"
    ),
    # How pairs relate to each other and to the dataset.
    "duplicate": _warning("an exact copy of another pair; skipped", _NO_ACTION),
    "near-duplicate": _warning(
        "an image that looks like another", "No action needed: similar images get the same group and split."
    ),
    "shared-mask": _warning("one mask for different images", "Check it: was the mask copied by mistake?"),
    "links-splits": _warning(
        "an image that looks like images of different splits; set aside",
        "No action needed: adding it would leak test images into training.",
    ),
}
"""All rules, by name."""


def finding(
    rule: str, file: str, message: str, *, stem: str | None = None, remedy: str | None = None
) -> Finding:
    """A finding by a rule, with the rule's severity, and its remedy unless another is given."""
    found = RULES[rule]
    return Finding(
        rule=rule,
        severity=found.severity,
        file=file,
        message=message,
        remedy=remedy or found.remedy,
        stem=stem,
    )


def remedy_for(error: ImageError) -> str:
    """The error's own remedy, or else that of its rule."""
    return error.remedy if error.remedy != Code.IMAGE.remedy else RULES[error.rule].remedy
