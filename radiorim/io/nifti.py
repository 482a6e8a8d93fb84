"""NIfTI files to volumes and back: header, orientation and scaling are handled here and nowhere else."""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from radiorim.errors import DataError, UsageError
from radiorim.io.files import existing, whole
from radiorim.io.orientation import ras_affine
from radiorim.volume import Volume

if TYPE_CHECKING:
    import nibabel

__all__ = ["load", "load_labels", "load_mask", "save"]

_ENDINGS = (".nii.gz", ".nii")

_MOST_LABELS = 2**24
"""From here on float32 does not hold each whole number; no label map of lesions comes near."""


def load(path: Path | str) -> Volume:
    """Read an image as float32 with its scale factors applied.

    The sform is used where its code is set, then the qform, then the stored sform or the voxel sizes. A 4-D
    file with one frame is read as 3-D. NaN and infinite voxels become 0 and are noted. Raises `DataError` for
    anything that is not one readable 3-D volume on a usable grid.
    """
    image = _open(existing(path))
    data, notes = _frame(image, path)
    data = _real(data, path)
    bad = ~np.isfinite(data)
    if bad.all():
        raise DataError(f"{path} holds no finite value. Was it written correctly?")
    if bad.any():
        data = np.where(bad, np.float32(0), data)
        notes.append(f"{int(bad.sum())} voxels that were NaN or infinite were set to 0")
    affine = ras_affine(image, path, notes)
    return Volume(data, affine, tuple(notes), str(path))


def load_labels(path: Path | str) -> Volume:
    """Read a label map as int32; raises `DataError` if it holds anything but whole numbers from 0 up."""
    volume = load(path)
    if volume.data.max(initial=0) >= _MOST_LABELS:
        raise DataError(
            f"{path} holds labels up to {volume.data.max():.4g}, so it is no label map of lesions. "
            "Is it the right file?"
        )
    labels = np.rint(volume.data).astype(np.int32)
    if np.abs(volume.data - labels).max(initial=0) > 1e-4:
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
    volumes give equal bytes. Raises `UsageError` for another ending than `.nii.gz` or `.nii`.
    """
    import nibabel as nib

    path = Path(path)
    if not path.name.endswith(_ENDINGS):
        raise UsageError(f"{path}: images are written as .nii.gz or .nii. Change the ending.")
    image = nib.Nifti1Image(_compact(volume.data), volume.affine)
    image.set_sform(volume.affine, code=1)
    image.set_qform(volume.affine, code=1, strip_shears=True)
    image.header.set_xyzt_units("mm", "sec")
    with whole(path) as temporary:
        _write(image, temporary)
    return path


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


def _real(data: np.ndarray, path: Path | str) -> np.ndarray:
    if data.dtype.kind not in "biuf":
        raise DataError(
            f"{path} holds {data.dtype}; one real number in each voxel is needed. "
            "Save the magnitude, the phase or a grey image as its own file."
        )
    # A copy, because an uncompressed float32 file is mapped: what was loaded would change with the file.
    return np.array(data, dtype=np.float32, copy=isinstance(data, np.memmap) or None)


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
