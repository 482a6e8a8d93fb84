from __future__ import annotations

import logging

import numpy as np
import pytest

from radiorim.case import Case, Lazy
from radiorim.errors import DataError, UsageError
from radiorim.lesions import Lesions
from radiorim.prepare.resample import Resample, field_of_view, grid_around, labels_to, resample
from radiorim.volume import Volume

FINE = Volume(np.zeros((24, 20, 16), dtype=np.float32), np.diag([1.0, 1.0, 1.0, 1.0]))
COARSE = Volume(np.zeros((8, 7, 4), dtype=np.float32), np.diag([3.0, 3.0, 4.0, 1.0]))


def shift(x, y, z):
    matrix = np.eye(4)
    matrix[:3, 3] = (x, y, z)
    return matrix


@pytest.fixture
def ramp():
    i, j, k = np.indices(FINE.shape)
    return FINE.like((i + 2 * j + 3 * k).astype(np.float32))


def test_a_linear_ramp_survives_linear_resampling_exactly(ramp):
    moved = resample(ramp, COARSE, shift(0.5, 0, 0))
    seen = field_of_view(ramp, COARSE, shift(0.5, 0, 0))
    i, j, k = np.indices(COARSE.shape)
    assert moved.data[seen] == pytest.approx(((3 * i - 0.5) + 2 * 3 * j + 3 * 4 * k)[seen], abs=1e-4)
    assert seen.sum() == 7 * 7 * 4  # the first column lies half a voxel outside


def test_outside_the_field_of_view_values_are_zero(ramp):
    moved = resample(ramp.like(ramp.data + 1), FINE, shift(10, 0, 0))
    assert (moved.data[:9] == 0).all()
    assert (moved.data[10:] > 0).all()


def test_booleans_and_labels_keep_their_kind(ramp):
    assert resample(ramp.like(ramp.data > 20), COARSE, order=0).data.dtype == bool
    labels = resample(ramp.like(ramp.data.astype(np.int32)), COARSE, order=0)
    assert labels.data.dtype == np.int32
    assert (labels.data == ramp.data[::3, ::3, ::4]).all()


def test_an_oblique_grid_and_back_returns_a_smooth_image():
    from scipy.spatial.transform import Rotation

    i, j, k = np.indices((40, 40, 40)) - 19.5
    blob = Volume(np.exp(-(i**2 + j**2 + k**2) / 60).astype(np.float32), shift(-19.5, -19.5, -19.5))
    turn = np.eye(4)
    turn[:3, :3] = Rotation.from_euler("xyz", (20, -10, 30), degrees=True).as_matrix()
    oblique = Volume(blob.data, turn @ blob.affine)
    assert np.abs(resample(oblique, blob).data - blob.data)[8:-8, 8:-8, 8:-8].max() < 0.02


def test_volumes_that_do_not_overlap_are_refused_in_words(ramp):
    with pytest.raises(DataError, match="do not overlap: their headers place them"):
        resample(ramp, COARSE, shift(500, 0, 0))
    with pytest.raises(UsageError, match="order must be 0"):
        resample(ramp, COARSE, order=3)


def test_a_grid_around_points_covers_them_and_takes_no_memory():
    points = np.array([[-10.2, 5.0, 7.0], [30.9, 44.0, 12.0]])
    grid = grid_around(points, spacing_mm=2.0, margin_mm=3.0)
    assert (grid.affine[:3, 3] <= points.min(0) - 3).all()
    assert (grid.corners_mm().max(axis=0) >= points.max(0) + 3).all()
    assert grid.spacing == (2, 2, 2)
    assert grid.data.strides == (0, 0, 0)


@pytest.fixture
def three():
    """Lesion 7: a block; lesion 2: one voxel between coarse voxels; lesion 5: one voxel that 7 crowds out."""
    labels = np.zeros(FINE.shape, dtype=np.int32)
    labels[2:8, 2:8, 2:8] = 7
    labels[16, 16, 10] = 2
    labels[8, 5, 5] = 5
    lesions = Lesions.from_labels(FINE.like(labels))
    return lesions.keep(lambda t: t.lesion > 0).with_columns(score=[0.2, 0.5, 0.7])


def test_a_lesion_between_voxels_becomes_the_one_nearest_to_its_centre(three):
    moved = labels_to(three, COARSE)
    assert moved.labels.data[5, 5, 2] == 2
    assert (moved.labels.data == 2).sum() == 1


def test_columns_travel_with_their_lesion_and_geometry_is_measured_anew(three):
    moved = labels_to(three, COARSE)
    scores = dict(zip(moved.table.lesion, moved.table.score, strict=True))
    assert scores[2] == 0.2
    assert scores[7] == 0.7
    row = moved.table.set_index("lesion").loc[7]
    assert row.volume_mm3 == (moved.labels.data == 7).sum() * 36


def test_a_lost_lesion_whose_place_is_taken_is_dropped_with_a_warning(three, caplog):
    crowded = three.labels.data.copy()
    crowded[9, 6, 4] = 7
    crowded[8:11, 5:8, 3:5][crowded[8:11, 5:8, 3:5] == 0] = 7
    with caplog.at_level(logging.WARNING, logger="radiorim"):
        moved = labels_to(Lesions.from_labels(FINE.like(crowded)), COARSE)
    assert 5 not in moved.numbers
    assert "1 of 3 lesions have no voxel of their own on the grid of" in caplog.text
    assert caplog.text.rstrip().endswith("are left out: 5")


def test_there_and_back_by_a_rigid_matrix_keeps_every_lesion_in_place(three):
    matrix = shift(1.25, -0.5, 0.75)
    there = labels_to(three, grid_around(FINE.corners_mm(), spacing_mm=1.0, margin_mm=4.0), matrix)
    back = labels_to(there, FINE, np.linalg.inv(matrix))
    assert back.numbers == three.numbers
    for axis in ("x_mm", "y_mm", "z_mm"):
        assert back.table[axis].to_numpy() == pytest.approx(three.table[axis].to_numpy(), abs=1.01)


def test_no_lesions_stay_no_lesions_and_keep_their_columns(three):
    none = labels_to(three.keep(lambda t: t.lesion < 0), COARSE)
    assert len(none) == 0
    assert "score" in none.table.columns
    assert none.labels.shape == COARSE.shape


def test_resample_brings_all_onto_one_grid_and_reads_nothing_early(ramp, three):
    read = []

    def t1():
        read.append("t1")
        return ramp

    images = Lazy({"flair": lambda: COARSE, "t1": t1})
    case = Case("a", "a", images, {"brain": ramp.like(ramp.data > 20)}, truth=lambda: three)
    on_one = Resample("flair")(case)
    assert read == []
    assert on_one.image("t1").same_grid(COARSE)
    assert on_one.image("flair") is COARSE
    assert on_one.mask("brain").data.dtype == bool
    assert on_one.truth().labels.same_grid(COARSE)


def test_resample_onto_an_image_that_is_missing_names_it(ramp):
    with pytest.raises(DataError, match="a has no image 'chi'"):
        Resample("chi")(Case("a", "a", {"flair": ramp}))
