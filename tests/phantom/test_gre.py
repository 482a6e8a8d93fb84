from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from radiorim.phantom.anatomy import Anatomy, head_lattice, make_anatomy
from radiorim.phantom.echoes import Echoes, scan
from radiorim.phantom.gre import Echo, background_field, gradient_echo, shim
from radiorim.phantom.phase import homodyne, local_field, steady
from radiorim.phantom.qsm import dipole_field
from radiorim.phantom.susceptibility import tissue_susceptibility
from radiorim.phantom.template import load_template

SILENT = Echo(snr=1e9)


@pytest.fixture(scope="module")
def anatomy() -> Anatomy:
    return make_anatomy(load_template(), head_lattice(3.0), np.random.default_rng(0))


@pytest.fixture(scope="module")
def chi(anatomy) -> np.ndarray:
    return tissue_susceptibility(anatomy, np.random.default_rng(1))


@pytest.fixture(scope="module")
def silent(anatomy, chi) -> Echoes:
    return scan(chi, np.zeros_like(chi), anatomy, SILENT, np.random.default_rng(2))


def wrapped(angle: np.ndarray) -> np.ndarray:
    return np.angle(np.exp(1j * angle))


def phase_of(anatomy: Anatomy, chi: np.ndarray, **changes: float) -> np.ndarray:
    rng = np.random.default_rng(2)
    return gradient_echo(chi, np.zeros_like(chi), anatomy, replace(SILENT, **changes), rng)[1]


@pytest.mark.parametrize("changed", [{"time_ms": (10.0, 20.0, 30.0)}, {"tesla": (1.5, 3.0, 4.5)}])
def test_phase_is_linear_in_echo_time_and_main_field(anatomy, chi, changed):
    (name, values), inside = next(iter(changed.items())), anatomy.brain
    one, two, three = (phase_of(anatomy, chi, **{name: value})[inside] for value in values)
    assert abs(wrapped(two - one)).max() > 1
    assert abs(wrapped((three - two) - (two - one))).max() < 1e-3


def test_one_ppb_is_the_phase_of_the_textbook():
    assert Echo(time_ms=35, tesla=3).rad_per_ppb == pytest.approx(0.0281, abs=1e-4)
    assert Echo(time_ms=20, tesla=3).rad_per_ppb == pytest.approx(0.0161, abs=1e-4)


def test_noise_of_phase_is_one_over_snr(anatomy, chi):
    quiet, loud = (
        gradient_echo(chi, 0 * chi, anatomy, Echo(snr=snr), np.random.default_rng(2))[1] for snr in (1e9, 25)
    )
    white = (anatomy.tissues[1] > 0.95) & (anatomy.surface_mm < -20)
    assert wrapped(loud - quiet)[white].std() == pytest.approx(1 / 25, rel=0.15)


def test_iron_shortens_the_signal_and_air_destroys_it(anatomy, chi, silent):
    iron = (chi > 60) & (anatomy.surface_mm < -15)
    grey = (anatomy.tissues[0] > 0.9) & (chi < 25) & (anatomy.surface_mm < -15)
    assert silent.magnitude[iron].mean() < 0.9 * silent.magnitude[grey].mean()
    low = anatomy.lattice.upsample(anatomy.mni_mm[2]) < -20
    edge = anatomy.brain & (anatomy.surface_mm > -8)
    assert silent.magnitude[edge & low].min() < 0.3 * np.median(silent.magnitude[edge])


def test_the_field_of_the_air_is_harmonic_in_the_brain_and_shimmed(anatomy):
    from scipy import ndimage

    field = background_field(anatomy, (0, 0, 1))
    deep = anatomy.lattice.at_knots(anatomy.surface_mm) < -15
    curvature = np.diff(field, 2, axis=2)[:, :, :]
    assert ndimage.laplace(field)[deep].std() < 0.1 * curvature[deep[:, :, 1:-1]].std()
    again = shim(field, anatomy.lattice.coordinates_mm(), anatomy.lattice.at_knots(anatomy.surface_mm) < 0)
    np.testing.assert_allclose(again, field, atol=0.01)


def test_without_noise_the_pipeline_returns_the_tissue(anatomy, chi, silent):
    known = silent.chi != 0
    assert known.sum() > 0.6 * anatomy.brain.sum()
    assert np.corrcoef(silent.chi[known], chi[known])[0, 1] > 0.7
    assert not silent.chi[~anatomy.brain].any()


def test_wrapped_and_highpass_phase_lie_within_half_a_turn(silent):
    for phase in (silent.wrapped, silent.highpass):
        assert abs(phase).max() <= np.pi + 1e-5
    assert silent.magnitude.dtype == np.uint16


def place(count: int = 80) -> np.ndarray:
    return np.stack(np.meshgrid(*[np.arange(count) - count / 2 + 0.25] * 3, indexing="ij")).astype(np.float32)


def ball(centre: tuple[float, float, float], radius: float) -> np.ndarray:
    away = np.linalg.norm(place() - np.reshape(centre, (3, 1, 1, 1)), axis=0)
    return np.clip(radius - away + 0.5, 0, 1)


def test_sources_outside_the_mask_leave_the_local_field_and_wraps_do_no_harm():
    inside, outside = ball((4, 0, 0), 4), ball((0, 0, 35), 4)
    mask = ball((0, 0, 0), 24) > 0.5
    own, foreign = dipole_field(inside, (1, 1, 1)), dipole_field(outside, (1, 1, 1))
    turn = 40 * foreign + 0.3 * own + 2.5
    assert (abs(turn)[mask] > np.pi).any()
    found, known = local_field(wrapped(turn), mask, (1, 1, 1))
    core = known & (ball((0, 0, 0), 20) > 0.5)
    error = (found - 0.3 * own)[core]
    assert np.sqrt(np.mean(error**2)) < 0.005 * np.std(40 * foreign[core])
    assert np.corrcoef(found[core], own[core])[0, 1] > 0.95


def test_a_constant_phase_has_no_local_field():
    mask = ball((0, 0, 0), 20) > 0.5
    found, _ = local_field(np.full(mask.shape, 1.2, np.float32), mask, (1, 1, 1))
    assert abs(found).max() < 1e-4


def test_homodyne_keeps_what_is_fine_and_drops_what_is_smooth():
    x = np.arange(96, dtype=np.float32)[:, None, None] + np.zeros((96, 96, 4), np.float32)
    smooth, fine = 3 * np.sin(x / 25), 0.3 * np.cos(2 * np.pi * x / 4)
    kept = homodyne(np.ones_like(x), wrapped(smooth + fine), (1, 1, 1))[16:80]
    assert np.std(kept - fine[16:80]) < 0.05


def test_places_where_phase_wraps_unseen_leave_the_mask():
    x = np.arange(60, dtype=np.float32)[:, None, None] + np.zeros((60, 8, 8), np.float32)
    calm = steady(wrapped(np.where(x < 30, 0.2 * x, 6 + 2.5 * (x - 30))))
    assert calm[3:27].all()
    assert not calm[33:57].any()
