from __future__ import annotations

import numpy as np
import pytest

from radiorim.errors import DataError
from radiorim.prepare.bias import differential_bias, n4
from radiorim.volume import Volume


def slope(volume, strength=0.5):
    """A smooth multiplicative field along the first two axes."""
    x = np.linspace(-1, 1, volume.shape[0])[:, None, None]
    y = np.linspace(-1, 1, volume.shape[1])[None, :, None]
    return np.exp(strength * (x - 0.5 * y**2))


def unevenness(volume, mask):
    """Spread of the blurred log intensities: what a bias field adds."""
    from scipy import ndimage

    inside = mask.data.astype(float)
    logs = np.where(mask.data, np.log(np.maximum(volume.data, 1)), 0)
    sigmas = [12 / edge for edge in volume.spacing]
    smooth = ndimage.gaussian_filter(logs, sigmas) / np.maximum(ndimage.gaussian_filter(inside, sigmas), 0.1)
    return float(smooth[mask.data].std())


@pytest.fixture(scope="module")
def brain(heads, followup):
    return heads.brain(followup)


@pytest.fixture(scope="module")
def biased(followup):
    return followup.like((followup.data * slope(followup)).astype(np.float32))


@pytest.fixture(scope="module")
def corrected(biased):
    return n4(biased)


def test_n4_takes_out_most_of_a_smooth_field_and_keeps_the_level(followup, biased, corrected, brain):
    assert unevenness(biased, brain) > 3 * unevenness(corrected, brain)
    level = corrected.data[brain.data].mean() / biased.data[brain.data].mean()
    assert level == pytest.approx(1, abs=0.1)
    assert corrected.same_grid(biased)


def test_n4_gives_the_same_bytes_again(biased, corrected):
    assert n4(biased).data.tobytes() == corrected.data.tobytes()


def test_n4_refuses_what_has_no_image_or_no_positive_voxel(followup, brain):
    with pytest.raises(DataError, match="NaN or infinite"):
        n4(followup.like(np.where(followup.data > 50, np.nan, followup.data)))
    with pytest.raises(DataError, match="no positive voxel"):
        n4(followup, brain.like(np.zeros(brain.shape, bool)))
    with pytest.raises(DataError, match="not on one grid"):
        n4(followup, Volume(brain.data[1:], brain.affine))


def test_differential_bias_makes_the_ratio_flat_and_leaves_a_lesion(followup, brain):
    first = followup.like(followup.data * 1.3)
    second = followup.data * slope(followup, 0.2)
    lesion = (slice(30, 33), slice(36, 39), slice(22, 25))
    second[lesion] *= 1.5
    one, other = differential_bias(first, followup.like(second), brain)
    ratio = np.log(other.data / one.data)
    before = np.log(second / first.data)
    rest = brain.data.copy()
    rest[lesion] = False
    assert ratio[rest].std() < 0.35 * before[rest].std()
    assert ratio[lesion].mean() - np.median(ratio[rest]) == pytest.approx(np.log(1.5), abs=0.05)
    assert np.median(ratio[rest]) == pytest.approx(np.median(before[rest]), abs=0.03)


def test_differential_bias_of_one_scan_with_itself_changes_nothing(followup, brain):
    one, other = differential_bias(followup, followup, brain)
    assert np.array_equal(one.data, followup.data)
    assert np.array_equal(other.data, followup.data)


def test_swapping_the_visits_swaps_the_results(followup, biased, brain):
    one, other = differential_bias(followup, biased, brain)
    other_again, one_again = differential_bias(biased, followup, brain)
    assert one_again.data == pytest.approx(one.data, rel=1e-5)
    assert other_again.data == pytest.approx(other.data, rel=1e-5)


def test_an_empty_mask_is_refused_in_words(followup, brain):
    with pytest.raises(DataError, match="no voxel of the mask is positive in both"):
        differential_bias(followup, followup, brain.like(np.zeros(brain.shape, bool)))
