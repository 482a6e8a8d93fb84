"""Filters beside pyradiomics' own, at voxels in the middle and at every border of a volume."""

from __future__ import annotations

import numpy as np
import pytest

from radiorim.errors import DataError
from radiorim.features.filters.bands import band_values
from radiorim.features.filters.neighbourhood import Neighbourhood, preprocessed
from radiorim.features.texture import Texture
from radiorim.features.texturesettings import Filtering

FILTERS = (
    *("original", "log", "wavelet", "square", "squareroot", "logarithm", "exponential"),
    "gradient",
)


@pytest.fixture
def corners():
    """Lesions of 27 voxels or fewer in the middle, in two corners and on a face of a volume of odd edges."""
    labels = np.zeros((23, 20, 31), dtype=np.int32)
    labels[10:13, 8:11, 14:17] = 1
    labels[:2, :3, :2] = 2
    labels[-2:, -3:, -1:] = 3
    labels[:, 9, 20] = 4
    return labels


@pytest.fixture
def compared(scene, corners):
    """A function of settings that gives each band's values by both engines."""
    reference = pytest.importorskip("radiomics") and pytest.importorskip(
        "radiorim.features.filters.reference"
    )

    def compare(order="C", spacing=(0.75, 1.0, 2.0), **filtering):
        rng = np.random.default_rng(3)
        data = np.asarray(rng.normal(20, 50, corners.shape).round(1), order=order)
        _, lesions = scene(corners, spacing, chi=data)
        place = Neighbourhood.of(lesions)
        block = Texture(("chi",), "pyradiomics", filters=FILTERS, filtering=Filtering(**filtering))
        ours = dict(band_values(data, place, block, n_jobs=1))
        theirs = {
            band: values[tuple(place.voxels.index.T)]
            for band, values in reference.filtered(data, place, block)
        }
        assert ours.keys() == theirs.keys()
        return {band: (ours[band], theirs[band]) for band in ours}

    return compare


@pytest.mark.parametrize("settings", [{}, {"order": "F"}, {"wavelet": "haar", "gradient_per_mm": False}])
def test_every_filter_gives_the_values_of_the_reference_on_the_whole_volume(compared, settings):
    for band, (ours, theirs) in compared(**settings).items():
        # ITK keeps the Laplacian's steps in float32; the others differ by rounding at the border at most.
        allowed = 2e-6 if band.startswith("log") and band != "logarithm" else 1e-13
        rms = np.sqrt((theirs**2).mean())
        assert np.abs(ours - theirs).max() < allowed * rms, band


def test_wavelets_away_from_the_border_are_equal_to_the_last_bit(compared):
    for band, (ours, theirs) in compared().items():
        if band.startswith("wavelet"):
            assert (ours[:27] == theirs[:27]).all(), band


def test_thin_volumes_and_wide_filters_keep_the_reference_values(compared):
    bands = compared(spacing=(1.0, 0.5, 3.0), sigmas_mm=(0.5, 5.0))
    for band in ("log-sigma-0-5-mm-3D", "log-sigma-5-0-mm-3D"):
        ours, theirs = bands[band]
        assert np.abs(ours - theirs).max() < 2e-6 * np.sqrt((theirs**2).mean()), band


def test_a_far_border_moves_the_laplacian_by_less_than_5e_5_of_its_rms(scene):
    rng = np.random.default_rng(5)
    wide = rng.normal(0, 50, (64, 12, 12)).cumsum(axis=0)
    labels = np.zeros(wide.shape, dtype=np.int32)
    labels[30:34, 5:8, 5:8] = 1
    place = Neighbourhood.of(scene(labels)[1])
    block = Texture(("chi",), "pyradiomics", filters=("log",), filtering=Filtering(sigmas_mm=(1.0,)))
    reference = pytest.importorskip("radiorim.features.filters.reference")
    pytest.importorskip("radiomics")
    ((_, ours),) = band_values(wide, place, block, n_jobs=1)
    ((_, theirs),) = reference.filtered(wide, place, block)
    theirs = theirs[labels == 1]
    assert 0 < np.abs(ours - theirs).max() < 5e-5 * np.sqrt((theirs**2).mean())


def test_the_laplacian_of_a_paraboloid_is_known(scene):
    x = np.indices((41, 41, 41)) - 20.0
    labels = np.zeros((41, 41, 41), dtype=np.int32)
    labels[19:22, 19:22, 19:22] = 1
    place = Neighbourhood.of(scene(labels, (1.0, 1.0, 2.0))[1])
    block = Texture(("chi",), filters=("log",), filtering=Filtering(sigmas_mm=(1.5,)))
    # d2/dx2 + d2/dy2 + d2/dz2 of x^2 + y^2 + (2 k)^2 in mm is 6, times sigma^2.
    ((_, values),) = band_values(x[0] ** 2 + x[1] ** 2 + 4 * x[2] ** 2, place, block, n_jobs=1)
    np.testing.assert_allclose(values, 6 * 1.5**2, rtol=0.01)


def test_threads_do_not_change_a_value(scene, corners):
    data = np.random.default_rng(1).normal(0, 50, corners.shape)
    place = Neighbourhood.of(scene(corners)[1])
    block = Texture(("chi",), filters=("log", "wavelet"))
    one, two = (dict(band_values(data, place, block, n_jobs=jobs)) for jobs in (1, 2))
    assert all((one[band] == two[band]).all() for band in one)


def test_an_image_too_small_for_the_laplacian_is_refused(scene):
    labels = np.ones((8, 8, 3), dtype=np.int32)
    block = Texture(("chi",), filters=("log",))
    with pytest.raises(DataError, match="too small for the filter 'log' with sigma 1 mm, which needs"):
        list(band_values(np.zeros((8, 8, 3)), Neighbourhood.of(scene(labels)[1]), block, n_jobs=1))


def test_nothing_but_zeros_has_no_scale_for_a_square(scene):
    labels = np.ones((4, 4, 4), dtype=np.int32)
    block = Texture(("chi",), filters=("square",))
    with pytest.raises(DataError, match="nothing but zeros cannot be filtered by 'square'"):
        list(band_values(np.zeros((4, 4, 4)), Neighbourhood.of(scene(labels)[1]), block, n_jobs=1))


def test_normalised_values_have_no_mean_and_the_asked_scale(scene, corners):
    from radiorim.features.texturesettings import Preprocessing

    case, _ = scene(corners, chi=np.random.default_rng(0).normal(50, 9, corners.shape))
    data = preprocessed(case.image("chi"), Preprocessing(normalise=True, normalise_scale=10.0))
    assert abs(data.mean()) < 1e-9
    assert data.std(ddof=1) == pytest.approx(10)
