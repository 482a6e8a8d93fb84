from __future__ import annotations

import numpy as np
import pytest

from radiorim.case import Case
from radiorim.errors import DataError, UsageError
from radiorim.features.pattern import RimPattern
from radiorim.features.rim import Cones
from radiorim.lesions import Lesions
from radiorim.volume import Volume

SIDE, SPACING, RADIUS, THICK = 48, 0.6, 5.0, 1.3
"""A lesion of 5 mm with a rim of 1.3 mm in a grid of 0.6 mm."""


@pytest.fixture
def ball():
    """Distance from the centre in mm, and the voxels' directions as unit vectors (3, ...)."""
    offsets = (np.indices((SIDE,) * 3) - (SIDE - 1) / 2) * SPACING
    radius = np.linalg.norm(offsets, axis=0)
    return radius, offsets / radius


def pattern_of(ball, image, affine=None, **settings):
    affine = np.diag([SPACING] * 3 + [1.0]) if affine is None else affine
    labels = Volume((ball[0] <= RADIUS).astype(np.int32), affine)
    case = Case("c", "p", {"phase": Volume(image.astype(np.float32), affine)})
    frame = RimPattern(("phase",), **settings)(case, Lesions.from_labels(labels))
    return frame.rename(columns=lambda name: name.removeprefix("phase_layers_")).loc[1]


def ring(ball, height, where=True):
    return np.where((ball[0] <= RADIUS) & (ball[0] > RADIUS - THICK) & where, height, 0.0)


def field(chi, axis=2):
    """Local field of susceptibilities by the dipole's kernel, B0 along an axis of the array."""
    k = np.stack(np.meshgrid(*[np.fft.fftfreq(2 * SIDE)] * 3, indexing="ij"))
    square = (k**2).sum(axis=0)
    kernel = 1 / 3 - np.divide(k[axis] ** 2, square, out=np.full(square.shape, 1 / 3), where=square > 0)
    padded = np.pad(chi, ((0, SIDE),) * 3)
    return np.fft.ifftn(kernel * np.fft.fftn(padded)).real[:SIDE, :SIDE, :SIDE]


def test_a_closed_ring_is_complete_even_and_of_one_sign(ball):
    row = pattern_of(ball, ring(ball, 45.0))
    assert row[["ring_above", "ring_below"]].tolist() == [1, 0]
    assert row["ring_evenness_above"] > 0.99
    assert row["ring_variation"] < 0.1
    assert 30 < row["ring_contrast"] <= 45


def test_a_dark_ring_is_counted_below(ball):
    row = pattern_of(ball, ring(ball, -45.0))
    assert row[["ring_above", "ring_below"]].tolist() == [0, 1]
    assert row["ring_evenness_below"] > 0.99
    assert row["ring_evenness_above"] == 0


def test_half_a_ring_is_about_half_complete_and_less_even(ball):
    row = pattern_of(ball, ring(ball, 45.0, ball[1][0] > 0))
    assert 0.45 <= row["ring_above"] <= 0.65
    assert row["ring_evenness_above"] < 0.95
    assert row["ring_variation"] > 0.3


def test_a_solid_blob_has_no_ring(ball):
    row = pattern_of(ball, np.where(ball[0] <= RADIUS, 45.0, 0.0))
    assert row[["ring_above", "ring_below", "ring_contrast", "ring_variation"]].tolist() == [0, 0, 0, 0]


def test_a_ring_within_the_noise_of_the_surround_does_not_count(ball):
    noise = np.random.default_rng(2).normal(0, 20, ball[0].shape) * (ball[0] > RADIUS)
    weak = ring(ball, 15.0) + noise
    assert pattern_of(ball, weak, contrast_sd=1.0)["ring_above"] == 0
    assert pattern_of(ball, weak, contrast_sd=0.1)["ring_above"] == 1
    assert pattern_of(ball, weak)["ring_contrast_to_noise"] == pytest.approx(0.65, abs=0.15)


def test_the_field_of_a_solid_sphere_is_told_from_that_of_a_shell(ball):
    solid = pattern_of(ball, field(np.where(ball[0] <= RADIUS, 40.0, 0.0)), dipole=("phase",))
    shell = pattern_of(ball, field(ring(ball, 45.0)), dipole=("phase",))
    # Outside both look alike: bright at the poles and dark around the equator.
    assert solid["outside_dipole"] > 5
    assert shell["outside_dipole"] > 3
    assert solid["outside_equator_minus_pole"] < -10
    assert shell["outside_equator_minus_pole"] < -5
    # In the rim the shell has the other sign, by (dchi / 3) (i / r)^3.
    assert abs(solid["rim_dipole"]) < 2
    inner, middle = RADIUS - THICK, RADIUS - 0.5
    assert shell["rim_dipole"] == pytest.approx(-45 / 3 * (inner / middle) ** 3, rel=0.25)
    assert shell["rim_equator_minus_pole"] > 8
    assert shell["dipole_agreement"] < -0.8
    assert abs(solid["dipole_agreement"]) < 0.4


def test_the_sign_of_the_phase_does_not_change_the_agreement(ball):
    shell = field(ring(ball, 45.0))
    rows = [pattern_of(ball, sign * shell, dipole=("phase",)) for sign in (1, -1)]
    assert rows[0]["dipole_agreement"] == pytest.approx(rows[1]["dipole_agreement"])
    assert rows[0]["rim_dipole"] == pytest.approx(-rows[1]["rim_dipole"])
    assert rows[0]["ring_above"] == rows[1]["ring_below"]


def test_b0_is_the_scanners_z_whatever_the_order_of_the_axes(ball):
    image = field(ring(ball, 45.0), axis=0)
    # The array's first axis runs towards inferior, the others to anterior and left.
    affine = np.array([[0, 0, -1, 0], [0, 1, 0, 0], [-1, 0, 0, 0], [0, 0, 0, 0]]) * SPACING
    affine[3, 3] = 1
    turned = pattern_of(ball, image, affine, dipole=("phase",))
    straight = pattern_of(ball, image, dipole=("phase",), b0=(2.0, 0.0, 0.0))
    assert turned["rim_dipole"] == pytest.approx(straight["rim_dipole"])
    assert turned["rim_dipole"] < -5
    assert pattern_of(ball, image, dipole=("phase",))["rim_dipole"] > 2


@pytest.mark.parametrize("turn", [lambda a: np.rot90(a, axes=(0, 2)), lambda a: a[:, ::-1], np.transpose])
def test_turning_image_and_lesion_together_changes_no_ring(scene, turn):
    rng = np.random.default_rng(6)
    labels = np.zeros((15, 14, 13), dtype=np.int32)
    labels[3:11, 4:10, 3:10] = 1
    image = rng.normal(0, 30, labels.shape)
    one, other = (
        RimPattern(("chi",))(*scene(part, chi=picture))
        for part, picture in ((labels, image), (turn(labels), turn(image)))
    )
    np.testing.assert_allclose(one, other, rtol=1e-6)


def test_a_lesion_without_a_core_has_no_ring(scene):
    labels = np.zeros((9, 9, 9))
    labels[3:6, 3:6, 4] = 1
    case, lesions = scene(labels, chi=labels)
    assert RimPattern(("chi",))(case, lesions).isna().all(axis=None)


def test_every_column_is_explained_with_the_blocks_own_numbers(ball):
    block = RimPattern(("phase",), dipole=("phase",), contrast_sd=2.5, cone_degrees=15.0)
    meanings = block.dictionary([f"phase_layers_{name}" for name in ("ring_above", "dipole_agreement")])
    assert "c > 2.5 SD" in meanings["phase_layers_ring_above"]["description"]
    assert "within 15 degrees" in meanings["phase_layers_ring_above"]["description"]
    assert meanings["phase_layers_dipole_agreement"]["range"] == "-1 to 1"


@pytest.mark.parametrize(("steps", "count"), [(1, 26), (2, 98)])
def test_directions_are_different_and_come_in_opposite_pairs(steps, count):
    directions = Cones.to_neighbours(steps, 30.0).directions
    assert directions.shape == (count, 3)
    np.testing.assert_allclose(directions.sum(axis=0), 0, atol=1e-9)
    between = directions @ directions.T - 2 * np.eye(count)
    assert between.max() < 0.99


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"dipole": ("phase",)}, "dipole of 'phase'"),
        ({"b0": (0.0, 0.0, 0.0)}, "b0 must be a direction"),
        ({"cone_degrees": 0.0}, "cone_degrees from 0 to 90"),
        ({"width_mm": 0.0}, "width_mm above 0"),
    ],
)
def test_settings_that_make_no_sense_are_refused(settings, words):
    with pytest.raises(UsageError, match=words):
        RimPattern(("chi",), **settings)


def test_voxels_too_large_for_a_rim_are_refused(scene):
    case, lesions = scene(np.ones((3, 3, 3)), (3.0, 3.0, 3.0), chi=np.zeros((3, 3, 3)))
    with pytest.raises(DataError, match="thinner than half a voxel"):
        RimPattern(("chi",))(case, lesions)
