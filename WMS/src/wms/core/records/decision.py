"""The gate's policy, its inputs, and the decision that it makes of them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, NonNegativeInt, PositiveInt

from wms.core.records.base import Frozen, Record, Sha256
from wms.core.records.dataset import Share
from wms.core.records.evaluation import EvalReport
from wms.core.records.metrics import Metric, MetricSummary

Verdict = Literal["promote", "hold"]


class GatePolicy(Frozen):
    """When a candidate is promoted; see `WMS/configs/gate.yaml` for the reasons of the defaults.

    `floor_dice` and `floor_iou` apply where there is no champion. `min_pictures` is the smallest
    test set that may decide at all. `confidence` is that of the one-sided bootstrap bounds. Without new
    training data those of the mean differences must lie above zero, at `retrain_confidence` (and more with
    each try). `power` enters the advice on how many images it would take.

    `new_images` and `new_share` (of the training images before) are what counts as new training data;
    `margin_dice` is how much the typical image may lose then, and `trimmed_share` how many images at each end
    do not count as typical. `label_chance` is the least probability of the new masks by chance.
    """

    floor_dice: Share
    floor_iou: Share
    min_pictures: PositiveInt
    confidence: Annotated[float, Field(gt=0.5, lt=1.0)]
    resamples: Annotated[int, Field(ge=200, le=100_000)]
    power: Annotated[float, Field(ge=0.5, lt=1.0)]
    bootstrap_seed: Annotated[int, Field(ge=0)]
    retrain_confidence: Annotated[float, Field(gt=0.5, lt=1.0)] = 0.95
    new_images: PositiveInt = 10
    new_share: Share = 0.01
    margin_dice: Share = 0.01
    trimmed_share: Annotated[float, Field(ge=0.0, lt=0.5)] = 0.1
    label_chance: Share = 0.05


class Interval(Frozen):
    """Mean difference candidate minus champion, and its one-sided bootstrap bounds."""

    mean: float
    low: float
    high: float


class TrainingGrowth(Frozen):
    """How many training images there were before, and how many new ones the candidate learned from."""

    before: NonNegativeInt
    added: NonNegativeInt

    def is_new_data(self, policy: GatePolicy) -> bool:
        """Whether this counts as new training data."""
        return self.added >= policy.new_images and self.added >= policy.new_share * self.before


class Check(Frozen):
    """One condition of a promotion: its name, what was found, what is required, and whether it is met.

    Names are `test_images`, `labels`, `floor_<metric>`, `<metric>_typical`, `<metric>_bound`, `typical_bound`
    and `failures`.
    """

    name: str
    value: float
    limit: float
    met: bool


class FailureChange(Frozen):
    """Test images on which only one of the models fails (Dice below 0.5).

    `new`: only the candidate; `mended`: only the champion. `chance` is the probability of so many new ones or
    more if both are equally reliable.
    """

    new: NonNegativeInt
    mended: NonNegativeInt
    chance: Share


class LabelChange(Frozen):
    """New images of all splits on which the candidate misses the mask (Dice below 0.5).

    `chance` is the probability of so many or more if their masks are as good as those of the test images.
    """

    failed: NonNegativeInt
    images: PositiveInt
    chance: Share


class Scored(Frozen):
    """One side of the comparison: which weights, which report, its summary."""

    weights_sha256: Sha256
    report_sha256: Sha256
    summary: MetricSummary


class NewSamples(Frozen):
    """Scores on test samples that this push added: reported, but without effect on the decision."""

    candidate: Scored
    champion: Scored | None


class GateDecision(Record):
    """The verdict with everything it rests on, so that it can be replayed.

    `pictures_needed` is set where there were too few images to tell: the number that the policy
    wants at least, or, where the candidate looks better, at which a difference of this size would
    be found. `rule_version` names the rule that decided (`gate/rules.py`); a replay uses the same one.
    `question` is what rule 2 asked: `no harm` where new training data came in, else `better`. Of earlier runs
    that were compared on the same test images, `asked_before` counts the retrainings and `tried_before` those
    with the same training images (`None`: not known). `confidence` is what was asked for. `checks` are the
    conditions that were asked, in order. `typical_difference` is of the trimmed mean of the Dice differences.
    """

    rule_version: PositiveInt = 1
    verdict: Verdict
    reasons: tuple[str, ...]
    policy: GatePolicy
    samples_sha256: Sha256
    candidate: Scored
    champion: Scored | None
    dice_difference: Interval | None = None
    iou_difference: Interval | None = None
    question: Literal["no harm", "better"] | None = None
    confidence: float | None = None
    training: TrainingGrowth | None = None
    asked_before: NonNegativeInt | None = None
    tried_before: NonNegativeInt | None = None
    checks: tuple[Check, ...] = ()
    typical_difference: Interval | None = None
    failure_change: FailureChange | None = None
    label_change: LabelChange | None = None
    added: Scored | None = None
    pictures_needed: PositiveInt | None = None
    newcomers: NewSamples | None = None

    def difference(self, metric: Metric) -> Interval | None:
        """The interval of a metric's difference; `None` where the rule did not ask for it."""
        interval: Interval | None = getattr(self, f"{metric.field}_difference", None)
        return interval


class GateInputs(Frozen):
    """The reports that a decision is made from.

    `candidate` and `champion` are on the test split as it stands on main (for a first model, on its own test
    split). `new_candidate` and `new_champion` are on the test samples that the push added; `added` is the
    candidate on its new samples of all splits. `training`, `asked_before` and `tried_before` are those of the
    decision. Rule 1 asked only for the first four.
    """

    candidate: EvalReport
    champion: EvalReport | None = None
    new_candidate: EvalReport | None = None
    new_champion: EvalReport | None = None
    added: EvalReport | None = None
    training: TrainingGrowth | None = None
    asked_before: NonNegativeInt | None = None
    tried_before: NonNegativeInt | None = None
