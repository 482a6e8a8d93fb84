"""Shape of all lesions at once, from what the compiled pass counted."""

from __future__ import annotations

import numpy as np

__all__ = ["shape_features"]


def shape_features(raw: np.ndarray, sizes: np.ndarray, spacing: np.ndarray) -> dict[str, np.ndarray]:
    """pyradiomics' 14, from rows of `mesh.measure_rows`, numbers of voxels and voxel edges in mm."""
    with np.errstate(invalid="ignore", divide="ignore"):
        area, volume = raw[:, 0], raw[:, 1]
        least, minor, major = _eigenvalues(raw[:, 6:12], sizes, spacing).T
        return {
            "mesh_volume": volume,
            "surface_area": area,
            "surface_volume_ratio": area / volume,
            "sphericity": np.cbrt(36 * np.pi * volume**2) / area,
            "voxel_volume": sizes * spacing.prod(),
            "maximum_2d_diameter_slice": raw[:, 2],
            "maximum_2d_diameter_column": raw[:, 3],
            "maximum_2d_diameter_row": raw[:, 4],
            "maximum_3d_diameter": raw[:, 5],
            "major_axis_length": 4 * np.sqrt(major),
            "minor_axis_length": 4 * np.sqrt(minor),
            "least_axis_length": 4 * np.sqrt(least),
            "elongation": np.sqrt(minor / major),
            "flatness": np.sqrt(least / major),
        }


def _eigenvalues(moments: np.ndarray, sizes: np.ndarray, spacing: np.ndarray) -> np.ndarray:
    """Of the voxel centres' covariance (by n) in mm2, ascending; (n, 3)."""
    entry = np.array([[0, 3, 4], [3, 1, 5], [4, 5, 2]])
    # Rows of lesions without voxels are NaN, of which there are no eigenvalues to ask for.
    moments = np.where(sizes[:, None] > 0, moments, 0.0)
    covariance = moments[:, entry] / np.maximum(sizes, 1)[:, None, None] ** 2 * np.outer(spacing, spacing)
    values = np.linalg.eigvalsh(covariance)
    # Rounding leaves about 1e-16 of the largest eigenvalue where a plate has none.
    return np.where(values < 1e-12 * values[:, 2:], 0.0, values)
