"""Rules that drop candidates which cannot be lesions; each says in its name what it asks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from radiorim.case import Case
from radiorim.classic.difference import brain_inside
from radiorim.errors import UsageError
from radiorim.lesions import Lesions

__all__ = [
    "AwayFromBrainEdge",
    "BrighterThanSurround",
    "MinThickness",
    "MinVolume",
    "NewOrEnlarging",
    "PeakAbove",
]


@dataclass(frozen=True)
class MinVolume:
    """Strictly more than `mm3`, as the MSSEG-2 judge counts (3 mm3 is its default)."""

    mm3: float = 3.0

    def __call__(self, case: Case, lesions: Lesions) -> Lesions:
        """The lesions that are large enough."""
        del case
        return lesions.keep(lambda table: table.volume_mm3 > self.mm3)


@dataclass(frozen=True)
class PeakAbove:
    """A column of the candidates (such as `peak_sd`) at or above a value."""

    column: str = "peak_sd"
    least: float = 4.0

    def __call__(self, case: Case, lesions: Lesions) -> Lesions:
        """The lesions whose value is high enough; `UsageError` if the finder did not write the column."""
        del case
        if self.column not in lesions.table:
            raise UsageError(f"PeakAbove asks for the column {self.column!r}, which `find` does not write.")
        return lesions.keep(lambda table: table[self.column] >= self.least)


@dataclass(frozen=True)
class AwayFromBrainEdge:
    """At most `share` of the lesion within `mm` of the edge of the brain mask."""

    mm: float = 2.0
    share: float = 0.5

    def __call__(self, case: Case, lesions: Lesions) -> Lesions:
        """The lesions that are not at the edge."""
        from scipy import ndimage

        inside = brain_inside(case)
        near = ndimage.distance_transform_edt(inside.data, inside.spacing) <= self.mm
        shares = _means(near.astype(np.float32), lesions)
        return lesions.keep(lambda _: shares <= self.share)


@dataclass(frozen=True)
class BrighterThanSurround:
    """Mean inside minus mean in the shell of `mm` around: at least `least`, in the unit of the image."""

    image: str = "flair"
    mm: float = 3.0
    least: float = 0.3

    def __call__(self, case: Case, lesions: Lesions) -> Lesions:
        """The lesions that stand out from what surrounds them."""
        contrast = surround_contrast(case.image(self.image).data, lesions, self.mm)
        return lesions.with_columns(contrast=contrast).keep(lambda _: contrast >= self.least)


@dataclass(frozen=True)
class MinThickness:
    """Thickest place at least `mm` across (twice the largest distance to the surface): rejects sheets."""

    mm: float = 2.0

    def __call__(self, case: Case, lesions: Lesions) -> Lesions:
        """The lesions that are thick enough."""
        del case
        thickness = thickness_mm(lesions)
        return lesions.keep(lambda _: thickness >= self.mm)


@dataclass(frozen=True)
class NewOrEnlarging:
    """Add the column `change`: `enlarging` where something was as bright at the baseline already, else `new`.

    As bright: within `reach_mm` of the lesion (other candidates left out) the 90th percentile of `flair0`
    stands out from the median of the shell `reach_mm` to `reach_mm + around_mm` by at least `share` of what
    the lesion stands out by in `flair`. Drops nothing. Bright cortex beside a faint new lesion misleads it.
    """

    reach_mm: float = 2.0
    around_mm: float = 4.0
    share: float = 0.7

    def __call__(self, case: Case, lesions: Lesions) -> Lesions:
        """The same lesions with `change`."""
        from scipy import ndimage

        before, after = case.image("flair0").data, case.image("flair").data
        labels, spacing = lesions.labels.data, lesions.labels.spacing
        boxes, inside = ndimage.find_objects(labels), brain_inside(case).data
        margin = [int(np.ceil((self.reach_mm + self.around_mm) / edge)) for edge in spacing]
        words = []
        for number in lesions.numbers:
            box = _padded(boxes[number - 1], margin, labels.shape)
            own = labels[box] == number
            away = ndimage.distance_transform_edt(~own, spacing)
            free = (labels[box] == 0) & inside[box]
            near, around = own | (free & (away <= self.reach_mm)), free & (away > self.reach_mm)
            around &= away <= self.reach_mm + self.around_mm
            old = np.percentile(before[box][near], 90) - _middle(before[box][around])
            now = after[box][own].mean() - _middle(after[box][around])
            words.append("enlarging" if old >= self.share * now else "new")
        return lesions.with_columns(change=np.array(words, dtype=object))


def surround_contrast(image: np.ndarray, lesions: Lesions, shell_mm: float) -> np.ndarray:
    """Mean inside minus mean in the shell around each lesion, in table order; other lesions are left out.

    NaN where a lesion has no surround inside the image.
    """
    from scipy import ndimage

    labels, spacing = lesions.labels.data, lesions.labels.spacing
    boxes = ndimage.find_objects(labels)
    margin = [int(np.ceil(shell_mm / edge)) for edge in spacing]
    values = []
    for number in lesions.numbers:
        box = _padded(boxes[number - 1], margin, labels.shape)
        away = ndimage.distance_transform_edt(labels[box] != number, spacing)
        shell = image[box][(labels[box] == 0) & (away <= shell_mm)]
        values.append(image[box][labels[box] == number].mean() - shell.mean() if shell.size else np.nan)
    return np.array(values, dtype=float)


def thickness_mm(lesions: Lesions) -> np.ndarray:
    """Diameter of the largest ball about a voxel centre that fits into each lesion, in table order.

    Of one voxel it is the shortest edge.
    """
    from scipy import ndimage

    labels, spacing = lesions.labels.data, lesions.labels.spacing
    boxes = ndimage.find_objects(labels)
    inside = [np.pad(labels[boxes[number - 1]] == number, 1) for number in lesions.numbers]
    return 2 * np.array([_to_surface_mm(box, spacing).max() for box in inside], dtype=float)


def _to_surface_mm(inside: np.ndarray, spacing: tuple[float, ...]) -> np.ndarray:
    """From each voxel's centre to the nearest face of a voxel outside, 0 outside; the border is outside.

    Not by `distance_transform_edt`: on uneven voxels the nearest centre is not that of the nearest face.
    """
    squared = np.where(inside, np.inf, 0.0)
    for axis, edge in enumerate(spacing):
        lines = np.moveaxis(squared, axis, 0)
        before = lines.copy()
        for steps in range(1, len(lines)):
            gap = ((steps - 0.5) * edge) ** 2
            if gap >= lines.max():
                break
            np.minimum(lines[steps:], before[:-steps] + gap, out=lines[steps:])
            np.minimum(lines[:-steps], before[steps:] + gap, out=lines[:-steps])
    return np.sqrt(squared)


def _means(image: np.ndarray, lesions: Lesions) -> np.ndarray:
    from scipy import ndimage

    return (
        np.asarray(ndimage.mean(image, lesions.labels.data, lesions.numbers)) if len(lesions) else np.zeros(0)
    )


def _middle(values: np.ndarray) -> float:
    """The median; 0, the mean of a z-scored brain, where nothing is left."""
    return float(np.median(values)) if values.size else 0.0


def _padded(box: tuple[slice, ...], margin: list[int], shape: tuple[int, ...]) -> tuple[slice, ...]:
    return tuple(
        slice(max(0, s.start - m), min(n, s.stop + m)) for s, m, n in zip(box, margin, shape, strict=True)
    )
