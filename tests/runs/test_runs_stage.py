"""Staging: once for each case, again when anything it depends on has changed."""

from __future__ import annotations

import copy
from dataclasses import replace
from pathlib import Path

import little
import numpy as np
import pytest

from radiorim.errors import MissingExtra, UnknownName, UsageError
from radiorim.io import nifti
from radiorim.model import examine, with_truth
from radiorim.runs import stage as staging
from radiorim.runs.stage import load_examination, stage, stage_case


@pytest.fixture
def no_work(monkeypatch):
    """Make any examination an error."""

    def forbid():
        def refuse(*_args):
            raise AssertionError("a case was examined again")

        monkeypatch.setattr(staging, "find_and_tidy", refuse)

    return forbid


def test_a_second_run_does_no_work_and_gives_the_same_table(recipe, cases, tmp_path, no_work):
    first = stage(recipe, cases, tmp_path / "work")
    no_work()
    second = stage(recipe, cases, tmp_path / "work")
    assert first.table.equals(second.table)
    assert len(first.table) == 24
    assert list(first.table.columns[:3]) == ["case", "person", "lesion"]
    assert first.table.truth.isin([0, 1]).all()


@pytest.mark.parametrize("change", ["image", "truth"])
def test_a_case_is_staged_again_when_its_image_or_its_truth_changes(recipe, cases, tmp_path, change):
    before = stage(recipe, cases, tmp_path / "work").table
    if change == "image":
        path = Path(cases[0].sources["chi"])
        nifti.save(little.person(9)[0]["chi"], path)
        touched = "chi_original_firstorder_mean"
    else:
        truth = cases[0].truth()
        flipped = truth.with_columns(rim=1 - truth.table.rim)
        cases[0] = cases[0].with_(truth=lambda: flipped)
        touched = "truth"
    after = stage(recipe, cases, tmp_path / "work").table
    own = before.case == cases[0].id
    assert (before[touched][own] != after[touched][own]).all()
    assert before[~own].equals(after[~own])


def test_another_number_in_the_recipe_stages_again_but_another_classifier_does_not(
    recipe, cases, tmp_path, no_work
):
    stage(recipe, cases[:1], tmp_path / "work")
    other_model = replace(recipe, judge=replace(recipe.judge, model=little.Boost(trees=3)))
    no_work()
    stage(other_model, cases[:1], tmp_path / "work")
    with pytest.raises(AssertionError, match="examined again"):
        stage(replace(recipe, find=little.Given(connectivity=6)), cases[:1], tmp_path / "work")


def test_a_case_that_fails_is_a_row_and_the_others_are_done(recipe, cases, tmp_path):
    Path(cases[1].sources["chi"]).write_bytes(b"no image")
    seen = []
    staged = stage(
        recipe, cases, tmp_path / "work", progress=lambda case, done, total: seen.append((case, done, total))
    )
    assert [case.id for case in staged.cases] == ["sub-01_ses-02", "sub-03_ses-02"]
    assert staged.failed.case.tolist() == ["sub-02_ses-02"]
    assert "chi.nii.gz cannot be read as NIfTI" in staged.failed.reason[0]
    assert set(staged.table.case) == {"sub-01_ses-02", "sub-03_ses-02"}
    assert seen[-1] == ("sub-03_ses-02", 3, 3)


def test_a_case_without_the_needed_image_says_what_is_needed_and_what_it_has(recipe, cases, tmp_path):
    poor = cases[0].with_(images={"flair": cases[0].images["flair"]})
    staged = stage(recipe, [poor], tmp_path / "work")
    assert staged.failed.reason[0] == (
        "sub-01_ses-02 has no 'chi'. little-rim needs chi, flair, lesions; it has brain, flair, lesions."
    )
    assert len(staged.table) == 0


@pytest.mark.parametrize("error", [MissingExtra("radiomics", "pyradiomics"), UsageError("no such column")])
def test_what_holds_for_every_case_stops_the_run(recipe, cases, tmp_path, monkeypatch, error):
    def fail(*_args):
        raise error

    monkeypatch.setattr(staging, "find_and_tidy", fail)
    with pytest.raises(type(error)):
        stage(recipe, cases, tmp_path / "work")


@pytest.mark.parametrize(
    "error",
    [MissingExtra("radiomics", "pyradiomics"), UnknownName("set", "basik", ["basic"]), UsageError("no")],
)
def test_errors_of_other_processes_arrive_as_they_were(error):
    # Copying goes the way of pickling, by which joblib brings them here.
    arrived = copy.copy(error)
    assert type(arrived) is type(error)
    assert str(arrived) == str(error)
    assert arrived.exit_code == error.exit_code


def test_two_jobs_give_the_table_of_one(recipe, cases, tmp_path):
    one = stage(recipe, cases, tmp_path / "one").table
    assert one.equals(stage(recipe, cases, tmp_path / "two", n_jobs=2).table)


def test_an_empty_case_keeps_its_place_among_the_others(recipe, cases, tmp_path):
    path = Path(cases[0].sources["lesions"])
    empty = nifti.load_labels(path)
    nifti.save(empty.like(np.zeros_like(empty.data)), path)
    staged = stage(recipe, cases, tmp_path / "work")
    assert len(staged.cases) == 3
    assert len(staged.table) == 16
    assert len(load_examination(recipe, cases[0], tmp_path / "work" / cases[0].id).lesions) == 0


@pytest.mark.parametrize("chosen", [little.RIM, little.NEW], ids=lambda r: r.name)
def test_what_was_staged_is_read_back_as_it_was(chosen, cases, tmp_path):
    folder = stage_case(chosen, cases[0], tmp_path / "work")
    looked = load_examination(chosen, cases[0], folder)
    fresh = with_truth(examine(chosen, chosen.find, cases[0]), chosen.task)
    assert (looked.lesions.labels.data == fresh.lesions.labels.data).all()
    assert looked.lesions.numbers == fresh.lesions.numbers
    assert looked.skipped == fresh.skipped
    np.testing.assert_allclose(looked.case.image("flair").data, fresh.case.image("flair").data, rtol=1e-6)
    assert (looked.case.placement is None) == (fresh.case.placement is None)


def test_a_case_that_was_cut_off_while_it_was_staged_anew_is_staged_again(cases, tmp_path, monkeypatch):
    def cut_off(*_args):
        raise KeyboardInterrupt

    first = stage_case(little.NEW, cases[0], tmp_path / "work")
    rows = (first / "lesions.tsv").read_text()
    other = replace(little.NEW, find=little.Subtraction(sigmas=1.5), tidy=())
    with monkeypatch.context() as patch:
        patch.setattr(staging, "native", cut_off)
        with pytest.raises(KeyboardInterrupt):
            stage_case(other, cases[0], first)
    assert (first / "lesions.tsv").read_text() != rows
    stage_case(little.NEW, cases[0], first)
    assert (first / "lesions.tsv").read_text() == rows


def test_images_of_another_preparation_do_not_stay_in_the_folder(cases, tmp_path):
    more = replace(little.NEW, prepare=(replace(little.NEW.prepare[0], also=("chi",)),))
    for recipe, names in ((more, ["chi", "flair", "flair0"]), (little.NEW, ["flair", "flair0"])):
        folder = stage_case(recipe, cases[0], tmp_path / "work")
        assert sorted(load_examination(recipe, cases[0], folder).case.images) == names
