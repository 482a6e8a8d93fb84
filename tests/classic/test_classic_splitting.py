"""One mask into lesions: two blobs that have grown together, specks, plates, nothing at all."""

from __future__ import annotations

import numpy as np
import pytest

from radiorim.blocks import Given, LesionMap, Split, SplitFound, Subtraction, VoxelBoost
from radiorim.case import Case
from radiorim.classic.splitting import METHODS
from radiorim.errors import DataError, UnknownName, UsageError
from radiorim.volume import Volume

SHAPE = (40, 24, 24)
ANY = Split(method="hessian", least_component=0, least_centre=1)


def blobs(*centres: float, sigma: float = 2.5, spacing: tuple[float, ...] = (1, 1, 1)) -> Volume:
    """Gaussian bumps of height 1 along the first axis; `centres` in voxels."""
    i, j, k = np.ogrid[tuple(slice(n) for n in SHAPE)]
    away = (j - 12) ** 2 + (k - 12) ** 2
    image = np.max([np.exp(-((i - at) ** 2 + away) / (2 * sigma**2)) for at in centres], axis=0)
    return Volume(image.astype(np.float32), np.diag([*spacing, 1.0]))


def mask_of(volume: Volume, level: float = 0.2) -> Volume:
    return volume.like(volume.data > level)


@pytest.mark.parametrize("apart", range(6, 13))
def test_hessian_centres_part_two_blobs_that_connected_components_leave_as_one(apart):
    probability = blobs(12, 12 + apart)
    mask = mask_of(probability, 0.05)
    assert len(Split(method="cc26")(mask)) == 1
    found = Split(method="hessian", smooth_mm=0)(mask, probability)
    assert len(found) == 2
    assert sorted(found.table.x_mm) == pytest.approx([12, 12 + apart], abs=1.5)
    assert found.table.volume_mm3.sum() == np.count_nonzero(mask.data)


@pytest.mark.parametrize("method", ["hessian", "watershed"])
@pytest.mark.parametrize("apart", [7, 8])
def test_a_mask_alone_is_parted_at_its_waist(method, apart):
    mask = mask_of(blobs(12, 12 + apart), 0.25)
    assert len(Split(method="cc26")(mask)) == 1
    found = Split(method=method)(mask)
    assert len(found) == 2
    middle = 12 + apart / 2
    sides = [found.labels.data[: int(middle)], found.labels.data[int(middle) + 1 :]]
    assert [len(np.unique(side[side > 0])) for side in sides] == [1, 1]


@pytest.mark.parametrize("method", ["hessian", "watershed"])
def test_one_ball_stays_one_lesion(method):
    assert len(Split(method=method)(mask_of(blobs(15), 0.2))) == 1


@pytest.mark.parametrize("spacing", [(0.5, 0.5, 2.0), (2.0, 2.0, 2.0), (1.0, 1.0, 3.0)])
def test_the_centres_do_not_depend_on_the_size_of_the_voxels(spacing):
    probability = blobs(12, 21, spacing=spacing)
    split = Split(method="hessian", smooth_mm=0, least_component=0, least_centre=1)
    assert len(split(mask_of(probability, 0.05), probability)) == 2


def test_a_component_without_a_centre_stays_one_lesion():
    saddle = blobs(12, 20)
    mask = saddle.like(np.zeros(SHAPE, bool))
    mask.data[15:18, 11:14, 11:14] = True
    found = Split(method="hessian", smooth_mm=0, least_component=0, least_centre=100)(mask, saddle)
    assert len(found) == 1
    assert found.table.volume_mm3.tolist() == [27]


def test_small_components_go_and_the_limit_grows_with_the_voxels_in_a_cubic_mm():
    labels = np.zeros(SHAPE, np.int32)
    labels[2:4, 2:4, 2:4], labels[10:13, 10:13, 10:13] = 1, 2

    def volumes(edge: float) -> list[float]:
        mask = Volume(labels, np.diag([edge] * 3 + [1.0]))
        return Split(method="hessian", least_centre=1)(mask).table.volume_mm3.tolist()

    assert volumes(1.0) == [27.0]
    # 20 x ceil((1 / 0.5)^3) = 160 voxels: neither is large enough.
    assert volumes(0.5) == []
    assert len(ANY(Volume(labels, np.eye(4)))) == 2


@pytest.mark.parametrize("method", METHODS)
def test_nothing_gives_an_empty_table_and_one_voxel_one_lesion(method):
    split = Split(method=method, least_component=0, least_centre=1)
    data = np.zeros(SHAPE, np.uint8)
    empty = split(Volume(data.copy(), np.eye(4)))
    assert len(empty) == 0
    assert not empty.labels.data.any()
    data[0, 0, 0] = 1
    assert split(Volume(data, np.eye(4))).table.volume_mm3.tolist() == [1.0]


@pytest.mark.parametrize("method", METHODS)
def test_a_plate_at_the_edge_of_a_grid_of_one_slice_is_split_without_error(method):
    data = np.zeros((12, 12, 1), np.int32)
    data[:5, :5] = 1
    found = Split(method=method, least_component=0, least_centre=1)(Volume(data, np.eye(4)))
    assert found.table.volume_mm3.sum() == 25


def test_every_voxel_keeps_to_its_own_component():
    probability = blobs(8, 16, 30)
    mask = mask_of(probability, 0.2)
    parts = Split(method="cc26")(mask).labels.data
    for method in ("hessian", "watershed"):
        split = Split(method=method)(mask).labels.data
        assert ((split > 0) == mask.data).all()
        for number in np.unique(split[split > 0]):
            assert len(np.unique(parts[split == number])) == 1


def test_given_keeps_the_numbers_of_a_label_map_and_connectivity_does_not():
    labels = np.zeros(SHAPE, np.int32)
    labels[2:4, 2:4, 2:4], labels[4:6, 4:6, 4:6] = 9, 4
    volume = Volume(labels, np.eye(4))
    assert Split()(volume).numbers == [4, 9]
    counts = {name: len(Split(method=name)(volume)) for name in ("cc6", "cc18", "cc26")}
    assert counts == {"cc6": 2, "cc18": 2, "cc26": 1}


def test_given_lesions_can_be_split_again():
    mask = mask_of(blobs(12, 22), 0.1)
    case = Case(id="sub-01", person="sub-01", images={}, masks={"lesions": mask})
    assert len(Given(connectivity=26)(case)) == 1
    assert len(Given(split=Split("hessian"))(case)) == 2


def test_any_finder_can_be_split_again():
    rng = np.random.default_rng(3)
    first, second = rng.normal(0, 0.1, (2, *SHAPE)).astype(np.float32)
    before = blobs(12).like(first)
    images = {"flair0": before, "flair": before.like(second + blobs(12, 20).data)}
    brain = before.like(np.ones(SHAPE, bool))
    case = Case(id="sub-01", person="sub-01", images=images, masks={"brain": brain})
    find = Subtraction(sigmas=8.0)
    assert len(find(case)) == 1, "one threshold melts them"
    again = SplitFound(find=find, split=Split("hessian")).fit([case], seed=0)(case)
    assert len(again) == 2
    assert "peak_sd" not in again.table


def test_a_finder_that_has_to_be_trained_cannot_be_split_again():
    with pytest.raises(
        UsageError, match=r"cannot split what VoxelBoost finds, because that has to be trained"
    ):
        SplitFound(VoxelBoost())


def test_a_lesion_map_gives_liberal_candidates_and_divides_them():
    faint = blobs(10, 20)
    images = {"lesion_probability": faint.like(faint.data * np.float32(0.4))}
    case = Case(id="sub-01", person="sub-01", images=images)
    assert len(LesionMap()(case)) == 2
    assert len(LesionMap(threshold=0.45)(case)) == 0
    wrong = case.with_(images={"lesion_probability": faint.like(faint.data * 100)})
    with pytest.raises(DataError, match=r"lesion_probability goes from .* a probability is in 0..1"):
        LesionMap()(wrong)


def test_a_probability_on_another_grid_and_an_unknown_method_are_refused():
    mask = mask_of(blobs(12))
    other = Volume(np.zeros((3, 3, 3), np.float32), np.eye(4))
    with pytest.raises(DataError, match=r"the mask .* and the probability .* are not on one grid"):
        Split("hessian")(mask, other)
    with pytest.raises(UnknownName, match=r"no splitting method named 'hesian'\. Did you mean 'hessian'"):
        Split("hesian")
    with pytest.raises(UsageError, match="smooth_mm must not be negative"):
        Split(smooth_mm=-1)
