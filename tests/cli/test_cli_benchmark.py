"""`benchmark`: a board of each task, controls, shared folds, failures, and what is refused."""

from __future__ import annotations

import logging
import shutil
from dataclasses import replace
from pathlib import Path

import little
import pytest

from radiorim.cli import run
from radiorim.io.tables import read_table


def call(*words: object) -> int:
    code = run([str(word) for word in words])
    logging.getLogger("radiorim").setLevel(logging.NOTSET)
    return code


@pytest.fixture(scope="module")
def board(tmp_path_factory, dataset, recipes) -> Path:
    out = tmp_path_factory.mktemp("boards") / "rim"
    words = ("--task", "rim", "--recipes", recipes["little-rim"], "--profile", "smoke", "--crossvalidate", 2)
    assert call("benchmark", dataset, *words, "-q", "-o", out) == 0
    return out


def test_a_rim_board_always_holds_the_controls(board):
    table = read_table(board / "leaderboard.tsv").set_index("recipe")
    assert set(table.index) == {"little-rim", "size-only", "mask-only", "flair-only"}
    assert table["control"].to_dict()["size-only"]
    assert not table["control"].to_dict()["little-rim"]
    assert table.loc["little-rim", "roc_auc"] > 0.7
    page = (board / "leaderboard.html").read_text(encoding="utf-8")
    assert "Worst cases" in page
    assert page.count("data:image/jpeg") >= 1
    for name in ("folds.json", "tests.tsv", "cost.tsv", "matched.tsv", "scores/little-rim.tsv", "run.json"):
        assert (board / name).exists(), name


def test_the_folds_of_one_board_serve_another_and_give_the_same_bytes(board, radiorim, dataset, recipes):
    words = ("--task", "rim", "--recipes", recipes["little-rim"], "--profile", "smoke")
    ended = radiorim("benchmark", dataset, *words, "--folds", board / "folds.json", "-o", "again")
    assert ended.code == 0
    assert Path("again/leaderboard.tsv").read_bytes() == (board / "leaderboard.tsv").read_bytes()
    assert ended.out.splitlines()[0].split() == ["recipe", "pr_auc", "95", "%", "over", "people"]
    assert "Next: open" in ended.err


def test_a_new_lesion_board_compares_masks_and_a_recipe_without_scores_is_one_point(
    radiorim, dataset, recipes
):
    names = f"{recipes['little-new']},{recipes['little-new-boost']}"
    words = ("--task", "new-lesion", "--recipes", names, "--profile", "smoke", "--crossvalidate", 2)
    ended = radiorim("benchmark", dataset, *words, "-o", "board")
    assert ended.code == 0, ended.err
    table = read_table("board/leaderboard.tsv").set_index("recipe")
    assert table.loc["little-new", "F1_score"] == 1
    assert table.loc["little-new", "NbTestedLesions"] == 0
    points = read_table("board/froc.tsv").groupby("recipe").size()
    assert points["little-new"] == 2
    assert points["little-new-boost"] > 2
    assert "which differences" in Path("board/leaderboard.html").read_text(encoding="utf-8").lower()


def test_a_recipe_that_fails_is_a_row_and_the_exit_code_says_so(radiorim, dataset, tmp_path):
    other = replace(little.NEW, name="needs-t2", needs=("t2star",))
    for recipe in (little.NEW, other):
        (tmp_path / f"{recipe.name}.json").write_text(recipe.to_json())
    words = ("--task", "new-lesion", "--profile", "smoke", "--crossvalidate", 2, "-o", "board")
    ended = radiorim("benchmark", dataset, *words, "--recipes", "little-new.json,needs-t2.json")
    assert ended.code == 5
    assert "1 of 2 recipes failed, like needs-t2: no case could be used." in ended.sentence
    assert read_table("board/leaderboard.tsv")["status"].tolist() == ["done", "failed"]
    assert len(read_table("board/failed.tsv")) == 5


def test_a_case_that_one_recipe_cannot_use_is_left_out_for_all_and_said(radiorim, dataset, tmp_path):
    shutil.copytree(dataset, tmp_path / "some")
    (tmp_path / "some/sub-01/ses-02/anat/sub-01_ses-02_Chimap.nii.gz").unlink()
    other = replace(little.NEW, name="wants-chi", needs=("flair0", "flair", "chi"))
    for recipe in (little.NEW, other):
        (tmp_path / f"{recipe.name}.json").write_text(recipe.to_json())
    words = ("--task", "new-lesion", "--profile", "smoke", "--crossvalidate", 2, "-o", "board")
    ended = radiorim("benchmark", "some", *words, "--recipes", "little-new.json,wants-chi.json")
    assert ended.code == 5
    assert "1 cases could not be used by a recipe and were left out for all" in ended.sentence
    cases = read_table("board/cases.tsv")
    assert cases.groupby("recipe")["case"].nunique().tolist() == [4, 4]
    assert read_table("board/leaderboard.tsv").set_index("recipe")["lost"].to_dict() == {
        "little-new": 0,
        "wants-chi": 1,
    }


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "say which recipes: --recipes a,b or --all"),
        (("--all", "--recipes", "subtract"), "say which recipes: --recipes a,b or --all"),
        (("--recipes", "subtract"), "subtract is for the task new-lesion, not rim"),
        (("--recipes", "size-onyl"), "Did you mean 'size-only'"),
        (("--all", "--backend", "dask"), "--backend dask and --scheduler ADDRESS go together"),
        (("--all", "--scheduler", "tcp://x:1"), "--backend dask and --scheduler ADDRESS go together"),
    ],
)
def test_what_makes_no_sense_is_refused_before_any_work(radiorim, dataset, words, said):
    ended = radiorim("benchmark", dataset, "--task", "rim", *words, "-o", "board")
    assert ended.code == 2
    assert said in ended.sentence
    assert not Path("board").exists()


def test_more_folds_than_people_with_a_rim_are_refused(radiorim, dataset):
    ended = radiorim("benchmark", dataset, "--task", "rim", "--all", "--crossvalidate", 9, "-o", "board")
    assert ended.code == 3
    assert "9 folds need at least 9 people with a positive lesion, but only 5 of 5 have one" in ended.sentence
