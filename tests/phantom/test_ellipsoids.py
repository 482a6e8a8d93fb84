from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from radiorim.phantom.ellipsoids import depth_below

TURNED = Rotation.from_euler("xyz", [0.4, -1.1, 2.0]).as_matrix()
AXES = np.array([7.0, 4.0, 2.5])


def depth_at(points: np.ndarray, rotation: np.ndarray, axes: np.ndarray) -> np.ndarray:
    """Depth of single places, shape (n, 3)."""
    grids = ([part.reshape(-1) for part in point[:, None].astype(np.float32)] for point in points)
    return np.array([depth_below(grid, rotation, axes).item() for grid in grids])


def test_below_a_sphere_it_is_the_distance_to_its_surface():
    mm = np.linspace(-6, 6, 9, dtype=np.float32)
    found = depth_below([mm, mm - 1, mm + 2], TURNED, np.array([5.0, 5.0, 5.0]))
    x, y, z = np.meshgrid(mm, mm - 1, mm + 2, indexing="ij")
    np.testing.assert_allclose(found, 5 - np.sqrt(x * x + y * y + z * z), atol=1e-5)
    assert found.dtype == np.float32


@pytest.mark.parametrize("number", range(3))
def test_along_an_axis_it_is_the_distance_to_its_end(number):
    mm = np.array([1.0, 2.0, 6.0, 9.0])
    np.testing.assert_allclose(
        depth_at(mm[:, None] * TURNED[number], TURNED, AXES), AXES[number] - mm, atol=1e-5
    )


def test_it_is_nothing_on_the_surface_and_near_it_the_distance_along_the_normal():
    unit = np.random.default_rng(0).normal(size=(200, 3))
    unit /= np.linalg.norm(unit, axis=1, keepdims=True)
    surface, normal = (unit * AXES) @ TURNED, (unit / AXES) @ TURNED
    normal /= np.linalg.norm(normal, axis=1, keepdims=True)
    np.testing.assert_allclose(depth_at(surface, TURNED, AXES), 0, atol=1e-5)
    np.testing.assert_allclose(depth_at(surface - 0.05 * normal, TURNED, AXES), 0.05, atol=0.005)


def test_in_the_middle_it_is_the_shortest_half_axis():
    assert depth_at(np.zeros((1, 3)), TURNED, AXES) == AXES.min()
