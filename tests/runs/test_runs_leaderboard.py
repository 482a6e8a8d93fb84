"""Boards of recipes that have little in common, made from outcomes written by hand."""

from __future__ import annotations

from dataclasses import replace

import little
import numpy as np
import pandas as pd
import pytest

from radiorim.case import Case
from radiorim.recipe import Recipe
from radiorim.report.leaderboard_sections import LEADERBOARD_SECTIONS, leaderboard_head
from radiorim.report.leaderboard_view import LeaderboardView
from radiorim.report.render import write_page
from radiorim.runs.benchmark import Benchmark, Outcome, Profile, write_outcomes
from radiorim.runs.leaderboard import Board, make_board, write_board
from radiorim.runs.protocol import true_lesions


def bench(cases: list[Case], one: Recipe, out) -> Benchmark:
    recipes = [replace(one, name=name) for name in ("one", "two")]
    folds = {case.person: at % 2 for at, case in enumerate(cases)}
    return Benchmark(one.task, recipes, cases, folds, out, profile=Profile(20, 19))


def outcome(one: Recipe, true: pd.DataFrame, done: list[Case]) -> Outcome:
    """Each true lesion was found as it is and called as is true."""
    kept = true[true["case"].isin([case.id for case in done])]
    positive = kept["truth"] == 1
    judged = kept[["case", "person", "truth"]].assign(
        lesion=kept["true_lesion"], score=np.where(positive, 0.9, 0.1), found=positive, threshold=0.5, fold=0
    )
    same = {"lesion": kept["true_lesion"], "partner": kept["true_lesion"], "overlap_voxels": 9}
    matches = kept[["case"]].assign(**same, share_of_found=1.0, share_of_truth=1.0)
    return Outcome(one, "", judged, matches, tuple(case.id for case in done))


def page(one: Benchmark, outcomes: list[Outcome], board: Board) -> str:
    """The page of a board; the pictures of worst cases need a data set."""
    write_outcomes(one, outcomes)
    write_board(one, board)
    recipes = {recipe.name: recipe for recipe in one.recipes}
    record = {"request": {"inputs": {"data": one.out / "gone"}}, "provenance": {}}
    counts = {"task": one.task, **board.counts}
    view = LeaderboardView(one.out, board.table, board.figures, board.tests, counts, recipes, record)
    path = write_page(one.out / "page.html", leaderboard_head(view), LEADERBOARD_SECTIONS, view)
    return path.read_text(encoding="utf-8")


def test_a_person_whose_rim_lesions_were_lost_still_has_them(tmp_path):
    cases = little.cohort(3)
    true = true_lesions(cases, "rim")
    true.loc[true["person"] == "sub-03", "truth"] = 0.0
    one = bench(cases, little.RIM, tmp_path)
    whole, loses = (outcome(recipe, true, cases) for recipe in one.recipes)
    lost = (true["person"] == "sub-02") & (true["truth"] == 1)
    loses = replace(loses, judged=loses.judged[~lost], matches=loses.matches[~lost])
    board = make_board(one, [whole, loses], true)
    assert board.counts["lesions_common"] == 24 - lost.sum()
    value = board.figures.set_index(["recipe", "metric"])["value"]
    # One of two people with rim lesions is missed; what one recipe lost is no miss of the other.
    assert value["two", "person_ge1_sensitivity"] == 1 / 2
    assert value["two", "count_mae"] == pytest.approx(lost.sum() / 3)
    assert value["one", "person_ge1_sensitivity"] == 1
    assert value["one", "count_mae"] == 0


def test_lesions_of_a_case_that_some_recipe_could_not_use_count_for_none(tmp_path):
    cases = little.cohort(2)
    true = true_lesions(cases, "rim")
    one = bench(cases, little.RIM, tmp_path)
    outcomes = [outcome(one.recipes[0], true, cases), outcome(one.recipes[1], true, cases[:1])]
    figures = make_board(one, outcomes, true).figures
    people = figures[figures["metric"].isin(["person_ge1_sensitivity", "count_mae"])]
    assert set(people["group"]) == {"people (1)"}
    assert people["value"].tolist() == [1, 0] * 2


@pytest.mark.parametrize(
    ("recipe", "said"),
    [
        (little.NEW, "no case could be used by every recipe"),
        (little.RIM, "no lesion was scored by every recipe"),
    ],
)
def test_recipes_that_share_nothing_give_an_empty_board_with_the_reason(tmp_path, recipe, said):
    cases = little.cohort(2)
    true = true_lesions(cases, recipe.task)
    one = bench(cases, recipe, tmp_path)
    outcomes = [outcome(name, true, [case]) for name, case in zip(one.recipes, cases, strict=True)]
    outcomes.append(Outcome(replace(recipe, name="three"), "it broke."))
    one = replace(one, recipes=[outcome.recipe for outcome in outcomes])
    board = make_board(one, outcomes, true)
    reasons = board.table.set_index("recipe")["reason"].to_dict()
    assert reasons == {
        "one": f"not comparable: {said}",
        "two": f"not comparable: {said}",
        "three": "it broke.",
    }
    assert set(board.table["status"]) == {"failed"}
    assert board.figures.empty
    assert board.counts["people"] == 0
    assert "No recipe could be compared. 3 recipes failed." in page(one, outcomes, board)


def test_a_board_leaves_no_table_of_an_earlier_one(tmp_path):
    empty = pd.DataFrame({"recipe": ["one"]})
    one = bench(little.cohort(2), little.NEW, tmp_path)
    write_board(one, Board(empty, empty, empty, {}, rows=empty))
    assert (tmp_path / "matched.tsv").exists()
    write_board(one, Board(empty, empty, empty, {}, curves=empty, cases=empty))
    made = sorted(path.name for path in tmp_path.glob("*.tsv"))
    assert made == ["cases.tsv", "figures.tsv", "froc.tsv", "leaderboard.tsv", "tests.tsv"]
