from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from radiorim.case import Case
from radiorim.lesions import Lesions
from radiorim.report.case_view import case_view
from radiorim.report.pictures import outline, sample
from radiorim.report.slices import AXIAL, CORONAL, SAGITTAL, Layer, canonical, plane, scene
from radiorim.volume import Volume

ORIENTATIONS = {
    "RAS": np.diag([1.0, 2.0, 3.0, 1.0]),
    "LPS": np.diag([-1.0, -2.0, 3.0, 1.0]),
    "PIR": np.array([[0, 0, 3.0, 0], [-1.0, 0, 0, 0], [0, -2.0, 0, 0], [0, 0, 0, 1]]),
}


def marked(affine: np.ndarray, place_mm: tuple[float, float, float]) -> Volume:
    """A volume centred on the origin whose voxel nearest to a place is 1."""
    shape = (9, 11, 13)
    affine = affine.copy()
    affine[:3, 3] = -affine[:3, :3] @ ((np.array(shape) - 1) / 2)
    data = np.zeros(shape, dtype=np.float32)
    empty = Volume(data, affine)
    data[tuple(np.rint(empty.to_voxels(np.array([place_mm]))[0]).astype(int))] = 1
    return empty


@pytest.mark.parametrize("name", ORIENTATIONS)
def test_the_left_of_the_patient_is_on_the_right_of_the_picture_whatever_the_axes_of_the_file(name):
    data = canonical(marked(ORIENTATIONS[name], (-4.0, 4.0, 6.0))).data
    i, j, k = np.argwhere(data)[0]
    for axis, index in ((AXIAL, k), (CORONAL, j)):
        shown = plane(data, axis, int(index))
        assert np.argwhere(shown)[0][1] > shown.shape[1] / 2
    axial, coronal, sagittal = plane(data, AXIAL, k), plane(data, CORONAL, j), plane(data, SAGITTAL, i)
    assert np.argwhere(axial)[0][0] < axial.shape[0] / 2, "anterior is up"
    assert np.argwhere(coronal)[0][0] < coronal.shape[0] / 2, "superior is up"
    assert np.argwhere(sagittal)[0][1] < sagittal.shape[1] / 2, "anterior is left"


def test_thick_slices_keep_their_shape_in_mm(make_head):
    flair, brain, lesions = make_head()
    shown = scene(Case("a", "a", {"flair": flair}, {"brain": brain}), lesions, "rim")
    cut = shown.whole(CORONAL, 26, margin_mm=0)
    columns, rows = (np.flatnonzero(brain.data.any(axis=axes)).size for axes in ((1, 2), (0, 1)))
    assert (cut.width, cut.height) == (columns * 1.5, rows * 3.0)
    pixels = sample(shown.layers["flair"], shown, cut, pixels=200)
    assert pixels.shape[1] / pixels.shape[0] == pytest.approx(cut.width / cut.height, rel=0.02)


@pytest.mark.parametrize("flip", [1.0, -1.0])
def test_a_close_up_is_centred_on_its_lesion_and_its_outline_fits(make_head, flip):
    affine = np.diag([flip * 1.5, 1.5, 3.0, 1.0])
    flair, _, lesions = make_head(affine)
    shown = scene(Case("a", "a", {"flair": flair}), lesions, "rim")
    voxels = np.argwhere(shown.labels == 3)
    cut = shown.around(voxels.mean(axis=0), AXIAL, 30.0)
    path = outline(shown.labels == 3, shown, cut)
    points = np.array([p.split() for p in path[1:-1].split("L")], dtype=float)
    assert points.mean(axis=0) == pytest.approx([15, 15], abs=0.6)
    size = points.max(axis=0) - points.min(axis=0)
    assert size == pytest.approx((np.ptp(voxels, axis=0)[:2] + 1) * 1.5, abs=1e-2)
    pixels = sample(shown.layers["flair"], shown, cut, pixels=90)
    assert pixels[40:50, 40:50].mean() > pixels[:20].mean() + 50, "the lesion is the bright middle"


def test_a_close_up_over_the_edge_of_the_image_is_filled_with_black(make_head):
    flair, _, lesions = make_head()
    shown = scene(Case("a", "a", {"flair": flair.like(flair.data + 500)}), lesions, "rim")
    pixels = sample(shown.layers["flair"], shown, shown.around(np.zeros(3), AXIAL, 40.0), pixels=80)
    assert pixels.shape == (80, 80)
    assert (pixels[:, 60:] == 0).all(), "right of the patient's left edge there is nothing"


def test_nan_and_constant_images_can_be_shown():
    grid = Volume(np.full((4, 4, 4), np.nan, dtype=np.float32), np.eye(4))
    lesions = Lesions.from_labels(grid.like(np.zeros((4, 4, 4), dtype=int)))
    shown = scene(Case("a", "a", {"flair": grid, "t1": grid.like(np.ones((4, 4, 4)))}), lesions, "rim")
    assert set(shown.layers) == {"flair", "t1"}
    assert Layer(grid.data, 0, 1).grey(grid.data).max() == 0


def test_an_image_on_another_grid_is_left_out_and_said(make_head):
    flair, brain, lesions = make_head()
    other = Volume(flair.data[:-1], flair.affine)
    masks = {"brain": brain.like(brain.data & False)}
    shown = scene(Case("a", "a", {"flair": flair, "t1": other}, masks), lesions, "rim")
    assert list(shown.layers) == ["flair"]
    assert "t1 is on another grid" in shown.left_out[0]
    assert "brain mask is empty" in shown.left_out[1]


def test_the_difference_does_not_depend_on_the_scale_of_either_visit(make_head):
    flair, brain, lesions = make_head()
    visits = {"flair0": flair.like(flair.data * 7 + 30), "flair": flair}
    shown = scene(Case("a", "a", visits, {"brain": brain}), lesions, "rim")
    assert np.abs(shown.layers["difference"].data[shown.inside]).max() < 1e-3


@pytest.mark.parametrize(("task", "outlined"), [("new-lesion", [1, 2]), ("rim", [2, 3])])
def test_the_outlined_truth_is_that_of_the_task(make_case_report, make_recipe, task, outlined):
    report = make_case_report(recipe=make_recipe(task))
    truth = report.lesions.with_columns(status=["new", "new", "stable", "stable"], rim=[0, 1, 1, 0])
    shown = case_view(replace(report, case=report.case.with_(truth=lambda: truth))).scene
    assert np.unique(shown.labels[shown.truth]).tolist() == outlined
