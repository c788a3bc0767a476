"""Every rule of data validation: whether it blocks, what it means, and what to do about it."""

from __future__ import annotations

from wms.core.records.base import Frozen
from wms.core.records.dataset import Finding, Severity


class Rule(Frozen):
    """One rule; `remedy` is what a finding advises unless it knows better."""

    severity: Severity
    meaning: str
    remedy: str


def _error(meaning: str, remedy: str) -> Rule:
    return Rule(severity="error", meaning=meaning, remedy=remedy)


def _warning(meaning: str, remedy: str) -> Rule:
    return Rule(severity="warning", meaning=meaning, remedy=remedy)


_RENAME = "Rename the file."
_REDRAW = "Draw the mask again."
_EXPORT_MASK = "Export the mask again as 8-bit greyscale, 0 for background and 255 for the window."

RULES: dict[str, Rule] = {
    # Which files there are.
    "missing-mask": _error("a picture without a mask of the same name", "Add its mask, or take it out."),
    "missing-image": _error("a mask without a picture of the same name", "Add its picture, or take it out."),
    "two-images": _error("two pictures of one name", "Give each its own name and its own mask."),
    "two-masks": _error("two different masks for one picture", "Keep the right mask and take the other out."),
    "case-clash": _error(
        "names that differ only in upper and lower case, or in how Unicode spells a letter",
        "Give both files of a pair the same name, and each pair a name of its own.",
    ),
    "bad-name": _error("a name that does not travel between systems", _RENAME),
    "symlink": _error("a symbolic link", "Put the file itself there."),
    "not-a-file": _error("no regular file", "Take it out."),
    "wrong-place": _error(
        "not directly in images/ or masks/", "Move pictures to images/ and their masks to masks/."
    ),
    "not-an-image": _error(
        "no picture at all, by its name or its content", "Take it out of images/ and masks/."
    ),
    "name-conflict": _error(
        "a name that is taken by other bytes",
        "Choose with --on-conflict replace (the new bytes win) or --on-conflict rename (keep both).",
    ),
    "superseded": _warning(
        "a pair whose name a later branch of the same run took by --on-conflict replace; set aside",
        "Nothing need be done if the later pair is meant; else push this one under a name of its own.",
    ),
    "ignored-file": _warning("a file that belongs to no pair and is left out", "Nothing need be done."),
    # What a file holds.
    "unreadable": _error("a file that cannot be read", "See the file's permissions, or copy it again."),
    "wrong-type": _error(
        "a file of another type by its content, whatever its name says",
        "Save it as a JPEG or PNG picture.",
    ),
    "truncated": _error("cut off or damaged", "Copy the file again from where it came."),
    "too-large": _error("more pixels or bytes than are ever decoded", "Save the picture smaller."),
    "too-small": _error("too few pixels to show a register window", "Take the original, not a thumbnail."),
    "cmyk": _error("colours made for print", "Convert it to sRGB and save it again."),
    "deep-pixels": _error("more than 8 bits a channel", "Save it again with 8 bits a channel."),
    "misnamed": _warning("a JPEG named as a PNG, or the other way round", _RENAME),
    "greyscale": _warning("a picture without colour", "Nothing need be done if it was taken like that."),
    "see-through": _warning(
        "transparent pixels, laid on white in pictures and on black in masks", "Save it without alpha."
    ),
    # Whether picture and mask fit.
    "size-mismatch": _error("picture and mask differ in size", "Export the mask at the picture's size."),
    "unrotated-mask": _error(
        "a mask that fits only the unrotated picture",
        "Turn the mask as the picture's EXIF orientation says, or draw it on the upright picture.",
    ),
    "mask-orientation": _warning("a mask with an EXIF orientation, which is ignored", _EXPORT_MASK),
    # What the mask shows.
    "grey-mask": _error("real grey levels, so that window and background cannot be told", _EXPORT_MASK),
    "unscaled-mask": _error("classes written as small numbers instead of 0 and 255", _EXPORT_MASK),
    "jpeg-mask": _warning(
        "grey levels beside 0 and 255, as JPEG leaves them; thresholded",
        "Nothing need be done; PNG keeps masks exact.",
    ),
    "empty-mask": _error("no window at all", _REDRAW),
    "sparse-mask": _error("a window of next to no pixels", _REDRAW),
    "full-mask": _error("next to no background", _REDRAW),
    "inverted-mask": _error(
        "window and background seem to be swapped", "Swap black and white: the window is white."
    ),
    "coverage-outlier": _warning(
        "a window far larger or smaller than the dataset's", "Look at the mask: is it the register window?"
    ),
    # How pairs relate to each other and to the dataset.
    "duplicate": _warning("the same picture and mask again; skipped", "Nothing need be done."),
    "near-duplicate": _warning(
        "a picture that looks like another", "Nothing need be done: look-alikes share a group and a split."
    ),
    "shared-mask": _warning("one mask for different pictures", "Look at it: was the mask copied by mistake?"),
    "links-splits": _warning(
        "a picture that looks like pictures of different splits; set aside",
        "Nothing need be done: adding it would leak test pictures into training.",
    ),
}
"""All rules, by name, in the order in which they are looked at."""


def finding(
    rule: str, file: str, message: str, *, stem: str | None = None, remedy: str | None = None
) -> Finding:
    """A finding by a rule, with the rule's severity, and its remedy unless another is given.

    Raises:
        KeyError: there is no such rule; a defect of the caller.
    """
    found = RULES[rule]
    return Finding(
        rule=rule,
        severity=found.severity,
        file=file,
        message=message,
        remedy=remedy or found.remedy,
        stem=stem,
    )
