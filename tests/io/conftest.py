from __future__ import annotations

import numpy as np
import pytest


@pytest.fixture
def add(write_nifti):
    """Put a file into the data set `ds`: `add("sub-01/ses-01/anat/..._FLAIR", value or array)`."""

    def put(path, values=1.0):
        array = np.asarray(values, dtype=np.float32)
        array = np.full((6, 6, 6), array) if array.ndim == 0 else array
        return write_nifti(f"ds/{path}.nii.gz", array)

    return put
