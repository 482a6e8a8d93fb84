"""Volumes to SimpleITK images and back: the only place where coordinates are LPS."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from radiorim.volume import Volume

if TYPE_CHECKING:
    import SimpleITK

__all__ = ["affine_to_transform", "from_sitk", "to_sitk", "transform_to_affine"]

_FLIP = np.diag([-1.0, -1.0, 1.0])


def to_sitk(volume: Volume) -> SimpleITK.Image:
    """The volume as an image; array axis i stays image axis i. Booleans become uint8."""
    import SimpleITK as sitk

    data = volume.data.astype(np.uint8) if volume.data.dtype == bool else volume.data
    image = sitk.GetImageFromArray(np.ascontiguousarray(data.T))
    lps = _FLIP @ volume.affine[:3, :3]
    sizes = np.linalg.norm(lps, axis=0)
    image.SetSpacing(sizes.tolist())
    image.SetDirection((lps / sizes).ravel().tolist())
    image.SetOrigin((_FLIP @ volume.affine[:3, 3]).tolist())
    return image


def from_sitk(image: SimpleITK.Image) -> Volume:
    """A volume with the image's values and grid."""
    import SimpleITK as sitk

    affine = np.eye(4)
    direction = np.array(image.GetDirection()).reshape(3, 3)
    affine[:3, :3] = _FLIP @ direction * np.array(image.GetSpacing())
    affine[:3, 3] = _FLIP @ np.array(image.GetOrigin())
    return Volume(sitk.GetArrayFromImage(image).T, affine)


def affine_to_transform(matrix: np.ndarray) -> SimpleITK.AffineTransform:
    """A 4x4 matrix between RAS mm as an ITK transform between LPS mm, in the same direction."""
    import SimpleITK as sitk

    transform = sitk.AffineTransform(3)
    transform.SetMatrix((_FLIP @ matrix[:3, :3] @ _FLIP).ravel().tolist())
    transform.SetTranslation((_FLIP @ matrix[:3, 3]).tolist())
    return transform


def transform_to_affine(transform: SimpleITK.Transform) -> np.ndarray:
    """The 4x4 RAS matrix of a linear ITK transform, from where it sends four points."""
    origin = np.array(transform.TransformPoint((0.0, 0.0, 0.0)))
    columns = [np.array(transform.TransformPoint(tuple(axis))) - origin for axis in np.eye(3)]
    matrix = np.eye(4)
    matrix[:3, :3] = _FLIP @ np.array(columns).T @ _FLIP
    matrix[:3, 3] = _FLIP @ origin
    return matrix
