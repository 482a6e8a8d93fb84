"""Four raters of new lesions, who draw borders differently and miss or invent some, and their consensus."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from radiorim.phantom.lesions import Lesion
from radiorim.phantom.paint import Canvas, paint_labels
from radiorim.phantom.parameters import Params
from radiorim.volume import Volume

__all__ = ["RATERS", "Ratings", "jittered", "rate"]

RATERS = 4

_ACCEPTED_BY = 3
"""So many raters decide alone that a lesion is one (MSSEG-2)."""


@dataclass(frozen=True, eq=False)
class Ratings:
    """Masks of new lesions: one of each rater, and the consensus."""

    raters: tuple[np.ndarray, ...]
    consensus: np.ndarray


def rate(lesions: Sequence[Lesion], canvas: Canvas, params: Params, rng: np.random.Generator) -> Ratings:
    """What raters mark as new, and their consensus by the rule of the MSSEG-2 challenge.

    Lesions marked by three of four raters are accepted; a fifth expert, who is right in nine of ten cases,
    decides on the others. Of an accepted lesion the consensus holds the voxels that at least half of those
    who marked it have marked.
    """
    marks = [lesion for lesion in lesions if lesion.change in ("new", "enlarged")]
    if not marks:
        nothing = np.zeros(canvas.grid.shape, bool)
        return Ratings((nothing,) * RATERS, nothing)
    numbered = [
        paint_labels(
            [
                moved(mark, params.rater_jitter, rng) if _seen(mark, params, rng) else _none(mark)
                for mark in marks
            ],
            canvas.redrawn(rng, 0.5 * params.rater_jitter),
        )
        for _ in range(RATERS)
    ]
    consensus = np.zeros(canvas.grid.shape, bool)
    for number, mark in enumerate(marks, start=1):
        votes = [labels == number for labels in numbered if (labels == number).any()]
        right = rng.random() < 0.9
        accepted = len(votes) >= _ACCEPTED_BY or (mark.change == "new") == right
        if votes and accepted:
            consensus |= 2 * np.sum(votes, axis=0) >= len(votes)
    return Ratings(tuple(labels > 0 for labels in numbered), consensus)


def jittered(lesions: Sequence[Lesion], canvas: Canvas, params: Params, rng: np.random.Generator) -> Volume:
    """A label map as a user brings it: borders off by a voxel here and there, own numbers by falling
    volume.
    """
    order = np.argsort([-lesion.volume_mm3 for lesion in lesions], kind="stable")
    drawn = [moved(lesions[i], params.mask_jitter, rng) for i in order]
    labels = paint_labels(drawn, canvas.redrawn(rng, 0.5 * params.mask_jitter))
    return canvas.grid.like(labels.astype(np.int32))


def moved(lesion: Lesion, amount: float, rng: np.random.Generator) -> Lesion:
    """The lesion as another hand draws it: 0.35 mm off and 6 % larger or smaller for an amount of 1."""
    centre = np.array(lesion.centre) + rng.normal(0, 0.35 * amount, 3)
    axes = np.array(lesion.axes) * np.exp(rng.normal(0, 0.06 * amount))
    return replace(lesion, centre=tuple(centre.tolist()), axes=tuple(axes.tolist()))


def _seen(mark: Lesion, params: Params, rng: np.random.Generator) -> bool:
    """Small new lesions are missed; now and then one that only grew is called new."""
    chance = rng.random()
    if mark.change == "new":
        return chance > params.rater_misses * np.exp(-mark.volume_mm3 / 120)
    return chance < params.rater_false


def _none(mark: Lesion) -> Lesion:
    return replace(mark, axes=(0.0, 0.0, 0.0))
