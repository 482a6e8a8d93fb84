"""What a scan of a real person says of where lesions may be put and how bright they must be."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from radiorim.case import Case
from radiorim.errors import DataError
from radiorim.volume import Volume

__all__ = ["ScanModel"]

_LEVEL_MM = 12.0
_WM_PRIOR = 0.5
_LIKE_WM = (0.8, 1.2)
"""Intensity over the local level of white matter between which a voxel looks like white matter."""
_FLUID = 0.6
_DEEP_MM = 15.0
_NEAR_VENTRICLE_MM, _NEAR_SURFACE_MM = 5.0, 9.0


@dataclass(frozen=True, eq=False)
class ScanModel:
    """A scan seen as white matter with a slowly varying level, noise, and places where a lesion can lie.

    `level` is the local intensity of white matter; `noise_sd` in the scan's units; `room` marks white matter
    that looks normal (no lesion is there yet); `tissue` is the share of each voxel that is not fluid;
    `ventricle_mm` and `surface_mm` are distances.
    """

    scan: Volume
    level: np.ndarray
    noise_sd: float
    room: np.ndarray
    tissue: np.ndarray
    ventricle_mm: np.ndarray
    surface_mm: np.ndarray

    @classmethod
    def of(cls, case: Case) -> ScanModel:
        """From a case with `flair`, masks["brain"] and the image `prior_wm` of `TissuePriors`.

        Raises `DataError` if too little normal white matter is seen (a wrong brain mask, most often).
        """
        from scipy import ndimage

        scan, brain = case.image("flair"), case.mask("brain").data != 0
        white = brain & (case.image("prior_wm").data > _WM_PRIOR)
        if white.sum() * scan.voxel_mm3 < 50_000:
            raise DataError(
                f"only {white.sum() * scan.voxel_mm3 / 1000:.0f} ml of {case.id} look like white matter. "
                "Is the brain mask right?"
            )
        level = _level(scan, white)
        share = scan.data / np.maximum(level, np.finfo(np.float32).tiny)
        normal = white & (share > _LIKE_WM[0]) & (share < _LIKE_WM[1])
        depth = ndimage.distance_transform_edt(brain, scan.spacing)
        ventricles = ndimage.binary_opening(brain & (share < _FLUID) & (depth > _DEEP_MM))
        if not ventricles.any():
            raise DataError(f"no ventricles were seen in {case.id}. Is it a FLAIR image with dark fluid?")
        return cls(
            scan,
            level,
            _noise_sd(scan, normal),
            ndimage.binary_erosion(normal, _plane(scan)),
            (np.clip((share - _FLUID) / (_LIKE_WM[0] - _FLUID), 0, 1) * brain).astype(np.float32),
            ndimage.distance_transform_edt(~ventricles, scan.spacing),
            depth,
        )

    def zone(self, voxel: tuple[int, int, int]) -> str:
        """`periventricular`, `juxtacortical` or `deep`; the space below the tentorium is not told apart."""
        if self.ventricle_mm[voxel] < _NEAR_VENTRICLE_MM:
            return "periventricular"
        return "juxtacortical" if self.surface_mm[voxel] < _NEAR_SURFACE_MM else "deep"


def _level(scan: Volume, white: np.ndarray) -> np.ndarray:
    """Local mean of the voxels near the median of white matter: lesions and fluid do not pull at it."""
    from scipy import ndimage

    values = scan.data[white]
    middle = np.median(values)
    spread = 1.4826 * np.median(np.abs(values - middle))
    usual = (white & (np.abs(scan.data - middle) < 2 * spread)).astype(np.float32)
    sigma = [_LEVEL_MM / edge for edge in scan.spacing]
    weight = ndimage.gaussian_filter(usual, sigma)
    total = ndimage.gaussian_filter(usual * scan.data, sigma)
    return np.where(weight > 1e-4, total / np.maximum(weight, 1e-4), middle).astype(np.float32)


def _noise_sd(scan: Volume, normal: np.ndarray) -> float:
    """Robust SD of what a 3 x 3 mean in the plane of the slices leaves in normal white matter."""
    from scipy import ndimage

    plane = _plane(scan)
    rest = scan.data - ndimage.convolve(scan.data, plane / plane.sum())
    inner = rest[ndimage.binary_erosion(normal, plane)]
    if inner.size < 100:
        raise DataError("too little normal white matter to estimate the noise from.")
    return float(1.4826 * np.median(np.abs(inner - np.median(inner))) / np.sqrt(1 - 1 / plane.sum()))


def _plane(scan: Volume) -> np.ndarray:
    """A 3 x 3 square across the two axes with the finest voxels."""
    thick = int(np.argmax(scan.spacing))
    return np.ones([1 if axis == thick else 3 for axis in range(3)], dtype=np.float32)
