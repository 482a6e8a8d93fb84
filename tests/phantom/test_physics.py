"""The checks of a generator of susceptibility maps that its physics allows."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import fft

from radiorim.phantom.qsm import Reconstruction, box_of, dipole_field, dipole_kernel

N, RADIUS = 96, 8.0


def offsets() -> np.ndarray:
    return np.stack(np.meshgrid(*[np.arange(N) - N / 2] * 3, indexing="ij")).astype(np.float32)


@pytest.fixture(scope="module")
def shell() -> np.ndarray:
    """A rim of 60 ppb, 2 mm thick, on a core of 15 ppb."""
    radius = np.linalg.norm(offsets(), axis=0)
    whole, inner = (np.clip(r - radius + 0.5, 0, 1) for r in (RADIUS, RADIUS - 2))
    return 60 * whole - 45 * inner


def test_the_mean_of_a_map_does_not_change_its_field(shell):
    kernel = dipole_kernel(shell.shape, (1, 1, 1))
    plain, shifted = (fft.irfftn(kernel * fft.rfftn(chi), shell.shape) for chi in (shell, shell + 100))
    np.testing.assert_allclose(plain, shifted, atol=1e-3)


def test_a_rim_is_bright_and_dark_by_direction_on_the_field_but_not_on_qsm(shell):
    field = dipole_field(shell, (1, 1, 1))
    middle, edge = N // 2, int(N / 2 + RADIUS - 1)
    assert field[edge, middle, middle] > 3
    assert field[middle, middle, edge] < -10
    assert abs(field[middle, middle, middle]) < 3
    chi = Reconstruction(1e9, weight=1e-5).invert(field, (1, 1, 1))
    for place in ((edge, middle, middle), (middle, middle, edge)):
        assert chi[place] > chi[middle, middle, middle] + 25


def test_a_solid_lesion_has_an_edge_that_looks_like_a_rim_on_the_field():
    solid = 40 * np.clip(RADIUS - np.linalg.norm(offsets(), axis=0) + 0.5, 0, 1)
    field = dipole_field(solid, (1, 1, 1))
    middle, outside = N // 2, int(N / 2 + RADIUS + 1)
    assert abs(field[middle, middle, middle]) < 0.5
    assert field[middle, middle, outside] > 10
    assert field[outside, middle, middle] < -5


def test_without_noise_a_rim_comes_back_within_a_tenth(shell):
    back = Reconstruction(1e9, weight=1e-5).invert(dipole_field(shell, (1, 1, 1)), (1, 1, 1))
    near = (slice(34, 62),) * 3
    back = back - np.median(back[20:28]) + np.median(shell[20:28])
    assert np.linalg.norm((back - shell)[near]) < 0.1 * np.linalg.norm(shell[near])


def test_a_larger_penalty_lowers_the_rim(shell):
    field = dipole_field(shell, (1, 1, 1))
    low, high = (Reconstruction(1e9, weight=w).invert(field, (1, 1, 1)).max() for w in (0.05, 1e-4))
    assert low < 0.8 * high


def test_a_box_holds_the_mask_and_stays_on_the_grid():
    mask = np.zeros((20, 20, 20), dtype=bool)
    mask[3:6, 10:12, 19] = True
    assert box_of(mask) == (slice(3, 6), slice(10, 12), slice(19, 20))
    assert box_of(mask, margin=4) == (slice(0, 10), slice(6, 16), slice(15, 20))
    assert not np.zeros(3)[box_of(np.zeros((2, 2, 2), dtype=bool))[:1]].size
