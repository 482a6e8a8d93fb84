"""Which lesion is shown of a case that went wrong."""

from __future__ import annotations

import little
import numpy as np
import pandas as pd

from radiorim.io.tables import write_table
from radiorim.report import leaderboard_worst
from radiorim.report.leaderboard_view import LeaderboardView
from radiorim.runs.stage import stage_case


def test_a_missed_lesion_of_a_new_lesion_board_is_a_new_one_also_where_rims_are_known(tmp_path, monkeypatch):
    case, recipe = little.stored(tmp_path / "data", 1)[0], little.NEW
    stage_case(recipe, case, tmp_path / "work" / recipe.name / case.id)
    nothing = pd.DataFrame({"case": [case.id], "lesion": [1], "found": [False]})
    write_table(nothing, tmp_path / "scores" / f"{recipe.name}.tsv")
    empty, recipes = pd.DataFrame(), {recipe.name: recipe}
    view = LeaderboardView(tmp_path, empty, empty, empty, {"task": recipe.task}, recipes, {})
    targets = []
    monkeypatch.setattr(leaderboard_worst, "_close_ups", lambda shown, target, *more: targets.append(target))
    leaderboard_worst._pictures(view, recipe.name, case, 0)
    truth = case.truth()
    shown = truth.table.set_index("lesion").loc[np.unique(truth.labels.data[targets[0]])]
    assert shown["status"].tolist() == ["new"]
