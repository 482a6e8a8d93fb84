from __future__ import annotations

import numpy as np
import pytest

from radiorim.case import Case, Placement
from radiorim.errors import DataError, UsageError
from radiorim.features.mni import load_template
from radiorim.features.place import MniPlace, TissueDistance
from radiorim.lesions import Lesions
from radiorim.volume import Volume


def with_mask(scene, labels, mask, spacing=(1.0, 1.0, 1.0), name="ventricles"):
    case, lesions = scene(labels, spacing)
    return case.with_(masks={name: lesions.labels.like(mask)}), lesions


def test_distances_to_a_mask_are_in_mm_and_0_inside(scene):
    labels, mask = np.zeros((14, 8, 8)), np.zeros((14, 8, 8), dtype=bool)
    mask[1:5, 2:6, 2:6] = True
    labels[7:9, 3, 3], labels[4:6, 4, 4], labels[2, 3, 7] = 1, 2, 3
    frame = TissueDistance("ventricles")(*with_mask(scene, labels, mask, (1.0, 1.0, 2.0)))
    frame = frame.rename(columns=lambda name: name.removeprefix("mask_location_ventricles_"))
    assert frame["min_mm"].tolist() == pytest.approx([3, 0, 4])
    assert frame["mean_mm"].tolist() == pytest.approx([3.5, 0.5, 4])
    assert frame["overlap"].tolist() == [0, 0.5, 0]


def test_distances_equal_a_search_over_all_pairs(scene):
    rng = np.random.default_rng(4)
    mask = rng.random((9, 10, 11)) < 0.2
    labels = np.zeros(mask.shape)
    labels[2:4, 3:5, 5], labels[8, 9, 10] = 1, 2
    spacing = np.array([0.7, 1.0, 1.9])
    frame = TissueDistance("gm")(*with_mask(scene, labels, mask, tuple(spacing), "gm"))
    for lesion in (1, 2):
        away = (np.argwhere(labels == lesion)[:, None] - np.argwhere(mask)) * spacing
        nearest = np.linalg.norm(away, axis=2).min(axis=1)
        assert frame.loc[lesion, "mask_location_gm_min_mm"] == pytest.approx(nearest.min())
        assert frame.loc[lesion, "mask_location_gm_mean_mm"] == pytest.approx(nearest.mean())


def test_a_missing_or_an_empty_mask_is_an_error_and_no_zero(scene):
    labels = np.ones((3, 3, 3))
    with pytest.raises(DataError, match="no mask 'csf'"):
        TissueDistance("csf")(*scene(labels))
    with pytest.raises(DataError, match="'csf' of sub-01 is empty"):
        TissueDistance("csf")(*with_mask(scene, labels, np.zeros((3, 3, 3)), name="csf"))


def test_a_mask_that_cannot_name_columns_is_refused():
    with pytest.raises(UsageError, match="cannot name columns"):
        TissueDistance("Grey-Matter")


@pytest.fixture
def in_mni():
    """A function of RAS mm that gives a case with one small lesion around each, on a grid of 2 mm."""

    def build(*centres_mm, shift_mm=(0, 0, 0), **fields):
        affine = np.diag([2.0, 2, 2, 1])
        affine[:3, 3] = np.array((-98, -134, -72)) - shift_mm
        labels = Volume(np.zeros((99, 117, 95), dtype=np.int32), affine)
        for number, centre in enumerate(centres_mm, start=1):
            i, j, k = np.rint(labels.to_voxels(np.array([centre]) - shift_mm)[0]).astype(int)
            labels.data[i - 1 : i + 2, j, k] = number
        return Case("sub-01", "01", {}, **fields), Lesions.from_labels(labels)

    return build


SOURCES = {"flair": "/data/sub-01/anat/sub-01_space-MNI152NLin2009cAsym_FLAIR.nii.gz"}


def test_places_of_known_anatomy_are_where_the_template_has_them(in_mni):
    # Beside the body of the right ventricle, left deep white matter, and inside the right ventricle.
    frame = MniPlace()(*in_mni((28, -20, 24), (-26, 20, 28), (14, -20, 20), sources=SOURCES))
    frame = frame.rename(columns=lambda name: name.removeprefix("mask_location_mni_"))
    assert frame[["right_mm", "anterior_mm", "superior_mm"]].loc[1].tolist() == [28, -20, 24]
    assert frame["lateral_mm"].tolist() == [28, 26, 14]
    assert 2 < frame.loc[1, "ventricles_mm"] < 12
    assert frame.loc[3, "ventricles_mm"] == 0
    assert (frame["grey_mm"] > 2).all()


def test_the_templates_ventricles_are_a_pair_of_the_right_size():
    inside = load_template().ventricles
    voxels = inside.to_mm(np.argwhere(inside.data == 0))
    assert 5 < (voxels[:, 0] > 0).sum() * inside.voxel_mm3 / 1000 < 15
    assert 5 < (voxels[:, 0] < 0).sum() * inside.voxel_mm3 / 1000 < 15
    assert (np.abs(voxels[:, 0]) < 40).all()


def test_a_case_that_does_not_say_that_it_is_in_mni_space_gets_no_coordinates(in_mni):
    native = {"flair": "/data/space-MNI152/sub-01_FLAIR.nii.gz"}
    with pytest.raises(DataError, match=r"sub-01 does not say that it lies in MNI space.*invented"):
        MniPlace()(*in_mni((28, -20, 24), sources=native))
    assert len(MniPlace(declared=True)(*in_mni((28, -20, 24), sources=native))) == 1


def test_a_case_on_a_working_grid_is_taken_back_to_its_own(in_mni):
    to_native = np.eye(4)
    to_native[:3, 3] = (10, 20, -30)
    case, lesions = in_mni((28, -20, 24), shift_mm=(10, 20, -30), sources=SOURCES)
    placed = case.with_(placement=Placement(lesions.labels, to_native))
    frame = MniPlace()(placed, lesions)
    assert frame.loc[1].tolist()[:3] == [28, -20, 24]


def test_a_claim_of_mni_space_is_checked_against_the_templates_brain(in_mni):
    with pytest.raises(DataError, match="outside of the MNI template's brain"):
        MniPlace()(*in_mni((90, 70, 100), (-90, 80, 100), sources=SOURCES))


def test_no_lesion_needs_no_template(in_mni):
    assert MniPlace()(*in_mni(sources=SOURCES)).shape == (0, 6)
