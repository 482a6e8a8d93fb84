"""Boosting voxel by voxel: the stencil, what is learned, and how it is kept."""

from __future__ import annotations

from dataclasses import replace

import little
import numpy as np
import pytest

from radiorim.blocks import AboveMean, HalfWayPair, VoxelBoost
from radiorim.case import Case
from radiorim.classic.stencil import stencil_rows
from radiorim.errors import DataError
from radiorim.volume import Volume

FIND = VoxelBoost(
    candidates=AboveMean(sds=2.0, connectivity=6), trees=30, patience=10, folds=2, background=2000
)


@pytest.fixture(scope="module")
def people() -> list[Case]:
    prepare = HalfWayPair(registered=True, n4=False, differential_bias=False)
    return [prepare(case) for case in little.cohort(4)]


@pytest.fixture(scope="module")
def finder(people):
    return FIND.fit(people[:3], seed=0)


def test_a_row_holds_both_visits_and_the_mask_there_and_at_six_neighbours(rng):
    before, after = rng.normal(3, 2, (2, 5, 6, 7)).astype(np.float32)
    grid = Volume(np.ones((5, 6, 7), bool), np.eye(4))
    case = Case("a", "a", {"flair0": grid.like(before), "flair": grid.like(after)}, {"brain": grid})
    mask = np.zeros((5, 6, 7), bool)
    mask[2, 3, 4] = mask[2, 3, 5] = True
    rows = stencil_rows(case, mask, np.ravel_multi_index(([2, 0], [3, 0], [4, 0]), mask.shape))
    assert rows.shape == (2, 21)
    z = (after - after.mean()) / after.std()
    neighbours = [z[2, 3, 4], z[1, 3, 4], z[3, 3, 4], z[2, 2, 4], z[2, 4, 4], z[2, 3, 3], z[2, 3, 5]]
    assert rows[0, 1::3] == pytest.approx(neighbours, rel=1e-4)
    assert rows[0, 2::3].tolist() == [1, 0, 0, 0, 0, 0, 1]
    corner = (before[0, 0, 0] - before.mean()) / before.std()
    assert rows[1, [0, 3, 9, 15]] == pytest.approx([corner] * 4, rel=1e-4), "the edge is repeated"


def test_it_finds_the_new_lesions_of_somebody_else_and_their_outlines(finder, people):
    case = people[3]
    found, truth = finder(case), case.truth()
    new = truth.keep(lambda table: table.status == "new")
    assert set(np.unique(found.labels.data[new.labels.data > 0])) - {0} == set(found.numbers)
    both = np.count_nonzero((found.labels.data > 0) & (new.labels.data > 0))
    dice = 2 * both / (np.count_nonzero(found.labels.data) + np.count_nonzero(new.labels.data))
    assert dice > 0.8
    assert found.table.score.between(FIND.threshold, 1).all()
    assert finder.probability(case).max() == found.table.score.max()


def test_what_is_saved_finds_the_same_and_holds_text_only(finder, people, tmp_path):
    finder.save(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["find-voxels.json"]
    again = FIND.load(tmp_path)
    assert again(people[3]).table.equals(finder(people[3]).table)
    assert again.parameters == finder.parameters > 0
    (tmp_path / "find-voxels.json").write_text('{"boosters": ["no trees"]}')
    with pytest.raises(DataError, match=r"find-voxels.json is damaged .* Train the model again"):
        FIND.load(tmp_path)


def test_the_same_seed_gives_the_same_trees(finder, people):
    again = FIND.fit(people[:3], seed=0)
    assert [m.model_to_string() for m in again.models] == [m.model_to_string() for m in finder.models]


def test_early_stopping_needs_two_people_with_new_lesions_and_truth_for_all(people):
    with pytest.raises(DataError, match="only 1 of 1 cases show a new lesion"):
        FIND.fit(people[:1], seed=0)
    with pytest.raises(DataError, match="sub-01_ses-02 has no truth"):
        FIND.fit([people[0].with_(truth=None), people[1]], seed=0)


def test_a_pair_without_change_gives_an_empty_table(finder, people):
    same = people[3].with_(images={**people[3].images, "flair": people[3].images["flair0"]})
    assert len(finder(same)) == 0


def test_the_small_version_differs_in_numbers_only():
    assert replace(FIND.smoke(), trees=30, folds=2, background=2000) == FIND
