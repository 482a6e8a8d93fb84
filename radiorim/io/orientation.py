"""Where a NIfTI header says that an image lies: the one affine in RAS mm that radiorim uses."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from radiorim.errors import DataError

if TYPE_CHECKING:
    import nibabel

__all__ = ["SHEAR_LIMIT", "orthonormal", "ras_affine"]

SHEAR_LIMIT = 1e-3
"""Directions whose pairwise cosines exceed this are refused; smaller ones are repaired and noted."""

_MM = {"meter": 1000.0, "micron": 0.001}


def ras_affine(image: nibabel.spatialimages.SpatialImage, path: Path | str, notes: list[str]) -> np.ndarray:
    """The affine by the rule of `radiorim.io.nifti.load`, in mm, with orthogonal axes; repairs are noted."""
    affine = np.array(_stored(image, notes), dtype=float)
    unit = image.header.get_xyzt_units()[0] if hasattr(image.header, "get_xyzt_units") else "mm"
    if unit in _MM:
        affine[:3] *= _MM[unit]
        notes.append(f"its lengths were in {unit}; read as mm")
    repaired, cosine = orthonormal(affine, path)
    if cosine > 1e-6:
        notes.append(f"axes were {np.degrees(np.arcsin(cosine)):.4f} degrees off right angles; repaired")
    return repaired


def orthonormal(affine: np.ndarray, path: Path | str) -> tuple[np.ndarray, float]:
    """The affine with orthogonal axes, and the largest cosine between two axes that it had.

    The nearest rotation (polar decomposition) times the voxel sizes. Raises `DataError` beyond `SHEAR_LIMIT`,
    because ITK would refuse the image and a silent repair would move lesions.
    """
    sizes = np.linalg.norm(affine[:3, :3], axis=0)
    if not np.isfinite(affine).all() or sizes.min() <= 0 or abs(np.linalg.det(affine[:3, :3])) < 1e-9:
        raise DataError(
            f"{path} has no usable orientation (voxel sizes {np.round(sizes, 4).tolist()} mm). "
            "Convert it from DICOM again, e.g. with dcm2niix."
        )
    directions = affine[:3, :3] / sizes
    cosine = float(np.abs(directions.T @ directions - np.eye(3)).max())
    if cosine > SHEAR_LIMIT:
        angle = np.degrees(np.arcsin(min(cosine, 1.0)))
        raise DataError(
            f"{path}: its axes are {angle:.2f} degrees away from right angles, more than the "
            f"{np.degrees(SHEAR_LIMIT):.2f} that radiorim repairs. Resample it to a grid without shear first."
        )
    u, _, vt = np.linalg.svd(directions)
    repaired = affine.copy()
    repaired[:3, :3] = (u @ vt) * sizes
    return repaired, cosine


def _stored(image: nibabel.spatialimages.SpatialImage, notes: list[str]) -> np.ndarray:
    header = image.header
    if not hasattr(header, "get_sform") or int(header["sform_code"]) or int(header["qform_code"]):
        return image.affine
    usable = _usable(header.get_sform())
    what = "the stored sform was used" if usable else "voxel sizes alone place it"
    notes.append(f"neither sform nor qform is set: {what}")
    return header.get_sform() if usable else image.affine


def _usable(affine: np.ndarray) -> bool:
    return bool(np.isfinite(affine).all() and abs(np.linalg.det(affine[:3, :3])) > 1e-9)
