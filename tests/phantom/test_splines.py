from __future__ import annotations

import numpy as np
import pytest
from scipy.interpolate import NdBSpline

from radiorim.phantom.lattice import Lattice
from radiorim.volume import Volume


def by_scipy(field: np.ndarray, places: list[np.ndarray]) -> np.ndarray:
    """The cubic spline whose coefficients are the field, the second knot at 0, the next at 1."""
    knots = tuple(np.arange(count + 4.0) - 3 for count in field.shape)
    spline = NdBSpline(knots, field.astype(float), 3)
    return spline(np.stack(np.meshgrid(*places, indexing="ij"), axis=-1))


@pytest.mark.parametrize("spacing_mm", [1.0, 1.5, 2.0, 3.3])
def test_a_field_on_the_grid_is_the_spline_of_scipy(spacing_mm):
    lattice = Lattice((21, 16, 13), spacing_mm, (-10.0, 4.0, 7.0))
    field = np.random.default_rng(0).normal(size=lattice.knots)
    places = [np.arange(count) * spacing_mm / lattice.step_mm for count in lattice.shape]
    found = lattice.upsample(field)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, by_scipy(field, places), atol=1e-6)


def test_another_grid_is_looked_up_where_it_lies():
    lattice = Lattice((21, 16, 13), 1.5, (-10.0, 4.0, 7.0))
    field = np.random.default_rng(0).normal(size=lattice.knots)
    affine = np.diag([0.7, 0.7, 3.0, 1.0])
    affine[:3, 3] = (-8.5, 6.0, 7.5)
    grid = Volume(np.zeros((30, 25, 5), np.float32), affine)
    places = [
        (start + np.arange(count) * step) / lattice.step_mm
        for start, count, step in zip((1.5, 2.0, 0.5), grid.shape, grid.spacing, strict=True)
    ]
    np.testing.assert_allclose(lattice.on(field, grid), by_scipy(field, places), atol=1e-6)
