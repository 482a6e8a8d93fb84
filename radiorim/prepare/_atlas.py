"""The ICBM152 maps inside nilearn's wheel, and the affine that lays them over a FLAIR scan."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from radiorim.errors import DataError
from radiorim.prepare._level import Level, middle_mm, optimised
from radiorim.prepare._run import repeatable
from radiorim.volume import Volume

__all__ = ["TISSUES", "Atlas", "Fit", "load_atlas"]

TISSUES = ("wm", "gm", "csf")

_FLAIR_OF = {"wm": 0.75, "gm": 1.0, "csf": 0.2}
"""Relative FLAIR signal of each tissue: the T1 contrast of the template would pull grey and white apart."""

_GREY_T1, _FLUID_T1 = 0.56, 0.33
"""Values of the T1 template (0..1) from which fluid begins and at which a voxel is all fluid."""

_RIM_MM = 6.0
"""The metric also looks this far outside the atlas brain: the edge of the brain carries its size."""

_GOOD_NCC = 0.8
"""A fit this good is taken without trying further starts."""

_COARSE_MM, _FINE_MM = 6.0, 3.0


@dataclass(frozen=True)
class Fit:
    """`matrix` takes RAS mm of the atlas to RAS mm of the scan; `ncc` is what the two agree by after it."""

    matrix: np.ndarray
    ncc: float


@dataclass(frozen=True, eq=False)
class Atlas:
    """Tissue fractions (float32, 0..1) on one grid of 1 mm; together they are the brain with its CSF."""

    wm: Volume
    gm: Volume
    csf: Volume

    @property
    def brain(self) -> Volume:
        """Where the template has a brain, as booleans."""
        return self.wm.like(self.wm.data + self.gm.data + self.csf.data > 0.5)

    @property
    def flair(self) -> Volume:
        """What a FLAIR scan of the atlas brain would look like, 0 outside it."""
        return self.wm.like(sum(level * getattr(self, name).data for name, level in _FLAIR_OF.items()))

    def fitted_to(self, flair: Volume, brain: Volume) -> Fit:
        """Affine by correlation: size from the two brains' volumes, then rigid on 6 mm, then affine on 3 mm.

        `brain` is the scan's own mask on its grid: what lies outside it is blanked, as it is in the atlas.
        """
        own = self.brain
        scale = np.cbrt(np.count_nonzero(brain.data) * brain.voxel_mm3 / np.count_nonzero(own.data))
        sized = np.diag([scale, scale, scale, 1.0])
        scans = (_placed(self.flair, sized), _stripped(flair, brain), _placed(_wider(own), sized))
        with repeatable():
            coarse, fine = (Level.of(*scans, edge_mm) for edge_mm in (_COARSE_MM, _FINE_MM))
            matrix = _best(coarse, fine, _starts(coarse.centre_mm, middle_mm(brain)))
        if matrix is None:
            raise DataError(
                f"the ICBM atlas cannot be laid over {flair.source or 'the scan'}: they do not overlap."
            )
        return Fit(matrix @ sized, fine.ncc(matrix))


def _best(coarse: Level, fine: Level, starts: list[np.ndarray]) -> np.ndarray | None:
    """The result of the most promising start; of the others too until one is good."""
    best, best_ncc = None, -1.0
    for start in sorted(starts, key=coarse.ncc, reverse=True):
        rigid = optimised(coarse, start)
        # Small steps from the start: with steps of a voxel an affine runs away from brains so alike.
        matrix = None if rigid is None else optimised(fine, rigid, affine=True, refine=True)
        reached = -1.0 if matrix is None else fine.ncc(matrix)
        if reached > best_ncc:
            best, best_ncc = matrix, reached
        if best_ncc > _GOOD_NCC:
            break
    return best


def _stripped(flair: Volume, brain: Volume) -> Volume:
    """0 outside the brain and at its 1st percentile; lesions and fat are cut at the 98th."""
    inside = brain.data != 0
    low, high = np.percentile(flair.data[inside], (1, 98))
    return flair.like(np.where(inside, np.clip(flair.data, low, high) - low, 0).astype(np.float32))


def _wider(brain: Volume) -> Volume:
    """The brain and a rim, on voxels of 3 mm."""
    from scipy import ndimage

    affine = brain.affine.copy()
    affine[:3, :3] *= 3
    return Volume(ndimage.binary_dilation(brain.data[::3, ::3, ::3], iterations=int(_RIM_MM / 3)), affine)


def _placed(volume: Volume, matrix: np.ndarray) -> Volume:
    return Volume(volume.data, matrix @ volume.affine)


def _starts(from_mm: np.ndarray, to_mm: np.ndarray) -> list[np.ndarray]:
    """Middle on middle, the head nodding by up to 40 degrees: thick slices are often tilted that way."""
    from scipy.spatial.transform import Rotation

    starts = []
    for degrees in (0, 20, -20, 40, -40):
        turn = np.eye(4)
        turn[:3, :3] = Rotation.from_euler("x", degrees, degrees=True).as_matrix()
        turn[:3, 3] = to_mm - turn[:3, :3] @ from_mm
        starts.append(turn)
    return starts


def load_atlas() -> Atlas:
    """Read the maps (about a second); no network, nilearn carries them. Nothing is kept between calls."""
    from nilearn import datasets

    try:
        images = [
            datasets.load_mni152_template(resolution=1),
            datasets.load_mni152_gm_template(resolution=1),
            datasets.load_mni152_wm_template(resolution=1),
        ]
    except (OSError, ValueError) as error:
        raise DataError(
            f"nilearn's ICBM152 maps cannot be read ({error}). Install nilearn again: pip install nilearn"
        ) from error
    t1, gm, wm = (np.asarray(image.dataobj, dtype=np.float32) for image in images)
    # The maps of grey and white give a rim round the ventricles to grey; the T1 there says fluid.
    fluid = np.maximum(1 - gm - wm, np.clip((_GREY_T1 - t1) / (_GREY_T1 - _FLUID_T1), 0, 1))
    whole = np.maximum(gm + wm + fluid, 1e-3)
    parts = (np.where(t1 > 0, part / whole, 0).astype(np.float32) for part in (wm, gm, fluid))
    return Atlas(*(Volume(part, images[0].affine) for part in parts))
