from __future__ import annotations

import numpy as np
import pytest

from radiorim.case import Case
from radiorim.lesions import Lesions
from radiorim.volume import Volume


@pytest.fixture
def scene():
    """A function of labels, voxel edges, brain and images (arrays) that gives a case and its lesions."""

    def build(labels, spacing=(1.0, 1.0, 1.0), brain=None, **images):
        affine = np.diag([*spacing, 1.0])
        volumes = {name: Volume(np.asarray(data, dtype=np.float32), affine) for name, data in images.items()}
        masks = {} if brain is None else {"brain": Volume(np.asarray(brain), affine)}
        case = Case("sub-01", "01", volumes, masks)
        return case, Lesions.from_labels(Volume(np.asarray(labels, dtype=np.int32), affine))

    return build


@pytest.fixture
def blobs():
    """Labels 1..6: a ball, an ellipsoid, a plate, a line, two voxels and one voxel, apart from each other."""
    labels = np.zeros((30, 26, 24), dtype=np.int32)
    x, y, z = np.indices(labels.shape)
    labels[(x - 8) ** 2 + (y - 8) ** 2 + (z - 8) ** 2 <= 20] = 1
    labels[((x - 20) / 6) ** 2 + ((y - 9) / 4) ** 2 + ((z - 12) / 3) ** 2 <= 1] = 2
    labels[4:9, 17:22, 6] = 3
    labels[12:17, 20, 17] = 4
    labels[20:22, 20, 6] = 5
    labels[25, 20, 18] = 6
    return labels


@pytest.fixture
def noise(blobs):
    """Two images of the shape of `blobs`, with values as of chi in ppb and FLAIR."""
    rng = np.random.default_rng(7)
    return {"chi": rng.normal(0, 40, blobs.shape), "flair": rng.normal(200, 60, blobs.shape)}
