"""Pairs that recipes share: prepared once, and read back as they were."""

from __future__ import annotations

from dataclasses import replace

import little
import numpy as np
import pytest

from radiorim.errors import DataError
from radiorim.prepare.pair import HalfWayPair
from radiorim.runs.benchwork import case_cost, do_case
from radiorim.runs.pairs import pair_folder, share_pair
from radiorim.runs.stage import load_examination, stage_case

OTHER = replace(little.NEW, name="another", find=replace(little.NEW.find, sigmas=2.0))


@pytest.fixture
def one_preparation(monkeypatch):
    """Count preparations."""
    made = []
    prepare = HalfWayPair.__call__
    monkeypatch.setattr(
        HalfWayPair, "__call__", lambda self, case: made.append(case.id) or prepare(self, case)
    )
    return made


def test_recipes_that_prepare_alike_prepare_once_and_each_pays_for_it(cases, tmp_path, one_preparation):
    for recipe in (little.NEW, OTHER):
        assert do_case(recipe, cases[0], tmp_path / recipe.name) == ""
    assert one_preparation == [cases[0].id]
    pair = pair_folder(OTHER, cases[0], tmp_path / "prepared")
    own = tmp_path / OTHER.name / cases[0].id
    assert case_cost(own)["seconds"] > case_cost_of(pair)
    assert not list(own.glob("image-*"))


def case_cost_of(folder):
    """Seconds of a folder alone."""
    from radiorim.io.files import read_json

    return read_json(folder / "cost.json")["seconds"]


def test_what_is_found_on_a_shared_pair_is_what_is_found_without(cases, tmp_path):
    pair = pair_folder(little.NEW, cases[0], tmp_path / "prepared")
    stage_case(little.NEW, cases[0], tmp_path / "shared", pair=share_pair(little.NEW, cases[0], pair))
    stage_case(little.NEW, cases[0], tmp_path / "alone")
    for name in ("lesions.tsv", "labels.nii.gz", "native.nii.gz"):
        assert (tmp_path / "shared" / name).read_bytes() == (tmp_path / "alone" / name).read_bytes()
    shared, alone = (
        load_examination(little.NEW, cases[0], tmp_path / name).case for name in ("shared", "alone")
    )
    assert (shared.image("flair").data == alone.image("flair").data).all()
    assert (shared.truth().labels.data == alone.truth().labels.data).all()
    np.testing.assert_array_equal(shared.placement.to_native, alone.placement.to_native)
    assert shared.placement.native.same_grid(alone.placement.native)
    assert (shared.notes, shared.quality) == (alone.notes, alone.quality)


def test_another_preparation_has_a_pair_of_its_own(cases, tmp_path):
    other = replace(little.NEW, prepare=(replace(little.NEW.prepare[0], differential_bias=True),))
    assert pair_folder(other, cases[0], tmp_path) != pair_folder(little.NEW, cases[0], tmp_path)
    assert pair_folder(little.RIM, cases[0], tmp_path) is None


def test_a_recipe_that_lacks_an_image_says_so_though_its_pair_is_there(cases, tmp_path):
    folder = share_pair(little.NEW, cases[0], pair_folder(little.NEW, cases[0], tmp_path))
    wants = replace(little.NEW, name="wants-t2", needs=("flair0", "flair", "t2star"))
    with pytest.raises(DataError, match=r"has no 't2star'\. wants-t2 needs flair0, flair, t2star"):
        stage_case(wants, cases[0], tmp_path / "work", pair=folder)
