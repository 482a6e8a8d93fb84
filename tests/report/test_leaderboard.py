"""The leaderboard's page, from tables made by hand."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from radiorim.blocks import Boost, Given, Paper, Recipe, Shape, Subtraction, Tabular
from radiorim.case import Case
from radiorim.errors import DataError
from radiorim.lesions import Lesions
from radiorim.report.leaderboard import write_leaderboard
from radiorim.report.leaderboard_sections import LEADERBOARD_SECTIONS
from radiorim.report.leaderboard_view import leaderboard_view
from radiorim.report.leaderboard_worst import worst_new_lesions, worst_rims
from radiorim.report.render import Head, write_page
from radiorim.runs.benchmark import COSTS, Benchmark, Outcome, Profile, write_outcomes
from radiorim.runs.leaderboard import make_board, write_board
from radiorim.runs.record import Request, open_run
from radiorim.volume import Volume

PEOPLE, LESIONS = 8, 10
HEAD = Head("Leaderboard", "a board", "An answer.", (), ())


def recipe(name: str, **changes) -> Recipe:
    paper = Paper("On <rims>", doi="10.1000/rim", reported="ROC-AUC .999 (A)", differs="No T1 & less data.")
    judge = Tabular(measures=(Shape(),), model=Boost())
    return replace(Recipe(name, "rim", ("lesions",), paper, find=Given(), judge=judge), **changes)


def case(person: int) -> Case:
    labels = np.zeros((4, 4, LESIONS * 2), dtype=np.int32)
    for number in range(LESIONS):
        labels[1:3, 1:3, 2 * number] = number + 1
    truth = Lesions.from_labels(Volume(labels, np.eye(4)))
    return Case(
        f"sub-{person}_ses-02",
        f"sub-{person}",
        {},
        truth=lambda: truth.with_columns(rim=[int(n in (1, 2)) for n in truth.numbers]),
    )


def outcome(one: Recipe, true: pd.DataFrame, shift: float, cost: float = 1.0) -> Outcome:
    random = np.random.default_rng(3)
    score = np.clip(random.normal(0.3 + shift * true["truth"], 0.15), 0, 1)
    judged = pd.DataFrame(
        {
            "case": true["case"],
            "person": true["person"],
            "lesion": true["true_lesion"],
            "volume_mm3": true["true_mm3"],
            "truth": true["truth"],
            "fold": 0,
            "score": score,
            "found": score > 0.5,
            "threshold": 0.5,
        }
    )
    same = {"lesion": true["true_lesion"], "partner": true["true_lesion"], "overlap_voxels": 4}

    cases = tuple(true["case"].unique())
    matches = pd.DataFrame({"case": true["case"], **same})
    return Outcome(one, "", judged, matches, cases, cost=dict.fromkeys(COSTS, cost))


def board(out, *, cost: float = 1.0):
    from radiorim.runs.protocol import true_lesions

    cases = [case(person) for person in range(PEOPLE)]
    true = true_lesions(cases, "rim")
    recipes = [recipe("clever"), recipe("size-only"), recipe("<broken>")]
    folds = {one.person: at % 2 for at, one in enumerate(cases)}
    bench = Benchmark("rim", recipes, cases, folds, out, profile=Profile(60, 199))
    data = out.with_suffix(".txt")
    data.write_text("not a data set: no picture can be made")
    open_run(out, Request("benchmark", {"data": data}), argv=("benchmark",))
    outcomes = [outcome(recipes[0], true, 0.5, cost), outcome(recipes[1], true, 0.05, cost)]
    outcomes.append(Outcome(recipes[2], "it has no 't1' <here>.", failed=(("sub-0_ses-02", "no 't1'"),)))
    write_outcomes(bench, outcomes)
    write_board(bench, make_board(bench, outcomes, true))
    return write_leaderboard(out)


@pytest.fixture(scope="module")
def page(tmp_path_factory) -> str:
    return board(tmp_path_factory.mktemp("board")).read_text(encoding="utf-8")


def test_the_page_says_who_leads_with_an_interval_and_whether_the_difference_is_real(page):
    said = re.search(r"<h1>(.*?)</h1>", page, re.DOTALL)[1]
    assert re.match(r"clever leads 2 recipes: PR-AUC 0\.\d\d \(0\.\d\d to [01]\.\d\d\)", said)
    assert "more than chance against 1 of 1 others (swap test, Holm)" in said
    assert said.endswith("1 recipe failed.")


def test_published_figures_stand_in_their_own_column_and_are_not_ranked(page):
    table = page[page.index('class="board"') : page.index("</table>")]
    assert "Published, on its own data (not ranked)" in table
    assert table.count("ROC-AUC .999 (A)") == 3
    assert table.index("<b>clever") < table.index("<b>size-only") < table.index("&lt;broken&gt;")
    assert "No T1 &amp; less data." in table


def test_a_failed_recipe_is_a_row_with_its_reason_and_a_control_says_so(page):
    assert "Failed: it has no &#39;t1&#39; &lt;here&gt;." in page
    assert re.search(r"<b>size-only</b><br><small>control</small>", page)


def test_only_a_difference_that_is_more_than_chance_is_bold(tmp_path):
    board(tmp_path / "out")
    view = leaderboard_view(tmp_path / "out")
    for p, bold in ((0.04, 2), (0.05, 0), (np.nan, 0)):
        changed = replace(view, tests=view.tests.assign(p_swap_holm=p))
        page = write_page(tmp_path / "page.html", HEAD, LEADERBOARD_SECTIONS[1:2], changed).read_text()
        matrix = page[page.index('class="matrix"') : page.index("<details><summary>Every test")]
        assert matrix.count("<b>") == bold


def test_plain_delong_never_stands_without_its_warning(page):
    assert "p, plain DeLong (takes lesions as independent: for comparison with papers only)" in page
    assert "p, swap (primary)" in page


def test_every_done_recipe_has_its_curves_and_nothing_comes_from_outside(page):
    for name in ("roc-all", "pr-all", "roc-0", "pr-1", "calibration-1"):
        assert f'aria-label="{name}"' in page
    assert not re.search(r"<script|src=\"http|@import|url\(http", page)


def test_equal_scores_give_equal_tables_whatever_they_cost(tmp_path):
    board(tmp_path / "one", cost=1.0)
    board(tmp_path / "two", cost=77.0)
    for name in ("leaderboard.tsv", "figures.tsv", "tests.tsv", "matched.tsv", "board.json"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes(), name
    assert (tmp_path / "one" / "cost.tsv").read_bytes() != (tmp_path / "two" / "cost.tsv").read_bytes()


def test_the_worst_rim_cases_are_those_with_most_wrong_calls():
    rows = pd.DataFrame(
        {
            "case": ["a", "a", "b", "b", "c"],
            "lesion": [1, 2, 1, 2, 1],
            "true_mm3": 30.0,
            "truth": [1.0, 0.0, 1.0, 0.0, 0.0],
            "score": [0.1, 0.9, 0.2, 0.1, 0.1],
            "found": [False, True, False, False, False],
            "threshold": 0.5,
        }
    )
    worst = worst_rims(rows)
    assert [(one.case, one.lesion) for one in worst] == [("a", 1), ("b", 1)]
    assert worst[0].says.startswith("1 false alarm and 1 missed among 2 lesions. Shown: lesion 1")


def test_the_worst_new_lesion_cases_are_of_both_groups():
    cases = pd.DataFrame(
        {
            "case": ["good", "poor", "empty", "clean"],
            "F1_score": [1.0, 0.2, np.nan, np.nan],
            "SensL": [1.0, 0.25, np.nan, np.nan],
            "PPVL": [1.0, 0.2, np.nan, np.nan],
            "NbTestedLesions": [np.nan, np.nan, 3, 0],
        }
    )
    judged = pd.DataFrame(
        {"case": ["empty", "empty"], "lesion": [4, 7], "volume_mm3": [9.0, 30.0], "found": True, "truth": 0.0}
    )
    worst = worst_new_lesions(cases, judged)
    assert [(one.case, one.lesion) for one in worst] == [("empty", 7), ("poor", 0)]
    assert worst[0].says.startswith("3 false lesions where nothing is new.")
    assert worst[1].says == "F1 0.20, sensitivity 0.25, PPV 0.20. Shown: a new lesion that was not detected."


def test_a_folder_of_another_command_is_refused_with_what_to_do(tmp_path):
    open_run(tmp_path, Request("classify", {}, recipe("x", find=Subtraction())), argv=())
    with pytest.raises(DataError, match=r"holds no finished benchmark. Run `radiorim benchmark` again"):
        write_leaderboard(tmp_path)
