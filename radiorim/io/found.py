"""What a tool found in a case, read from its derived data set."""

from __future__ import annotations

from pathlib import Path

from radiorim.errors import DataError
from radiorim.io.nifti import load_labels
from radiorim.volume import Volume

__all__ = ["found_mask"]

ENDINGS = ("desc-new_mask", "dseg", "mask")


def found_mask(root: Path, case_id: str) -> Volume:
    """The mask of new lesions (or, without one, the label map) of a case in a derived data set.

    Raises `DataError` if there is none or more than one: a case without findings has a mask of zeros.
    """
    folder = root.joinpath(*case_id.split("_"), "anat")
    for ending in ENDINGS:
        files = sorted(folder.glob(f"{case_id}_*{ending}.nii*"))
        if len(files) > 1:
            raise DataError(
                f"{folder} holds {len(files)} files *{ending}.nii* of {case_id}. Leave one there."
            )
        if files:
            return load_labels(files[0])
    raise DataError(
        f"{folder} holds no mask or label map of {case_id}. Where nothing was found, a mask of zeros says so."
    )
