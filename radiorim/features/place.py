"""Where each lesion lies among tissues: by masks of the case itself, or by its place in MNI space."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from radiorim.errors import DataError, UsageError
from radiorim.features.mni import load_template, require_in_mni_space
from radiorim.features.naming import Dictionary, chosen, entry
from radiorim.features.regions import feature_frame, regions
from radiorim.volume import require_same_grid

if TYPE_CHECKING:
    import pandas as pd

    from radiorim.case import Case
    from radiorim.lesions import Lesions
    from radiorim.volume import Volume

__all__ = ["MniPlace", "TissueDistance"]

_AXES = ("right", "anterior", "superior")
_ALWAYS = "always defined"


@dataclass(frozen=True)
class TissueDistance:
    """Distance to the case's own mask of a tissue (`ventricles`, `csf`, `gm`), and the share inside it.

    Raises `DataError` where a case has no such mask, or an empty one: zeros would say that it is near.
    """

    mask: str = "ventricles"

    needs = ()

    def __post_init__(self) -> None:
        if not self.mask.isidentifier() or not self.mask.islower():
            raise UsageError(f"the mask {self.mask!r} cannot name columns: use a-z, 0-9 and _.")

    def __call__(self, case: Case, lesions: Lesions) -> pd.DataFrame:
        """One row for each lesion, nothing undefined."""
        mask = case.mask(self.mask)
        require_same_grid({f"the labels of {case.id}": lesions.labels, f"mask {self.mask!r}": mask})
        if not mask.data.any():
            raise DataError(f"the mask {self.mask!r} of {case.id} is empty, so nothing is far from it.")
        rows = []
        parts = list(regions(lesions))
        edge = _edge_tree(mask) if parts else None
        for part in parts:
            voxels = part.voxels()
            within = mask.data[tuple(voxels.T)] != 0
            away = np.where(within, 0.0, edge.query(mask.to_mm(voxels))[0])
            values = {"min_mm": away.min(), "mean_mm": away.mean(), "overlap": within.mean()}
            rows.append({f"mask_location_{self.mask}_{key}": value for key, value in values.items()})
        return feature_frame(lesions.numbers, list(self._known()), rows)

    def dictionary(self, names: Sequence[str]) -> Dictionary:
        """What each of these columns means."""
        return chosen(self._known(), names)

    def _known(self) -> Dictionary:
        to = f"distance from a voxel's centre to the nearest voxel centre of the mask {self.mask!r}, 0 inside"
        meanings = {
            "min_mm": entry(f"smallest over the lesion: {to}", "mm", span="0 or more", degenerate=_ALWAYS),
            "mean_mm": entry(f"mean over the lesion: {to}", "mm", span="0 or more", degenerate=_ALWAYS),
            "overlap": entry(
                f"share of the lesion inside the mask {self.mask!r}", "1", span="0 to 1", degenerate=_ALWAYS
            ),
        }
        return {f"mask_location_{self.mask}_{key}": meaning for key, meaning in meanings.items()}


def _edge_tree(mask: Volume):  # noqa: ANN202
    """The mask's voxels that have a face towards another one, in RAS mm; the others are never nearest."""
    from scipy import ndimage
    from scipy.spatial import KDTree

    inside = mask.data != 0
    return KDTree(mask.to_mm(np.argwhere(inside & ~ndimage.binary_erosion(inside))))


_MNI = {
    **{
        f"mni_{axis}_mm": entry(
            f"centre of mass, MNI coordinate towards {axis}", "mm", span="any", degenerate=_ALWAYS
        )
        for axis in _AXES
    },
    "mni_lateral_mm": entry("|mni_right_mm|", "mm", span="0 or more", degenerate=_ALWAYS),
    "mni_ventricles_mm": entry(
        "distance from the centre of mass to the lateral ventricles of the ICBM152 template (2 mm grid)",
        "mm",
        span="0 or more",
        degenerate="0 inside",
    ),
    "mni_grey_mm": entry(
        "distance from the centre of mass to the template's grey matter: cortex and nuclei, share above 1/2, "
        "more than 4 mm from its ventricles",
        "mm",
        span="0 or more",
        degenerate="0 inside",
    ),
}


@dataclass(frozen=True)
class MniPlace:
    """MNI coordinates of each lesion's centre, and its distance to parts of the ICBM152 template.

    Of cases that lie in MNI space: the name of one of their files says `space-MNI...`, or the caller does
    (`declared`). A case on a working grid is taken back to its own grid by its placement first. Nothing is
    registered here: any other case raises `DataError`. The template is no one's own anatomy.
    """

    declared: bool = False

    needs = ()

    def __call__(self, case: Case, lesions: Lesions) -> pd.DataFrame:
        """One row for each lesion, nothing undefined.

        Raises `DataError` where most lesions would lie outside of the template's brain.
        """
        if not self.declared:
            require_in_mni_space(case.id, dict(case.sources))
        if not len(lesions):
            return feature_frame([], list(self._known()), [])
        centres = lesions.table[["x_mm", "y_mm", "z_mm"]].to_numpy(dtype=float)
        if case.placement is not None:
            matrix = case.placement.to_native
            centres = centres @ matrix[:3, :3].T + matrix[:3, 3]
        template = load_template()
        if (template.at("depth", centres) <= 0).mean() > 0.5:
            raise DataError(
                f"most lesions of {case.id} lie outside of the MNI template's brain, so the case is not in "
                "MNI space, whatever it says. Leave MniPlace out."
            )
        columns = [
            *centres.T,
            np.abs(centres[:, 0]),
            template.at("ventricles", centres),
            template.at("grey", centres),
        ]
        names = list(self._known())
        rows = [dict(zip(names, row, strict=True)) for row in np.stack(columns, axis=1).tolist()]
        return feature_frame(lesions.numbers, names, rows)

    def dictionary(self, names: Sequence[str]) -> Dictionary:
        """What each of these columns means."""
        return chosen(self._known(), names)

    def _known(self) -> Dictionary:
        return {f"mask_location_{name}": meaning for name, meaning in _MNI.items()}
