"""Published rules about place, tissue and shape, voxel by voxel on boxes whose answer is known."""

from __future__ import annotations

import numpy as np
import pytest

from radiorim.blocks import (
    AboveMean,
    ByInformation,
    InclusionArea,
    InWhiteMatter,
    Ratio,
    ShapeAtLeast,
    TouchesNothing,
)
from radiorim.case import Case
from radiorim.classic.area import mutual_information, old_lesions
from radiorim.errors import DataError, UnknownName, UsageError
from radiorim.lesions import Lesions
from radiorim.volume import Volume

SHAPE = (20, 20, 20)


def box(*corners: tuple[int, int], value: float = 1.0, base: float = 0.0) -> np.ndarray:
    """`value` from corner to corner along all three axes, `base` elsewhere."""
    data = np.full(SHAPE, base, np.float32)
    for low, high in corners:
        data[low:high, low:high, low:high] = value
    return data


def case_of(**images: np.ndarray) -> Case:
    grid = Volume(np.ones(SHAPE, bool), np.eye(4))
    return Case(
        id="sub-01",
        person="sub-01",
        images={name: grid.like(data.astype(np.float32)) for name, data in images.items()},
        masks={"brain": grid},
    )


def atlas(csf: np.ndarray, gm: np.ndarray) -> dict[str, np.ndarray]:
    return {"prior_csf": csf, "prior_gm": gm, "prior_wm": 1 - csf - gm}


def lesions_of(*corners: tuple[int, int]) -> Lesions:
    labels = sum(number * box(corner) for number, corner in enumerate(corners, start=1))
    return Lesions.from_labels(Volume(labels.astype(np.int32), np.eye(4)))


def test_above_mean_is_mean_and_plain_sd_of_the_brain_and_small_clusters_go():
    change = np.random.default_rng(0).normal(0.5, 1, SHAPE)
    change[4:7, 4:7, 4:7], change[12, 12, 12] = 30, 30
    case = case_of(flair0=np.zeros(SHAPE), flair=change)
    level = change.mean() + 5 * change.std()
    found = AboveMean(sds=5.0, least_voxels=5)(case)
    assert found.table.volume_mm3.tolist() == [27]
    assert found.table.peak_sd.tolist() == pytest.approx([(30 - change.mean()) / change.std()])
    assert np.count_nonzero(change > level) == 28
    assert len(AboveMean(sds=5.0, least_voxels=1)(case)) == 2


def test_a_cluster_stays_whole_if_it_survives_the_erosion_and_goes_if_it_does_not():
    change = np.zeros(SHAPE)
    change[4:7, 4:7, 4:7] = 10
    change[5, 5, 7:12] = 10
    change[14:16, 10:16, 10:16] = 10
    case = case_of(flair0=np.zeros(SHAPE), flair=change)
    found = AboveMean(sds=1.0, erosions=1)(case)
    assert found.table.volume_mm3.tolist() == [32]
    assert len(AboveMean(sds=1.0, erosions=0)(case)) == 2


def test_two_equal_visits_and_a_constant_shift_give_nothing():
    image = np.random.default_rng(1).normal(0, 1, SHAPE)
    for shift in (0.0, 3.0):
        assert len(AboveMean(sds=1.0)(case_of(flair0=image, flair=image + shift))) == 0


def test_the_area_leaves_out_the_edge_the_ventricles_and_what_was_bright_before():
    before = np.random.default_rng(2).normal(0, 0.1, SHAPE) + box((12, 15), value=20)
    ventricle = box((4, 11))
    sulcus = np.zeros(SHAPE, np.float32)
    sulcus[16] = 1
    case = case_of(flair0=before, flair=before, **atlas(np.maximum(ventricle, sulcus), np.zeros(SHAPE)))
    area = InclusionArea(baseline_sds=1.0, brain_erosions=1, ventricle_erosions=2)(case)
    assert not area[0].any()
    assert not area[6:9, 6:9, 6:9].any()
    assert area[4, 4, 4], "two erosions take two voxels off the ventricle"
    assert area[16, 5, 5], "fluid one voxel thick is a sulcus"
    assert not area[12:15, 12:15, 12:15].any()
    assert 0.6 < area.mean() < 0.75


def test_without_priors_the_error_names_the_one_that_is_missing():
    case = case_of(flair0=box((4, 6)), flair=box((4, 9)))
    with pytest.raises(DataError, match="sub-01 has no image 'prior_csf'"):
        AboveMean(area=InclusionArea())(case)


def test_mutual_information_is_high_for_one_image_and_near_nothing_for_two():
    rng = np.random.default_rng(3)
    one, other = rng.normal(size=(2, 40_000))
    assert mutual_information(one, other) < 0.02
    assert mutual_information(one, -3 * one + 7) > 2.5
    noisy = [mutual_information(one, one + sd * other) for sd in (0.1, 0.5, 2.0)]
    assert noisy == sorted(noisy, reverse=True)
    # Two normal variables of correlation r share -log(1 - r^2) / 2 nats.
    assert noisy[1] == pytest.approx(-0.5 * np.log(1 - 1 / 1.25), abs=0.04)


def test_poor_agreement_asks_for_more_standard_deviations():
    rng = np.random.default_rng(4)
    image, noise = rng.normal(size=(2, *SHAPE))
    rule = ByInformation(sds_good=3.0, sds_poor=4.5, good=0.8, poor=0.3)
    asked = [rule(case_of(flair0=image, flair=image + sd * noise)) for sd in (0.01, 0.6, 5.0)]
    assert asked[0] == 3.0
    assert 3.0 < asked[1] < 4.5
    assert asked[2] == 4.5
    with pytest.raises(UsageError, match="must be below that of a good one"):
        ByInformation(good=0.3, poor=0.3)


def test_white_matter_is_asked_of_a_tenth_of_the_voxels():
    gm = box((2, 6), (10, 14))
    gm[10, 10, 10:14] = gm[10, 11, 10:13] = 0
    case = case_of(flair=np.zeros(SHAPE), **atlas(np.zeros(SHAPE), gm))
    found = lesions_of((2, 6), (10, 14), (16, 18))
    assert InWhiteMatter(share=0.1)(case, found).numbers == [2, 3]
    assert InWhiteMatter(share=0.2)(case, found).numbers == [3]


def test_one_voxel_of_fluid_grey_or_an_old_lesion_beside_it_drops_a_lesion():
    csf, gm, before = np.zeros(SHAPE), np.zeros(SHAPE), np.random.default_rng(5).normal(0, 1, SHAPE)
    csf[6, 4, 4] = 1
    gm[13, 13, 13] = 1
    before[2, 18, 18] = 50
    case = case_of(flair0=before, flair=before, **atlas(csf, gm))
    found = lesions_of((3, 6), (10, 13), (15, 18))
    assert TouchesNothing(old_lesion_sds=5.0)(case, found).numbers == [3]
    assert TouchesNothing(tissues=("csf",), old_lesion_sds=5.0)(case, found).numbers == [2, 3]
    assert TouchesNothing(share=0.02, old_lesion_sds=5.0)(case, found).numbers == [1, 2, 3]
    before[18, 16, 16] = 50
    assert TouchesNothing(old_lesion_sds=5.0)(case_of(flair0=before, **atlas(csf, gm)), found).numbers == []
    assert old_lesions(case_of(flair0=before, **atlas(csf, gm)), sds=5.0).data.sum() == 2


def test_shape_rules_ask_one_feature_and_know_its_name():
    found = lesions_of((2, 6), (10, 12))
    case = case_of(flair=np.zeros(SHAPE))
    assert ShapeAtLeast("voxel_count", 27)(case, found).numbers == [1]
    assert ShapeAtLeast("least_axis_length", 2.0)(case, found).numbers == [1, 2]
    assert ShapeAtLeast("least_axis_length", 2.1)(case, found).numbers == [1]
    assert len(ShapeAtLeast("elongation", 0.0)(case, lesions_of((2, 3)))) == 0
    with pytest.raises(UnknownName, match="no shape feature named 'least_axis'"):
        ShapeAtLeast("least_axis", 1.2)


@pytest.mark.parametrize("rule", [InWhiteMatter(), TouchesNothing(), ShapeAtLeast()])
def test_no_lesions_stay_no_lesions(rule):
    nothing = np.zeros(SHAPE)
    case = case_of(flair0=nothing, flair=nothing, **atlas(nothing, nothing))
    none = Lesions.from_labels(Volume(nothing.astype(np.int32), np.eye(4)))
    assert len(rule(case, none)) == 0


def test_a_ratio_can_keep_off_the_edge_of_the_brain():
    after = box((0, 3), (8, 11), value=200, base=100)
    case = case_of(flair0=np.full(SHAPE, 100), flair=after)
    brain = case.masks["brain"].like(box((1, 19)) > 0)
    case = case.with_(masks={"brain": brain})
    assert len(Ratio(opening_mm=0)(case)) == 2
    assert Ratio(opening_mm=0, edge_mm=2.0)(case).table.volume_mm3.tolist() == [27]
