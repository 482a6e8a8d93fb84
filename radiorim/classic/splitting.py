"""One mask, many lesions: the published ways to say where one ends and the next begins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from radiorim.case import Case
from radiorim.classic.centres import hessian_centres, nearest_centre, watershed_markers
from radiorim.classic.instances import flood
from radiorim.classic.subtraction import Subtraction
from radiorim.errors import DataError, UnknownName, UsageError
from radiorim.lesions import CONNECTIVITIES, Lesions, components
from radiorim.recipe import Find
from radiorim.volume import Volume, require_same_grid

__all__ = ["METHODS", "LesionMap", "Split", "SplitFound", "as_numbered"]

METHODS = ("given", *(f"cc{number}" for number in CONNECTIVITIES), "watershed", "hessian")
"""`given` keeps the numbers of a label map, `cc*` are connected components, the last two divide these."""

_ROUNDING = 1e-3
"""A resampled or smoothed probability may leave 0..1 by this much."""


@dataclass(frozen=True)
class Split:
    """How a mask falls into lesions.

    - `given`: as the label map is numbered. A mask of one value falls into 26-connected components.
    - `cc6`, `cc18`, `cc26`: connected components, whatever the mask's numbers were.
    - `watershed`: each 26-connected component is flooded from the maxima of its depth (distance to its
      surface) that lie at least `apart_mm` apart.
    - `hessian`: lesion centres are the 26-connected voxels where no eigenvalue of the Hessian of the lesion
      probability is above 0; each voxel goes to the nearest centre of its component, and a component
      without a centre stays one lesion (Dworkin 2018, as in APRL and ALPaCA). Without a probability map the
      mask takes its place. Either is smoothed with a Gaussian of `smooth_mm` first. With s = ceil((1 /
      mean voxel edge in mm)^3), components below `least_component` s voxels are dropped and centres below
      `least_centre` s are none.
    """

    method: str = "given"
    smooth_mm: float = 1.25
    least_component: int = 20
    least_centre: int = 10
    apart_mm: float = 4.0

    def __post_init__(self) -> None:
        if self.method not in METHODS:
            raise UnknownName("splitting method", self.method, METHODS)
        if self.smooth_mm < 0 or not self.apart_mm > 0:
            raise UsageError("smooth_mm must not be negative and apart_mm must be above 0.")

    def __call__(self, mask: Volume, probability: Volume | None = None) -> Lesions:
        """The lesions of a mask (any non-zero voxel). An empty mask gives an empty table.

        Only `hessian` looks at the probability; raises `DataError` if it is on another grid.
        """
        if self.method == "given":
            return as_numbered(mask, connectivity=26)
        if self.method in ("watershed", "hessian"):
            divide = self._watershed if self.method == "watershed" else self._hessian
            return Lesions.from_labels(divide(mask.like(mask.data != 0), probability)).renumbered()
        return Lesions.from_mask(mask, connectivity=int(self.method.removeprefix("cc")))

    def _watershed(self, mask: Volume, probability: Volume | None) -> Volume:
        del probability
        depth, markers = watershed_markers(mask, apart_mm=self.apart_mm)
        return mask.like(flood(depth, markers, components(mask.data, 26)))

    def _hessian(self, mask: Volume, probability: Volume | None) -> Volume:
        if probability is not None:
            require_same_grid({"the mask": mask, "the probability": probability})
        scale = int(np.ceil((1 / np.mean(mask.spacing)) ** 3))
        islands = _without_small(components(mask.data, 26), self.least_component * scale)
        surface = mask.like(islands > 0) if probability is None else probability
        centres = hessian_centres(surface, islands > 0, smooth_mm=self.smooth_mm)
        centres = _without_small(components(centres, 26), self.least_centre * scale)
        return mask.like(nearest_centre(islands, centres, mask.spacing))


@dataclass(frozen=True)
class SplitFound:
    """Another finder's voxels, split again. Its columns tell of lesions that are no more: dropped.

    The other finder must be one that learns nothing; raises `UsageError` for one that does.
    """

    find: Find = field(default_factory=Subtraction)
    split: Split = Split("hessian")

    def __post_init__(self) -> None:
        # A recipe takes a finder without `load` for one that need not be fitted: this one has none.
        if hasattr(self.find, "load"):
            raise UsageError(
                f"SplitFound cannot split what {type(self.find).__name__} finds, because that has to be "
                "trained. Give a finder that learns nothing, such as Subtraction."
            )

    def fit(self, cases: Sequence[Case], *, seed: int) -> SplitFound:
        """Nothing to learn."""
        del cases, seed
        return self

    def __call__(self, case: Case) -> Lesions:
        """The lesions of the inner finder's mask."""
        return self.split(self.find(case).labels)


@dataclass(frozen=True)
class LesionMap:
    """Candidates of a lesion probability map: above `threshold`, at least `min_voxels` together, split.

    With these defaults it is the first stage of ALPaCA: a map of MIMoSA (or any other tool) smoothed with
    1.25 mm, cut liberally at 0.05, clusters of 30 voxels or more, centres of at least 3. The map is
    smoothed here; the split then takes it as it is. A classifier of its candidates (patches around
    `x_mm y_mm z_mm`, lesion, rim and central vein out) is a judge behind this finder.
    """

    image: str = "lesion_probability"
    threshold: float = 0.05
    smooth_mm: float = 1.25
    min_voxels: int = 30
    split: Split = Split("hessian", smooth_mm=0.0, least_component=0, least_centre=3)

    def fit(self, cases: Sequence[Case], *, seed: int) -> LesionMap:
        """Nothing to learn."""
        del cases, seed
        return self

    def __call__(self, case: Case) -> Lesions:
        """The candidates; raises `DataError` for a map with values outside 0 to 1."""
        from scipy import ndimage

        given = case.image(self.image)
        low, high = float(given.data.min()), float(given.data.max())
        if not (low >= -_ROUNDING and high <= 1 + _ROUNDING):
            raise DataError(
                f"{case.id}: {self.image} goes from {low:.3g} to {high:.3g}; a probability is in 0..1."
            )
        sigmas = self.smooth_mm / np.array(given.spacing)
        smooth = given.like(ndimage.gaussian_filter(given.data.astype(np.float32), sigmas))
        above = _without_small(components(smooth.data > self.threshold, 26), self.min_voxels)
        return self.split(smooth.like(above > 0), smooth)


def as_numbered(mask: Volume, *, connectivity: int) -> Lesions:
    """A label map as it is numbered. A mask of one value (1, 255, ...) is split into connected components,
    unless it is one component: that keeps its number.
    """
    if len(np.unique(mask.data[mask.data != 0])) > 1:
        return Lesions.from_labels(mask)
    split = Lesions.from_mask(mask, connectivity=connectivity)
    return Lesions.from_labels(mask) if len(split) == 1 else split


def _without_small(labels: np.ndarray, least_voxels: int) -> np.ndarray:
    """The labels of at least so many voxels; numbers are kept."""
    counts = np.bincount(labels.ravel())
    counts[0] = 0
    return np.where(counts >= max(least_voxels, 1), np.arange(counts.size), 0).astype(np.int32)[labels]
