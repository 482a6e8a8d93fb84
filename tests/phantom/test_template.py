from __future__ import annotations

import socket

import numpy as np
import pytest

from radiorim.phantom.lattice import Lattice
from radiorim.phantom.template import load_template


def test_the_template_needs_no_network(monkeypatch):
    def refuse(*_):
        raise AssertionError("a socket was opened")

    monkeypatch.setattr(socket, "socket", refuse)
    load_template.cache_clear()
    assert load_template().tissues.shape[-1] == 3


def test_tissues_sum_to_one_in_the_brain_and_to_nothing_outside():
    total = load_template().tissues.sum(axis=-1)
    assert np.all(np.isclose(total, 1, atol=1e-3) | (total < 1e-6) | (total < 1))
    assert np.isclose(total, 1, atol=1e-3).mean() > 0.2


def test_the_ventricles_lie_in_the_middle_and_hold_csf():
    template = load_template()
    inside = template.ventricle_mm == 0
    voxels_mm3 = 8 * inside.sum()
    assert 8_000 < voxels_mm3 < 60_000
    places = np.argwhere(inside) * 2 + np.array(template.origin_mm)
    assert abs(places[:, 0].mean()) < 3
    assert template.tissues[::2, ::2, ::2, 2][inside].mean() > 0.8


def test_a_lattice_gives_back_what_is_linear():
    lattice = Lattice((20, 24, 18), 1.5, (-10.0, 4.0, 7.0))
    x, y, z = lattice.coordinates_mm()
    field = lattice.upsample(2 * x - y + 0.5 * z)
    i, j, k = np.indices(lattice.shape)
    expected = 2 * (-10 + 1.5 * i) - (4 + 1.5 * j) + 0.5 * (7 + 1.5 * k)
    np.testing.assert_allclose(field, expected, atol=1e-3)


@pytest.mark.parametrize("scale_mm", [4.0, 20.0])
def test_lattice_noise_is_standard_and_as_smooth_as_asked(scale_mm):
    lattice = Lattice((100, 100, 100), 1.0, (0.0, 0.0, 0.0))
    field = lattice.noise(np.random.default_rng(0), scale_mm)
    assert field.mean() == pytest.approx(0, abs=1e-5)
    assert field.std() == pytest.approx(1, abs=1e-5)
    neighbour = np.mean(field * np.roll(field, 1, axis=0))
    # White noise behind a Gaussian of sd s has the correlation exp(-d^2 / 4 s^2) at distance d.
    assert neighbour == pytest.approx(np.exp(-(3.0**2) / (4 * scale_mm**2)), abs=0.05)
