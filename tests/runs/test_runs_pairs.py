"""Pairs that recipes share: registered once, and read back as they were."""

from __future__ import annotations

from dataclasses import replace

import little
import numpy as np
import pytest

from radiorim.errors import DataError
from radiorim.io.files import read_json
from radiorim.prepare.halfway import HalfWay
from radiorim.runs import pairs
from radiorim.runs.benchwork import case_cost, do_case
from radiorim.runs.pairs import PAIR_RECORD, read_pair, shared_pairs, write_pair
from radiorim.runs.stage import load_examination, stage_case

OTHER_FINDER = replace(little.NEW, name="other-finder", find=replace(little.NEW.find, sigmas=2.0))
OTHER_SCALE = replace(little.NEW, name="other-scale", prepare=(replace(little.NEW.prepare[0], match="none"),))


@pytest.fixture
def registered(monkeypatch):
    """The cases registered, one entry for each time."""
    done, real = [], HalfWay.__call__
    monkeypatch.setattr(HalfWay, "__call__", lambda self, case: done.append(case.id) or real(self, case))
    return done


def test_recipes_that_register_alike_do_it_once_and_each_pays_for_it(cases, tmp_path, registered):
    for recipe in (little.NEW, OTHER_FINDER, OTHER_SCALE):
        assert do_case(recipe, cases[0], tmp_path / recipe.name) == ""
    assert registered == [cases[0].id]
    first, last = shared_pairs(OTHER_SCALE, cases[0], tmp_path / "prepared")
    own = tmp_path / OTHER_SCALE.name / cases[0].id
    parts = [read_json(folder / "cost.json")["seconds"] for folder in (first.folder, last.folder, own)]
    assert case_cost(own)["seconds"] == pytest.approx(sum(parts))
    assert not list(own.glob("image-*"))


def test_what_is_found_on_a_shared_pair_is_what_is_found_without(cases, tmp_path):
    pairs = shared_pairs(little.NEW, cases[0], tmp_path / "prepared")
    for pair in pairs:
        pair.make()
    stage_case(little.NEW, cases[0], tmp_path / "shared", pair=pairs[-1].folder)
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


def test_masks_stay_masks_and_numbered_lesions_keep_their_numbers(cases, tmp_path):
    masks = {name: cases[0].masks[name] for name in cases[0].masks}
    first, last = shared_pairs(little.NEW, cases[0].with_(masks=masks), tmp_path)
    first.make()
    last.make()
    read = read_pair(cases[0], last.folder).masks
    assert read["brain"].data.dtype == bool
    assert read["lesions"].data.max() == masks["lesions"].data.max() > 1


def test_another_treatment_of_intensities_has_a_pair_of_its_own_from_the_same_registration(cases, tmp_path):
    (first, last), (other_first, other_last) = (
        shared_pairs(recipe, cases[0], tmp_path) for recipe in (little.NEW, OTHER_SCALE)
    )
    assert first.folder == other_first.folder
    assert last.folder != other_last.folder
    assert shared_pairs(little.RIM, cases[0], tmp_path) == []


def test_a_recipe_that_lacks_an_image_says_so_before_anything_is_registered(cases, tmp_path, registered):
    wants = replace(little.NEW, name="wants-t2", needs=("flair0", "flair", "t2star"))
    with pytest.raises(DataError, match=r"has no 't2star'\. wants-t2 needs flair0, flair, t2star"):
        shared_pairs(wants, cases[0], tmp_path)
    assert "wants-t2 needs" in do_case(wants, cases[0], tmp_path / "work")
    assert registered == []


def test_a_pair_that_was_cut_off_while_it_was_made_anew_has_no_record(cases, tmp_path, monkeypatch):
    def cut_off(*_args):
        raise KeyboardInterrupt

    made = little.NEW.prepare[0](cases[0])
    write_pair(made, tmp_path, "old")
    monkeypatch.setattr(pairs.nifti, "save", cut_off)
    with pytest.raises(KeyboardInterrupt):
        write_pair(made, tmp_path, "old")
    assert (tmp_path / PAIR_RECORD).exists(), "others may be reading the same pair"
    with pytest.raises(KeyboardInterrupt):
        write_pair(made, tmp_path, "new")
    assert not (tmp_path / PAIR_RECORD).exists()
