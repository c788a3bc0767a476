"""The rules for one pair: the image, the mask, and whether they fit. They use only what was measured."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from wms.core.errors import ImageError
from wms.core.records.dataset import Finding, IncomingPair, SampleFacts
from wms.core.settings import ValidationPolicy
from wms.data.inspection.measure import ImageFacts, MaskFacts, measure_image, measure_mask
from wms.data.rules import finding, remedy_for

_SUFFIXES = {"JPEG": {".jpg", ".jpeg"}, "PNG": {".png"}}
_WHOLE = 0.995
"""A mask with at least this share of window counts as full, not as inverted."""


@dataclass(frozen=True, kw_only=True)
class Inspection:
    """The findings on one pair, and its facts if both files could be measured."""

    pair: IncomingPair
    findings: tuple[Finding, ...]
    facts: SampleFacts | None


def inspect_pair(pair: IncomingPair, *, incoming: Path, policy: ValidationPolicy) -> Inspection:
    """Measure both files of a pair and check them by the rules for one pair."""
    findings: list[Finding] = []
    image: ImageFacts | None = None
    mask: MaskFacts | None = None
    try:
        image = measure_image(incoming / pair.image_source, policy=policy)
        findings.extend(image_findings(image, file=pair.image_source, stem=pair.stem))
    except ImageError as error:
        findings.append(_refused(error, pair.image_source, pair.stem))
    try:
        mask = measure_mask(incoming / pair.mask_source, policy=policy)
        findings.extend(mask_findings(mask, file=pair.mask_source, stem=pair.stem, policy=policy))
    except ImageError as error:
        findings.append(_refused(error, pair.mask_source, pair.stem))
    if image is None or mask is None:
        return Inspection(pair=pair, findings=tuple(findings), facts=None)
    findings.extend(fit_findings(image, mask, file=pair.mask_source, stem=pair.stem))
    width_px, height_px = image.upright_size
    facts = SampleFacts(
        stem=pair.stem,
        image=pair.image,
        mask=pair.mask,
        image_sha256=pair.image_sha256,
        mask_sha256=pair.mask_sha256,
        width_px=width_px,
        height_px=height_px,
        orientation=image.orientation,
        foreground_share=mask.share_above(policy.mask_threshold),
        phash=image.phash,
    )
    return Inspection(pair=pair, findings=tuple(findings), facts=facts)


def image_findings(image: ImageFacts, *, file: str, stem: str) -> list[Finding]:
    """What is unusual about an image that can be used."""
    found = _misnamed(image.format, file, stem)
    if image.see_through:
        found.append(finding("see-through", file, "it has transparent pixels, which become white", stem=stem))
    if image.mode in {"L", "LA", "1"}:
        message = "it is greyscale; the model uses colour"
        found.append(finding("greyscale", file, message, stem=stem))
    return found


def mask_findings(mask: MaskFacts, *, file: str, stem: str, policy: ValidationPolicy) -> list[Finding]:
    """What is wrong or unusual about a mask by itself."""
    found = _misnamed(mask.format, file, stem)
    if mask.see_through:
        found.append(finding("see-through", file, "it has transparent pixels, which become black", stem=stem))
    if mask.orientation != 1:
        message = f"it has the EXIF orientation {mask.orientation}; masks are used as stored"
        found.append(finding("mask-orientation", file, message, stem=stem))
    fault = _level_fault(mask, policy) or _coverage_fault(mask, policy)
    if fault:
        rule, message = fault
        found.append(finding(rule, file, message, stem=stem))
    elif between := sum(mask.histogram[1:255]):
        message = f"{between} pixels are neither 0 nor 255; they are thresholded at {policy.mask_threshold}"
        found.append(finding("jpeg-mask", file, message, stem=stem))
    return found


def fit_findings(image: ImageFacts, mask: MaskFacts, *, file: str, stem: str) -> list[Finding]:
    """Whether the mask, as stored, has the size of the upright image."""
    stored, upright = (image.width_px, image.height_px), image.upright_size
    size = (mask.width_px, mask.height_px)
    if size == upright:
        return []
    measured = f"it is {size[0]}x{size[1]}, its image {upright[0]}x{upright[1]}"
    if size == stored:
        message = (
            f"{measured} after its EXIF orientation {image.orientation}: "
            "the mask was drawn on the image before rotation"
        )
        return [finding("unrotated-mask", file, message, stem=stem)]
    if size == upright[::-1]:
        return [finding("size-mismatch", file, f"{measured}: it is rotated by 90 degrees", stem=stem)]
    if abs(size[0] * upright[1] - size[1] * upright[0]) < max(upright):
        message = f"{measured}, with the same shape: it was scaled"
        remedy = f"Scale it to {upright[0]}x{upright[1]} without smoothing, or export it at that size."
        return [finding("size-mismatch", file, message, stem=stem, remedy=remedy)]
    message = f"{measured}: is it the mask of another image?"
    return [finding("size-mismatch", file, message, stem=stem)]


def _level_fault(mask: MaskFacts, policy: ValidationPolicy) -> tuple[str, str] | None:
    """Whether the mask's grey levels separate window and background."""
    levels, pixels = mask.histogram, sum(mask.histogram)
    highest = max(level for level, count in enumerate(levels) if count)
    # Only in a PNG: in a JPEG such levels can be noise.
    if mask.format == "PNG" and 0 < highest <= policy.mask_tolerance:
        drawn = 1 - levels[0] / pixels
        return "unscaled-mask", f"its highest value is {highest} (on {drawn:.1%} of the pixels), not 255"
    grey = mask.grey_share(policy.mask_tolerance)
    if grey > policy.max_grey_share:
        return "grey-mask", (
            f"{grey:.0%} of the drawn pixels are grey (levels {policy.mask_tolerance + 1} "
            f"to {254 - policy.mask_tolerance}); up to {policy.max_grey_share:.0%} is accepted as a soft edge"
        )
    return None


def _coverage_fault(mask: MaskFacts, policy: ValidationPolicy) -> tuple[str, str] | None:
    """Whether the window covers a plausible share of the image."""
    share = mask.share_above(policy.mask_threshold)
    border = mask.border_share_above(policy.mask_threshold)
    if share == 0:
        return "empty-mask", f"no pixel is above {policy.mask_threshold}"
    if share < policy.min_foreground_share:
        return (
            "sparse-mask",
            f"{share:.4%} of it is window; at least {policy.min_foreground_share:.2%} is required",
        )
    if share >= _WHOLE:
        return "full-mask", f"{share:.1%} of it is window"
    if border > policy.inverted_border_share:
        return "inverted-mask", f"{share:.1%} of it is window, and {border:.0%} of its border"
    if share > policy.max_foreground_share:
        return (
            "full-mask",
            f"{share:.1%} of it is window; at most {policy.max_foreground_share:.0%} is plausible",
        )
    return None


def _misnamed(kind: str, file: str, stem: str) -> list[Finding]:
    suffix = PurePosixPath(file).suffix
    if suffix.lower() in _SUFFIXES[kind]:
        return []
    return [finding("misnamed", file, f"its content is {kind}, but its name ends in {suffix}", stem=stem)]


def _refused(error: ImageError, file: str, stem: str) -> Finding:
    return finding(error.rule, file, str(error), stem=stem, remedy=remedy_for(error))
