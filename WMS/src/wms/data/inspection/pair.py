"""The rules for one pair: the image, the mask, and whether they fit. They use only what was measured."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TypeVar

from wms.core.errors import ImageError
from wms.core.records.dataset import Finding, IncomingPair, SampleFacts
from wms.core.settings import ValidationPolicy
from wms.core.words import counted
from wms.data.inspection.measure import ImageFacts, MaskFacts, measure_image, measure_mask
from wms.data.rules import Told, finding, remedy_for

F = TypeVar("F", ImageFacts, MaskFacts)

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

    def measured(measure: Callable[..., F], source: str) -> F | None:
        try:
            return measure(incoming / source, policy=policy)
        except ImageError as error:
            refused = finding(error.rule, source, str(error), stem=pair.stem, remedy=remedy_for(error))
            findings.append(refused)
            return None

    def tell(source: str, told: Iterable[Told]) -> None:
        findings.extend(finding(rule, source, message, stem=pair.stem) for rule, message in told)

    image = measured(measure_image, pair.image_source)
    mask = measured(measure_mask, pair.mask_source)
    if image is not None:
        tell(pair.image_source, _of_image(image, pair.image_source))
    if mask is not None:
        tell(pair.mask_source, _of_mask(mask, pair.mask_source, policy))
    if image is None or mask is None:
        return Inspection(pair=pair, findings=tuple(findings), facts=None)
    tell(pair.mask_source, _of_fit(image, mask))
    width_px, height_px = image.upright_size
    facts = SampleFacts(
        **pair.model_dump(include=set(SampleFacts.model_fields)),
        width_px=width_px,
        height_px=height_px,
        orientation=image.orientation,
        foreground_share=mask.share_above(policy.mask_threshold),
        phash=image.phash,
    )
    return Inspection(pair=pair, findings=tuple(findings), facts=facts)


def _of_image(image: ImageFacts, file: str) -> Iterator[Told]:
    """What is unusual about an image that can be used."""
    yield from _misnamed(image.format, file)
    if image.see_through:
        yield "see-through", "it has transparent pixels, which become white"
    if image.mode in {"L", "LA", "1"}:
        yield "greyscale", "it is greyscale; the model uses colour"


def _of_mask(mask: MaskFacts, file: str, policy: ValidationPolicy) -> Iterator[Told]:
    """What is wrong or unusual about a mask by itself."""
    yield from _misnamed(mask.format, file)
    if mask.see_through:
        yield "see-through", "it has transparent pixels, which become black"
    if mask.orientation != 1:
        yield "mask-orientation", f"it has the EXIF orientation {mask.orientation}; masks are used as stored"
    fault = _level_fault(mask, policy) or _coverage_fault(mask, policy)
    if fault:
        yield fault
    elif between := sum(mask.histogram[1:255]):
        other = f"{counted(between, 'pixel')} between 0 and 255"
        yield "jpeg-mask", f"it has {other}, thresholded at {policy.mask_threshold}"


def _of_fit(image: ImageFacts, mask: MaskFacts) -> Iterator[Told]:
    """Whether the mask, as stored, has the size of the upright image."""
    stored, upright = (image.width_px, image.height_px), image.upright_size
    size = (mask.width_px, mask.height_px)
    if size == upright:
        return
    measured = f"it is {size[0]}x{size[1]}, its image {upright[0]}x{upright[1]}"
    if size == stored:
        yield (
            "unrotated-mask",
            (
                f"{measured} after its EXIF orientation {image.orientation}: "
                "the mask was drawn on the image before rotation"
            ),
        )
    elif size == upright[::-1]:
        yield "size-mismatch", f"{measured}: it is rotated by 90 degrees"
    elif abs(size[0] * upright[1] - size[1] * upright[0]) < max(upright):
        yield "size-mismatch", f"{measured}, with the same shape: scale it back, without smoothing"
    else:
        yield "size-mismatch", f"{measured}: is it the mask of another image?"


def _level_fault(mask: MaskFacts, policy: ValidationPolicy) -> Told | None:
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


def _coverage_fault(mask: MaskFacts, policy: ValidationPolicy) -> Told | None:
    """Whether the window covers a plausible share of the image."""
    share = mask.share_above(policy.mask_threshold)
    border = mask.border_share_above(policy.mask_threshold)
    if share == 0:
        return "empty-mask", f"no pixel is above {policy.mask_threshold}"
    if share < policy.min_foreground_share:
        least = f"{policy.min_foreground_share:.2%}"
        return "sparse-mask", f"{share:.4%} of it is window; at least {least} is required"
    if share >= _WHOLE:
        return "full-mask", f"{share:.1%} of it is window"
    if border > policy.inverted_border_share:
        return "inverted-mask", f"{share:.1%} of it is window, and {border:.0%} of its border"
    if share > policy.max_foreground_share:
        most = f"{policy.max_foreground_share:.0%}"
        return "full-mask", f"{share:.1%} of it is window; at most {most} is plausible"
    return None


def _misnamed(kind: str, file: str) -> Iterator[Told]:
    suffix = PurePosixPath(file).suffix
    if suffix.lower() not in _SUFFIXES[kind]:
        yield "misnamed", f"its content is {kind}, but its name ends in {suffix}"
