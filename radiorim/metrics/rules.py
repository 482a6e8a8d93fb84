"""Lesion-wise rules behind one interface: every number carries its rule, connectivity and minimal volume."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from radiorim.errors import UnknownName
from radiorim.metrics.components import Components, fewest_voxels, find_components, overlaps
from radiorim.metrics.detection import AnimaOptions, detection_scores, flag_lesions
from radiorim.metrics.pair import Pair, ranked_pair
from radiorim.metrics.voxel import ratio

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import ArrayLike

__all__ = ["RULES", "Anima", "AnyVoxel", "Iou", "LesionScores", "score_lesions"]


@dataclass(frozen=True)
class LesionScores:
    """What one rule says of one pair: how many lesions, how many matched, and its scores by name."""

    rule: str
    connectivity: int
    min_mm3: float
    truths: int
    finds: int
    truths_found: int
    finds_true: int
    scores: dict[str, float] = field(default_factory=dict)

    def table(self) -> pd.DataFrame:
        """One row for each score, with the rule and the counts behind it."""
        import pandas as pd

        fixed = {name: getattr(self, name) for name in ("rule", "connectivity", "min_mm3", "truths", "finds")}
        rows = [{"metric": name, "value": value, **fixed} for name, value in self.scores.items()]
        return pd.DataFrame(rows, columns=["metric", "value", *fixed])


def _lesions(pair: Pair, connectivity: int, min_mm3: float) -> tuple[Components, Components]:
    """Truth and found lesions strictly larger than min_mm3; 0 keeps every voxel."""
    fewest = fewest_voxels(min_mm3, pair.spacing)
    truth, found = (
        find_components(side, connectivity=connectivity, fewest=fewest)
        for side in (pair.reference, pair.test)
    )
    return truth, found


@dataclass(frozen=True)
class Anima:
    """The MSSEG-2 judge: `PPVL`, `SensL`, `F1_score`; many-to-many, both sides tested on their own."""

    options: AnimaOptions = field(default_factory=AnimaOptions)
    name: str = "anima"

    def __call__(self, pair: Pair) -> LesionScores:
        """Score 6-connected lesions; no truth: SensL NaN and F1 0 (the tool prints other things then)."""
        truth, found = _lesions(pair, 6, self.options.min_mm3)
        flags = flag_lesions(truth, found, self.options)
        hits = int(flags.truth_found.sum()), int(flags.found_true.sum())
        counts = truth.count, found.count, *hits
        return LesionScores(self.name, 6, self.options.min_mm3, *counts, detection_scores(flags))


@dataclass(frozen=True)
class AnyVoxel:
    """ISBI 2015: `LTPR` = truths touched by a find / truths, `LFPR` = finds touching no truth / finds.

    One voxel suffices, so one huge find has LTPR 1 and LFPR 0; LFPR is 1 - precision. 0 / 0 is NaN.
    """

    connectivity: int = 18
    min_mm3: float = 0.0
    name: str = "any"

    def __call__(self, pair: Pair) -> LesionScores:
        """Score by touch."""
        truth, found = _lesions(pair, self.connectivity, self.min_mm3)
        pairs = overlaps(truth, found)
        touching = pairs[pairs[:, 1] > 0]
        hit, true = np.unique(touching[:, 0]).size, np.unique(touching[:, 1]).size
        scores = {"LTPR": ratio(hit, truth.count), "LFPR": ratio(found.count - true, found.count)}
        counts = truth.count, found.count, hit, true
        return LesionScores(self.name, self.connectivity, self.min_mm3, *counts, scores)


@dataclass(frozen=True)
class Iou:
    """Panoptic quality with one-to-one matching, greedy by falling intersection over union (Kirillov 2019).

    A pair matches at IoU >= threshold. RQ = TP / (TP + FP / 2 + FN / 2) is the lesion F1, SQ and SQ_dice
    are means over matched pairs only (misses do not count), PQ = SQ RQ, 0 without a match. 0 / 0 is NaN.
    """

    threshold: float = 0.5
    connectivity: int = 26
    min_mm3: float = 0.0
    name: str = "iou"

    def __call__(self, pair: Pair) -> LesionScores:
        """Match and score."""
        truth, found = _lesions(pair, self.connectivity, self.min_mm3)
        ious = _matched_ious(truth, found, self.threshold)
        hits = ious.size
        quality = ratio(2 * hits, truth.count + found.count)
        mean = ratio(float(ious.sum()), hits)
        scores = {
            "RQ": quality,
            "SQ": mean,
            "SQ_dice": ratio(float((2 * ious / (1 + ious)).sum()), hits),
            "PQ": quality * mean if hits else quality,
            "sensitivity": ratio(hits, truth.count),
            "precision": ratio(hits, found.count),
        }
        counts = truth.count, found.count, hits, hits
        return LesionScores(self.name, self.connectivity, self.min_mm3, *counts, scores)


def _matched_ious(truth: Components, found: Components, threshold: float) -> np.ndarray:
    """IoU of each matched pair, best pairs first; ties go to the larger truth lesion."""
    pairs = overlaps(truth, found)
    pairs = pairs[pairs[:, 1] > 0]
    union = truth.sizes[pairs[:, 0] - 1] + found.sizes[pairs[:, 1] - 1] - pairs[:, 2]
    iou = pairs[:, 2] / union
    used: tuple[set[int], set[int]] = set(), set()
    kept = []
    for line in np.argsort(-iou, kind="stable"):
        lesions = pairs[line, 0], pairs[line, 1]
        if iou[line] >= threshold and not any(
            lesion in side for lesion, side in zip(lesions, used, strict=True)
        ):
            kept.append(iou[line])
            for lesion, side in zip(lesions, used, strict=True):
                side.add(lesion)
    return np.array(kept, dtype=float)


def score_lesions(
    test: ArrayLike, reference: ArrayLike, spacing: Sequence[float], *, rule: object = "anima"
) -> LesionScores:
    """Score two masks by one rule: a name of `RULES` with its defaults, or a rule object such as `Iou(0.1)`.

    >>> mask = np.zeros((9, 9, 9), np.uint8); mask[2:5, 2:5, 2:5] = 1
    >>> score_lesions(mask, mask, (1, 1, 1), rule="any").scores
    {'LTPR': 1.0, 'LFPR': 0.0}
    """
    if isinstance(rule, str):
        rules = known_rules()
        if rule not in rules:
            raise UnknownName("lesion rule", rule, rules)
        rule = rules[rule]
    return rule(ranked_pair(test, reference, spacing))


RULES = ("anima", "any", "brats", "iou")


def known_rules() -> dict[str, object]:
    """Each rule by its name, with its defaults."""
    from radiorim.metrics.brats import Brats

    return {"anima": Anima(), "any": AnyVoxel(), "brats": Brats(), "iou": Iou()}
