"""The pattern of the rim by direction: how much of it stands out, how evenly, and how it lies to B0."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from radiorim.errors import UsageError
from radiorim.features.naming import Dictionary, chosen, entry
from radiorim.features.patternnames import DIPOLE_ENTRIES, PATTERN_ENTRIES
from radiorim.features.regions import Region, aligned_image, feature_frame, regions
from radiorim.features.rim import Cones, Rim
from radiorim.features.shells import Shells

if TYPE_CHECKING:
    import pandas as pd

    from radiorim.case import Case
    from radiorim.lesions import Lesions

__all__ = ["RimPattern"]


@dataclass(frozen=True)
class RimPattern:
    """The rim (first shell inward) against the core in each of 98 directions from the lesion's centre.

    A direction's contrast is the mean of the rim voxels within `cone_degrees` of it minus the core's mean; it
    counts as rim where it exceeds `contrast_sd` SD of the surround, as paramagnetic (above) or diamagnetic
    (below). The images in `dipole` (phase) are also measured by their angle to B0, because the field of a
    solid lesion looks like a rim outside of it: see `DIPOLE_ENTRIES`. `b0` is the field's direction in RAS,
    the scanner's z unless given.
    """

    images: tuple[str, ...] = ("chi",)
    dipole: tuple[str, ...] = ()
    width_mm: float = 1.0
    contrast_sd: float = 0.5
    cone_degrees: float = 20.0
    b0: tuple[float, float, float] = (0.0, 0.0, 1.0)
    surround_shells: int = 3

    def __post_init__(self) -> None:
        self._shells  # noqa: B018
        for name in self.dipole:
            if name not in self.images:
                raise UsageError(f"RimPattern cannot measure the dipole of {name!r}: it is not in images.")
        if not (0 < self.cone_degrees <= 90 and self.contrast_sd >= 0):
            raise UsageError("RimPattern needs cone_degrees from 0 to 90 and contrast_sd of 0 or more.")
        if len(self.b0) != 3 or not np.linalg.norm(self.b0) > 0:
            raise UsageError(f"b0 must be a direction of three numbers, not {self.b0!r}.")

    @property
    def needs(self) -> tuple[str, ...]:
        """The images that a case must have."""
        return tuple(self.images)

    @property
    def _shells(self) -> Shells:
        return Shells(self.width_mm, 1, self.surround_shells)

    def __call__(self, case: Case, lesions: Lesions) -> pd.DataFrame:
        """One row for each lesion; NaN without a core or a surround, or without voxels near B0's poles."""
        volumes = {name: aligned_image(case, name, lesions) for name in self.images}
        spacing = lesions.labels.spacing
        self._shells.require_fitting_voxels(spacing)
        # Columns of the affine are the array's axes in RAS; B0 along each of them.
        along = lesions.labels.affine[:3, :3].T @ np.asarray(self.b0) / np.linalg.norm(self.b0) / spacing
        cones = Cones.to_neighbours(2, self.cone_degrees)
        rows = []
        for region in regions(lesions, margin_mm=self._shells.margin_mm):
            layers = self._shells.number(region, spacing)
            rim = Rim.of(region.inside, layers == 1, spacing, cones)
            cos2 = {shell: _to_b0(region, layers == shell, spacing, along) for shell in (1, -1)}
            row: dict[str, float] = {}
            for name, volume in volumes.items():
                values = {s: region.values(volume, layers == s) for s in (1, 2, -1)}
                found = self._contrast(rim, values, region.values(volume, layers < 0))
                found |= _dipole(values, cos2) if name in self.dipole else {}
                row |= {f"{name}_layers_{key}": value for key, value in found.items()}
            rows.append(row)
        return feature_frame(lesions.numbers, list(self._known()), rows)

    def dictionary(self, names: Sequence[str]) -> Dictionary:
        """What each of these columns means; the unit `image` is that of the image (chi: ppb)."""
        return chosen(self._known(), names)

    def _known(self) -> Dictionary:
        return {
            f"{image}_layers_{key}": entry(
                formula.format(sd=f"{self.contrast_sd:g}", cone=f"{self.cone_degrees:g}"),
                unit,
                span=span,
                degenerate=degenerate,
            )
            for image in self.images
            for key, (formula, unit, span, degenerate) in (
                PATTERN_ENTRIES | (DIPOLE_ENTRIES if image in self.dipole else {})
            ).items()
        }

    def _contrast(self, rim: Rim, values: dict[int, np.ndarray], surround: np.ndarray) -> dict[str, float]:
        if not (values[2].size and surround.size and len(rim.weights)):
            return {}
        contrast = rim.weights @ values[1] - values[2].mean()
        # A sum of equal values may differ from their mean in its last digits.
        contrast[np.abs(contrast) < 1e-9 * np.abs(values[1]).max(initial=0)] = 0.0
        enough = self.contrast_sd * surround.std()
        return {
            "ring_above": float((contrast > enough).mean()),
            "ring_below": float((contrast < -enough).mean()),
            "ring_contrast": float(contrast.mean()),
            "ring_contrast_to_noise": _over(contrast.mean(), surround.std()),
            "ring_variation": _over(contrast.std(), contrast.std() + abs(contrast.mean())),
            "ring_evenness_above": _evenness(np.maximum(contrast, 0)),
            "ring_evenness_below": _evenness(np.maximum(-contrast, 0)),
        }


def _over(part: float, whole: float) -> float:
    return float(part / whole) if whole > 0 else 0.0


def _evenness(amounts: np.ndarray) -> float:
    """Entropy of the shares divided by its largest possible value; 0 where there is nothing to share."""
    if not amounts.sum() > 0 or amounts.size < 2:
        return 0.0
    shares = amounts[amounts > 0] / amounts.sum()
    return float(-(shares * np.log(shares)).sum() / np.log(amounts.size)) + 0.0


def _to_b0(
    region: Region, chosen_voxels: np.ndarray, spacing: Sequence[float], along: np.ndarray
) -> np.ndarray:
    """cos^2 of the angle between B0 and the way from the lesion's centre to each of the voxels."""
    centre = np.argwhere(region.inside).mean(axis=0)
    offsets = (np.argwhere(chosen_voxels) - centre) * np.asarray(spacing)
    squares = (offsets**2).sum(axis=1)
    # A voxel at the centre itself has no angle: it stands for all directions, whose mean cos^2 is 1/3.
    return np.divide((offsets @ along) ** 2, squares, out=np.full(len(squares), 1 / 3), where=squares > 1e-9)


def _dipole(values: dict[int, np.ndarray], cos2: dict[int, np.ndarray]) -> dict[str, float]:
    found: dict[str, float] = {}
    for shell, name in {1: "rim", -1: "outside"}.items():
        near = cos2[shell] > 1 / 3 + 1e-9
        pole, equator = values[shell][near], values[shell][~near]
        if pole.size and equator.size:
            found[f"{name}_equator_minus_pole"] = float(equator.mean() - pole.mean())
            found[f"{name}_dipole"] = _slope(3 * cos2[shell] - 1, values[shell])
    if len(found) == 4:
        rim, outside = found["rim_dipole"], found["outside_dipole"]
        found["dipole_agreement"] = _over(2 * rim * outside, rim**2 + outside**2)
    return found


def _slope(x: np.ndarray, y: np.ndarray) -> float:
    centred = x - x.mean()
    return _over((centred * (y - y.mean())).sum(), (centred**2).sum())
