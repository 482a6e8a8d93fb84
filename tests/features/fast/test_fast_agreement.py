"""Every one of the 107 features, on every lesion, within 1e-6 of pyradiomics.

Relative, with a floor of 1e-7 for values that are 0: the reference leaves rounding there, such as
a least axis of 4e-8 mm for a slanting plane of voxels.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy import ndimage

from radiorim.features.fast import measure
from radiorim.features.texturenames import FEATURES

SHARED = Path(__file__).resolve().parents[3].parent / "shared"
PATIENTS = SHARED / "data/ljubljana/cross_sectional_mni"


def require_agreement(ours, theirs):
    assert set(ours) == set(theirs)
    assert len(theirs) == 107 == sum(map(len, FEATURES.values()))
    for key, expected in theirs.items():
        np.testing.assert_allclose(ours[key], expected, rtol=1e-6, atol=1e-7, err_msg=str(key))


def compare(reference, labels, data, spacing, asked):
    theirs = reference(data, labels, spacing, asked.bins)
    require_agreement(measure(data, labels, np.unique(labels)[1:], spacing, asked), theirs)


@pytest.fixture
def forms():
    """A ball, an ellipsoid, two plates (one slants), a line, a diagonal, two voxels, a ring, scatter."""
    labels = np.zeros((34, 30, 26), dtype=np.int32)
    x, y, z = np.indices(labels.shape)
    labels[(x - 8) ** 2 + (y - 8) ** 2 + (z - 8) ** 2 <= 20] = 1
    labels[((x - 20) / 6) ** 2 + ((y - 9) / 4) ** 2 + ((z - 12) / 3) ** 2 <= 1] = 2
    labels[4:9, 17:22, 6] = 3
    labels[(x + z == 30) & (x > 10) & (x < 16) & (y > 18) & (y < 24)] = 4
    labels[12:17, 26, 4] = 5
    labels[range(20, 26), range(20, 26), range(18, 24)] = 6
    labels[20:22, 20, 6] = 7
    ring = (x - 27) ** 2 + (y - 22) ** 2
    labels[(ring <= 16) & (ring >= 8) & (z > 7) & (z < 10)] = 8
    labels[[2, 4, 4, 2, 3], [2, 2, 5, 4, 3], [20, 20, 22, 23, 21]] = 9
    return labels


@pytest.mark.parametrize("spacing", [(1.0, 1.0, 1.0), (0.75, 0.9, 3.0)])
@pytest.mark.parametrize("bins", [(25.0, 32), (None, 32), (2.0, 32), (None, 5)])
def test_noise_in_lesions_of_any_form(reference, forms, asked, spacing, bins):
    data = np.random.default_rng(3).normal(0, 60, forms.shape)
    compare(reference, forms, data, spacing, asked(*bins))


@pytest.mark.parametrize("levels", [1, 2, 3])
@pytest.mark.parametrize("bins", [(1.0, 32), (None, 32)])
def test_few_grey_levels_and_flat_lesions(reference, forms, asked, levels, bins):
    data = np.random.default_rng(5).integers(0, levels, forms.shape) * 1.0 + 7
    compare(reference, forms, data, (1.0, 1.0, 2.0), asked(*bins))


def test_a_thousand_bins_of_which_few_are_used(reference, forms, asked):
    data = np.random.default_rng(7).normal(0, 60, forms.shape)
    forms[(forms != 3) & (forms != 5)] = 0
    compare(reference, forms, data, (1.0, 1.0, 1.0), asked(None, 1100))


def test_values_on_the_edges_of_bins(reference, forms, asked):
    data = np.round(np.random.default_rng(9).normal(0, 3, forms.shape)) * 0.1
    compare(reference, forms, data, (1.0, 1.0, 1.0), asked(0.1))


@pytest.mark.parametrize("seed", range(2))
def test_blobs_of_smoothed_noise(reference, asked, seed):
    rng = np.random.default_rng(seed)
    field = ndimage.gaussian_filter(rng.normal(size=(40, 40, 30)), 1.2)
    labels, n = ndimage.label(field > np.quantile(field, 0.93), structure=np.ones((3, 3, 3)))
    sizes = np.bincount(labels.ravel())
    labels[(sizes < 2)[labels] | (labels > 25)] = 0
    data = ndimage.gaussian_filter(rng.normal(0, 300, labels.shape), 1)
    assert n > 10
    compare(reference, labels.astype(np.int32), data, (0.5, 0.6, 2.2), asked())


@pytest.mark.skipif(not PATIENTS.exists(), reason="the real patients are not part of the repository")
@pytest.mark.parametrize("image", ["FLAIR", "T1"])
def test_real_lesions(reference, asked, image):
    import nibabel as nib

    folder = PATIENTS / "patient26"
    labels, _ = ndimage.label(np.asarray(nib.load(folder / "lesions.nii.gz").dataobj) > 0, np.ones((3, 3, 3)))
    sizes = np.bincount(labels.ravel())
    labels[(sizes < 2)[labels] | (labels > 30)] = 0
    data = np.asarray(nib.load(folder / f"{image}.nii.gz").dataobj, dtype=float)
    compare(reference, labels.astype(np.int32), data, (1.0, 1.0, 1.0), asked())
