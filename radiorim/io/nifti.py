"""NIfTI files to volumes and back: header, orientation and scaling are handled here and nowhere else."""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from radiorim.errors import DataError
from radiorim.io.files import existing, whole
from radiorim.volume import Volume

if TYPE_CHECKING:
    import nibabel

__all__ = ["load", "load_labels", "load_mask", "orthonormal", "save"]

SHEAR_LIMIT = 1e-3
"""Directions whose pairwise cosines exceed this are refused; smaller ones are repaired and noted."""


def load(path: Path | str) -> Volume:
    """Read an image as float32 with its scale factors applied.

    The sform is used where its code is set, then the qform, then the stored sform or the voxel sizes. A 4-D
    file with one frame is read as 3-D. NaN and infinite voxels become 0 and are noted. Raises `DataError` for
    anything that is not one readable 3-D volume on a usable grid.
    """
    image = _open(existing(path))
    data, notes = _frame(image, path)
    data = np.asarray(data, dtype=np.float32)
    bad = ~np.isfinite(data)
    if bad.all():
        raise DataError(f"{path} holds no finite value. Was it written correctly?")
    if bad.any():
        data = np.where(bad, np.float32(0), data)
        notes.append(f"{int(bad.sum())} voxels that were NaN or infinite were set to 0")
    affine = _affine(image, path, notes)
    return Volume(data, affine, tuple(notes), str(path))


def load_labels(path: Path | str) -> Volume:
    """Read a label map as int32; raises `DataError` if it holds anything but whole numbers from 0 up."""
    volume = load(path)
    labels = np.rint(volume.data).astype(np.int32)
    if np.abs(volume.data - labels).max() > 1e-4:
        raise DataError(
            f"{path} holds values between whole numbers (such as {_fraction(volume.data):.4g}), so it is not "
            "a label map or mask. If it is a probability map, threshold it first."
        )
    if labels.min() < 0:
        raise DataError(
            f"{path} holds negative labels ({labels.min()}). Labels are 0 for background and 1..n."
        )
    return volume.like(labels)


def load_mask(path: Path | str) -> Volume:
    """Read a mask as booleans: any non-zero label is inside. Refuses what `load_labels` refuses."""
    labels = load_labels(path)
    return labels.like(labels.data > 0)


def save(volume: Volume, path: Path | str) -> Path:
    """Write a volume; booleans and labels as the smallest unsigned integers, the rest as float32.

    sform and qform are set (code 1, scanner), units are mm, and gzip carries no time stamp, so that equal
    volumes give equal bytes.
    """
    import nibabel as nib

    image = nib.Nifti1Image(_compact(volume.data), volume.affine)
    image.set_sform(volume.affine, code=1)
    image.set_qform(volume.affine, code=1, strip_shears=True)
    image.header.set_xyzt_units("mm", "sec")
    path = Path(path)
    with whole(path) as temporary:
        _write(image, temporary)
    return path


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


def _open(path: Path) -> nibabel.spatialimages.SpatialImage:
    import nibabel as nib

    try:
        return nib.load(path)
    except (nib.filebasedimages.ImageFileError, EOFError, OSError, zlib.error, ValueError) as error:
        raise DataError(f"{path} cannot be read as NIfTI ({error}). Copy or convert it again.") from error


def _frame(image: nibabel.spatialimages.SpatialImage, path: Path | str) -> tuple[np.ndarray, list[str]]:
    shape, notes = image.shape, []
    while len(shape) > 3 and shape[-1] == 1:
        shape = shape[:-1]
    if len(shape) != 3:
        raise DataError(
            f"{path} has shape {image.shape}; one 3-D volume is needed. "
            + ("Split it into its frames first." if len(shape) > 3 else "A single slice is not enough.")
        )
    if len(image.shape) > 3:
        notes.append(f"read as 3-D: its shape was {image.shape}")
    try:
        return np.asanyarray(image.dataobj).reshape(shape), notes
    except (EOFError, OSError, zlib.error, ValueError) as error:
        raise DataError(f"{path} is damaged or cut short ({error}). Copy or convert it again.") from error


def _affine(image: nibabel.spatialimages.SpatialImage, path: Path | str, notes: list[str]) -> np.ndarray:
    header = image.header
    if hasattr(header, "get_sform"):
        codes = int(header["sform_code"]), int(header["qform_code"])
        if codes == (0, 0):
            notes.append("neither sform nor qform is set: " + _unset(header))
            affine = header.get_sform() if _usable(header.get_sform()) else image.affine
        else:
            affine = image.affine
    else:
        affine = image.affine
    repaired, cosine = orthonormal(np.asarray(affine, dtype=float), path)
    if cosine > 1e-6:
        notes.append(f"axes were {np.degrees(np.arcsin(cosine)):.4f} degrees off right angles; repaired")
    return repaired


def _unset(header: nibabel.Nifti1Header) -> str:
    return "the stored sform was used" if _usable(header.get_sform()) else "voxel sizes alone place it"


def _usable(affine: np.ndarray) -> bool:
    return bool(np.isfinite(affine).all() and abs(np.linalg.det(affine[:3, :3])) > 1e-9)


def _fraction(data: np.ndarray) -> float:
    return float(data[np.abs(data - np.rint(data)) > 1e-4][0])


def _compact(data: np.ndarray) -> np.ndarray:
    if data.dtype == bool:
        return data.astype(np.uint8)
    if np.issubdtype(data.dtype, np.integer):
        for kind in (np.uint8, np.uint16, np.int32):
            if data.min(initial=0) >= 0 and data.max(initial=0) <= np.iinfo(kind).max:
                return data.astype(kind)
        return data.astype(np.int32)
    return data.astype(np.float32)


def _write(image: nibabel.Nifti1Image, path: Path) -> None:
    import gzip

    if path.name.endswith(".gz"):
        with path.open("wb") as raw, gzip.GzipFile("", "wb", compresslevel=4, fileobj=raw, mtime=0) as stream:
            stream.write(image.to_bytes())
    else:
        path.write_bytes(image.to_bytes())
