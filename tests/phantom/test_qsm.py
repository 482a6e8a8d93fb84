from __future__ import annotations

import numpy as np
import pytest

from radiorim.phantom.qsm import PHASE_PER_PPB, Reconstruction, dipole_field, dipole_kernel, qsm_image

N, RADIUS = 96, 8.0


def offsets() -> np.ndarray:
    return np.stack(np.meshgrid(*[np.arange(N) - N / 2] * 3, indexing="ij")).astype(np.float32)


@pytest.fixture(scope="module")
def sphere() -> np.ndarray:
    """A sphere of 1 ppb with partial volume at its edge."""
    return np.clip(RADIUS - np.linalg.norm(offsets(), axis=0) + 0.5, 0, 1)


@pytest.mark.parametrize("direction", [(0, 0, 1), (0.3, 0.2, 0.93)])
def test_the_field_of_a_sphere_is_the_textbook_formula(sphere, direction):
    place = offsets()
    r = np.linalg.norm(place, axis=0)
    # Outside, only the sum counts: an edge soft over 4 voxels does not ring where k-space is oblique.
    soft = np.clip((RADIUS + 2 - r) / 4, 0, 1)
    field = dipole_field(soft, (1, 1, 1), direction=direction)
    field *= 4 / 3 * np.pi * RADIUS**3 / soft.sum()
    unit = np.array(direction) / np.linalg.norm(direction)
    cosine = np.einsum("i,iabc->abc", unit, place) / np.maximum(r, 1e-6)
    formula = (RADIUS / np.maximum(r, 1)) ** 3 / 3 * (3 * cosine**2 - 1)
    outside = (r > RADIUS + 3) & (r < 3 * RADIUS)
    error = np.sqrt(np.mean((field - formula)[outside] ** 2) / np.mean(formula[outside] ** 2))
    assert error < 0.02
    assert abs(field[r < RADIUS - 2].mean()) < 0.01


def test_the_kernel_ignores_a_constant_and_keeps_its_bounds():
    kernel = dipole_kernel((16, 18, 20), (1, 1, 2))
    assert kernel.shape == (16, 18, 11)
    assert kernel[0, 0, 0] == 0
    assert kernel.min() == pytest.approx(-2 / 3, abs=1e-6)
    assert kernel.max() == pytest.approx(1 / 3, abs=1e-6)


def test_the_field_turns_with_the_head(sphere):
    blob = sphere + 2 * np.roll(sphere, (12, 5, 20), axis=(0, 1, 2))
    upright = dipole_field(blob, (1, 1, 1), direction=(0, 0, 1))
    turned = dipole_field(np.swapaxes(blob, 0, 2), (1, 1, 1), direction=(1, 0, 0))
    np.testing.assert_allclose(np.swapaxes(turned, 0, 2), upright, atol=2e-3)


def test_without_noise_and_hardly_any_penalty_the_inversion_returns_the_map(sphere):
    scan = Reconstruction(phase_snr=1e9, weight=1e-5)
    back = scan.invert(dipole_field(sphere, (1, 1, 1)), (1, 1, 1))
    assert np.sqrt(np.mean((back - sphere)[30:66, 30:66, 30:66] ** 2)) < 0.1


def test_noise_is_one_over_snr_and_stays_inside_the_mask():
    mask = np.zeros((40, 40, 40), dtype=bool)
    mask[8:32, 8:32, 8:32] = True
    quiet, loud = (
        qsm_image(np.zeros(mask.shape), mask, (1, 1, 1), Reconstruction(snr), np.random.default_rng(0))
        for snr in (40, 20)
    )
    np.testing.assert_allclose(loud, 2 * quiet, rtol=1e-3, atol=1e-3)
    assert not quiet[~mask].any()
    assert pytest.approx(1.25, abs=0.01) == 1 / 40 / PHASE_PER_PPB
