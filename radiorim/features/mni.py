"""The ICBM152 template inside nilearn's wheel: how far each place of MNI space is from what matters."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from radiorim.errors import DataError
from radiorim.volume import Volume

__all__ = ["Template", "load_template", "require_in_mni_space"]

_FLUID_T1 = 0.45
"""Values of the template's T1 (0 to 1) below this are fluid."""

_DEEP_MM = 20.0
"""Fluid that far from the brain's surface is in no sulcus."""

_MIXED_MM = 4.0
"""Round the ventricles, mixtures of white matter and fluid look like grey matter in the template."""


@dataclass(frozen=True, eq=False)
class Template:
    """Distances in mm on a grid of 2 mm, float32: 0 inside, and inside the brain to its surface."""

    ventricles: Volume
    grey: Volume
    depth: Volume

    def at(self, name: str, mni_mm: np.ndarray) -> np.ndarray:
        """One of the distances at MNI millimetres, shape (n, 3), linear between voxels."""
        from scipy import ndimage

        volume: Volume = getattr(self, name)
        return ndimage.map_coordinates(
            volume.data, volume.to_voxels(mni_mm).T, order=1, mode="nearest", output=np.float64
        )


@lru_cache(maxsize=1)
def load_template() -> Template:
    """The distances, once for each process. No network: nilearn carries the maps in its wheel."""
    from nilearn import datasets
    from scipy import ndimage

    t1, grey = datasets.load_mni152_template(resolution=1), datasets.load_mni152_gm_template(resolution=1)
    affine = t1.affine @ np.diag([2, 2, 2, 1])
    t1, grey = (np.asarray(image.dataobj, dtype=np.float32)[::2, ::2, ::2] for image in (t1, grey))
    depth = 2 * ndimage.distance_transform_edt(t1 > 0)
    ventricles = _lateral_ventricles((t1 > 0) & (t1 < _FLUID_T1) & (depth > _DEEP_MM), affine)
    to_ventricles = 2 * ndimage.distance_transform_edt(~ventricles)
    to_grey = 2 * ndimage.distance_transform_edt((grey <= 0.5) | (to_ventricles <= _MIXED_MM))
    return Template(*(Volume(d.astype(np.float32), affine) for d in (to_ventricles, to_grey, depth)))


def _lateral_ventricles(fluid: np.ndarray, affine: np.ndarray) -> np.ndarray:
    """The largest piece of fluid that lies wholly on the left, and the one on the right."""
    from scipy import ndimage

    pieces, _ = ndimage.label(fluid)
    sizes = np.bincount(pieces.ravel())
    sizes[0] = 0
    right_mm = affine[0, 3] + affine[0, 0] * np.arange(fluid.shape[0])
    found = np.zeros(fluid.shape, dtype=bool)
    for side in (right_mm < 0, right_mm > 0):
        crossing = np.unique(pieces[~side])
        alone = sizes.copy()
        alone[crossing] = 0
        found |= pieces == alone.argmax()
    return found


def require_in_mni_space(case: str, sources: dict[str, str]) -> None:
    """Raise `DataError` unless the name of one of the case's files says `space-MNI...`, as BIDS does."""
    if not any("space-MNI" in path.replace("\\", "/").rsplit("/", 1)[-1] for path in sources.values()):
        raise DataError(
            f"{case} does not say that it lies in MNI space: none of its files is named space-MNI..., so MNI "
            "coordinates would be invented. Bring it there first; if it is there, name a file as BIDS does "
            "(sub-01_space-MNI152NLin6Asym_FLAIR.nii.gz), or in Python say MniPlace(declared=True)."
        )
