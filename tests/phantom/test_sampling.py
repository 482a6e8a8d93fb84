from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from radiorim.phantom.sampling import linear, nearest

SHAPE = (7, 9, 8)


@pytest.fixture
def places() -> np.ndarray:
    """Inside, beyond each side, on voxels, halfway between them, and on the outermost ones."""
    rng = np.random.default_rng(0)
    anywhere = rng.uniform(-3, 12, (3, 4000))
    ends = np.array(np.meshgrid(*[(-0.5, 0, 0.5, n - 1.5, n - 1, n - 0.5) for n in SHAPE])).reshape(3, -1)
    return np.concatenate([anywhere, np.rint(anywhere), np.floor(anywhere) + 0.5, ends], axis=1)


@pytest.mark.parametrize("kind", [np.float32, np.float64])
@pytest.mark.parametrize(("outside", "mode"), [(None, "nearest"), (0.0, "constant"), (-7.5, "constant")])
def test_between_voxels_values_are_those_of_scipy(places, kind, outside, mode):
    image, places = np.random.default_rng(1).normal(size=SHAPE).astype(kind), places.astype(kind)
    expected = ndimage.map_coordinates(image, places, order=1, mode=mode, cval=outside or 0.0)
    found = linear(image, places, outside=outside)
    assert found.dtype == kind
    np.testing.assert_allclose(found, expected, rtol=1e-6 if kind is np.float32 else 1e-12, atol=1e-14)
    if kind is np.float32:
        np.testing.assert_array_equal(found, expected)


def test_nearest_voxels_are_those_of_scipy(places):
    labels = np.random.default_rng(2).integers(0, 99, SHAPE).astype(np.int32)
    found = nearest(labels, places.astype(np.float32))
    np.testing.assert_array_equal(found, ndimage.map_coordinates(labels, places, order=0, mode="nearest"))
    assert found.dtype == np.int32


def test_the_order_of_axes_in_memory_and_the_shape_of_places_do_not_matter(places):
    image = np.random.default_rng(3).normal(size=SHAPE).astype(np.float32)
    whole = linear(image, places[:, :1200])
    shaped = linear(np.asfortranarray(image), places[:, :1200].reshape(3, 10, 12, 10))
    assert shaped.shape == (10, 12, 10)
    np.testing.assert_array_equal(shaped.ravel(), whole)


def test_several_maps_read_together_are_those_read_alone(places):
    maps = np.random.default_rng(4).normal(size=(*SHAPE, 3)).astype(np.float32)
    together = linear(maps, places[:, :1200].reshape(3, 30, 40), outside=0.0)
    assert together.shape == (30, 40, 3)
    for number in range(3):
        alone = linear(maps[..., number], places[:, :1200].reshape(3, 30, 40), outside=0.0)
        np.testing.assert_array_equal(together[..., number], alone)
