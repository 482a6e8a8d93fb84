"""Rules about the tissue that a candidate lies in or touches, and about its shape."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from radiorim.case import Case
from radiorim.classic.area import old_lesions
from radiorim.errors import UnknownName
from radiorim.features.shape import Shape
from radiorim.lesions import Lesions
from radiorim.volume import require_same_grid

__all__ = ["InWhiteMatter", "ShapeAtLeast", "TouchesNothing", "tissue_map"]

TISSUES = ("csf", "gm", "wm")


@dataclass(frozen=True)
class InWhiteMatter:
    """At least `share` of the lesion's voxels are white matter in the atlas. Needs `TissuePriors`."""

    share: float = 0.1

    def __call__(self, case: Case, lesions: Lesions) -> Lesions:
        """The lesions that are white enough."""
        white = tissue_map(case, lesions) == TISSUES.index("wm") + 1
        voxels = lesions.labels.data > 0
        labels = lesions.labels.data[voxels]
        size = np.bincount(labels, minlength=_last(lesions) + 1)
        inside = np.bincount(labels, weights=white[voxels], minlength=size.size)
        numbers = lesions.numbers
        return lesions.keep(lambda _: inside[numbers] >= self.share * size[numbers])


@dataclass(frozen=True)
class TouchesNothing:
    """At most `share` of the voxels around a lesion (26 neighbours) are of these tissues or an old lesion.

    With 0 one voxel is enough to drop it. Tissue is what the atlas says is likeliest; an old lesion is white
    matter that was brighter at baseline than the white matter's mean by `old_lesion_sds` SD. Needs
    `TissuePriors`.
    """

    tissues: tuple[str, ...] = ("csf", "gm")
    old_lesion_sds: float = 3.0
    share: float = 0.0

    def __post_init__(self) -> None:
        for name in self.tissues:
            if name not in TISSUES:
                raise UnknownName("tissue", name, TISSUES)

    def __call__(self, case: Case, lesions: Lesions) -> Lesions:
        """The lesions that touch nothing of it."""
        from scipy import ndimage

        kinds = [TISSUES.index(name) + 1 for name in self.tissues]
        bad = np.isin(tissue_map(case, lesions), kinds) | old_lesions(case, sds=self.old_lesion_sds).data
        labels, boxes = lesions.labels.data, ndimage.find_objects(lesions.labels.data)
        shares = []
        for number in lesions.numbers:
            box = tuple(slice(max(0, side.start - 1), side.stop + 1) for side in boxes[number - 1])
            own = labels[box] == number
            around = ndimage.binary_dilation(own, np.ones((3, 3, 3))) & ~own
            shares.append(bad[box][around].mean() if around.any() else 0.0)
        return lesions.keep(lambda _: np.array(shares, dtype=float) <= self.share)


@dataclass(frozen=True)
class ShapeAtLeast:
    """A feature of `Shape`, such as `least_axis_length` in mm, at or above a value."""

    feature: str = "least_axis_length"
    least: float = 1.2

    def __post_init__(self) -> None:
        Shape(only=(self.feature,))

    def __call__(self, case: Case, lesions: Lesions) -> Lesions:
        """The lesions that are shaped so; one for which the feature is not defined goes."""
        values = Shape(only=(self.feature,))(case, lesions).iloc[:, 0].to_numpy(float)
        return lesions.keep(lambda _: values >= self.least)


def tissue_map(case: Case, lesions: Lesions) -> np.ndarray:
    """The likeliest tissue of each voxel by the atlas: 1 CSF, 2 grey, 3 white matter, 0 outside it.

    Raises `DataError` if the case has no priors or they are on another grid than the lesions.
    """
    priors = {f"prior_{name}": case.image(f"prior_{name}") for name in TISSUES}
    require_same_grid({"the lesions": lesions.labels, **priors}, fix="Add TissuePriors() to `prepare`.")
    stacked = np.stack([prior.data for prior in priors.values()])
    return np.where(stacked.max(axis=0) > 0, stacked.argmax(axis=0) + 1, 0)


def _last(lesions: Lesions) -> int:
    return int(lesions.labels.data.max(initial=0))
