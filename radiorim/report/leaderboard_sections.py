"""The sections of a leaderboard, in order."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from radiorim.report.group_sections import METRICS
from radiorim.report.leaderboard_charts import charts_section
from radiorim.report.leaderboard_view import LeaderboardView
from radiorim.report.leaderboard_worst import worst_section
from radiorim.report.methods import flat
from radiorim.report.render import Head, Section
from radiorim.report.words import fixed, number, plural

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["LEADERBOARD_SECTIONS", "leaderboard_head"]

NAMES = METRICS | {
    "pauc10_raw": "pAUC, FPR < 0.1, raw ÷ 0.1",
    "pauc10_mcclish": "pAUC, FPR < 0.1, McClish",
    "sensitivity_at_spec90": "Sensitivity at specificity 0.90",
    "sensitivity_at_spec95": "Sensitivity at specificity 0.95",
    "ece10": "Calibration error, 10 bins",
    "person_ge1_sensitivity": "People with ≥ 1: sensitivity",
    "person_ge1_specificity": "People with ≥ 1: specificity",
    "person_ge4_accuracy": "People with ≥ 4: accuracy",
    "person_ge4_f1": "People with ≥ 4: F1",
    "count_mae": "Count per person: mean absolute error",
    "count_bias": "Count per person: bias",
    "count_limit_low": "Count per person: lower limit of agreement",
    "count_limit_high": "Count per person: upper limit of agreement",
    "count_pearson_r": "Count per person: Pearson r",
    "count_icc": "Count per person: ICC(2,1)",
    "froc": "FROC, mean sensitivity at ⅛ to 8 false finds a case",
}
SHOWN = {
    "rim": ("pr_auc", "roc_auc", "pauc10_raw", "sensitivity_at_spec95", "f1", "sensitivity", "ppv", "brier"),
    "new-lesion": ("F1_score", "SensL", "PPVL", "Dice", "froc", "NbTestedLesions", "VolTestedLesions"),
}
SHORT = {
    "pr_auc": "PR-AUC",
    "pauc10_raw": "pAUC < 0.1 ÷ 0.1",
    "sensitivity_at_spec95": "Sens. at spec. .95",
    "ppv": "PPV",
    "brier": "Brier ↓",
    "F1_score": "F1 (Anima)",
    "SensL": "SensL",
    "PPVL": "PPVL",
    "froc": "FROC",
    "NbTestedLesions": "False lesions ↓",
    "VolTestedLesions": "False mm³ ↓",
}

HOW_TO_READ = (
    "All recipes are judged on the same true lesions, people and folds: each lesion by a model that has not "
    "seen its person. Intervals are 95 % over resampled people. With few people they are wide.",
    "Published figures stand in their own column. They come from other cohorts, other definitions of a "
    "lesion and often other protocols, and are never ranked against ours.",
    "Controls see size, mask or FLAIR alone. What a system adds to them is what it has learned.",
    "The order of two rows means nothing unless the test of the pair says so. The primary test swaps scores "
    "within whole people and is corrected for the number of pairs (Holm). Plain DeLong takes lesions of one "
    "person as independent and is far too sure of itself; it is shown only because papers report it.",
)


def leaderboard_head(view: LeaderboardView) -> Head:
    """Size of the comparison and who leads."""
    counts = view.counts
    known = [
        ("Task", view.task),
        ("People", str(counts["people"])),
        ("Cases", str(counts["cases"])),
        ("True lesions", f"{counts['true_lesions']}, {counts['positive']} positive"),
        ("Compared on", _compared(view)),
        ("Folds", f"{counts['folds']} by person"),
        ("Intervals", f"{counts['resamples']} resamples"),
    ]
    return Head("Leaderboard", f"{view.task} leaderboard", _answer(view), tuple(known), HOW_TO_READ)


def _compared(view: LeaderboardView) -> str:
    counts = view.counts
    if view.task == "rim":
        return f"{counts['lesions_common']} lesions, of {counts['lesions_known']} whose truth is known"
    return f"{counts['cases_common']} cases that every recipe could use"


def _answer(view: LeaderboardView) -> str:
    failed = len(view.table) - len(view.done)
    end = f" {plural(failed, 'recipe')} failed." if failed else ""
    if not view.done:
        return f"No recipe could be compared.{end}"
    best = view.table.iloc[0]
    word, value = SHORT[view.primary], best[view.primary]
    low, high = best[f"{view.primary}_low"], best[f"{view.primary}_high"]
    said = f"{best['recipe']} leads {plural(len(view.done), 'recipe')}: {word} {fixed(value, 2)} "
    return f"{said}({fixed(low, 2)} to {fixed(high, 2)}); {_against(view, best['recipe'])}.{end}"


def _against(view: LeaderboardView, best: str) -> str:
    """How many of the others the first one differs from, by the primary test."""
    tests = view.tests
    own = tests[(tests["first"] == best) | (tests["second"] == best)]
    clear = int((own["p_swap_holm"].astype(float) < 0.05).sum())
    return f"its difference is more than chance against {clear} of {len(own)} others (swap test, Holm)"


def _board(view: LeaderboardView) -> Mapping[str, Any]:
    shown = [name for name in SHOWN[view.task] if name in view.table]
    rows = []
    for row in view.table.to_dict("records"):
        recipe = view.recipes[row["recipe"]]
        cells = [(row[name], row[f"{name}_low"], row[f"{name}_high"]) for name in shown]
        rows.append({**row, "cells": cells, "paper": recipe.paper, "summary": recipe.summary})
    heads = [SHORT.get(name, NAMES.get(name, name)) for name in shown]
    prevalence = view.table["prevalence"].dropna() if "prevalence" in view.table else []
    return {
        "heads": heads,
        "rows": rows,
        "prevalence": float(prevalence.iloc[0]) if len(prevalence) else None,
    }


def _matrix(view: LeaderboardView) -> Mapping[str, Any] | None:
    if len(view.done) < 2:
        return None
    pairs = {}
    for row in view.tests.to_dict("records"):
        p, gap = row["p_swap_holm"], row["difference"]
        for key, sign in (((row["first"], row["second"]), 1), ((row["second"], row["first"]), -1)):
            pairs[key] = {"gap": f"{sign * gap:+.3f}".replace("-", "−"), "p": _p(p), "chance": not p < 0.05}
    figure = "ROC-AUC" if view.task == "rim" else "mean F1"
    return {"names": view.done, "pairs": pairs, "figure": figure, "rows": _tests(view.tests)}


def _tests(tests: pd.DataFrame) -> list[dict[str, Any]]:
    rows = tests.to_dict("records")
    for row in rows:
        row["others"] = [_p(row[name]) for name in ("p_obuchowski", "p_delong_unclustered") if name in row]
        row["p_swap"], row["p_swap_holm"] = _p(row["p_swap"]), _p(row["p_swap_holm"])
        row["reason"] = row["reason"] if isinstance(row["reason"], str) else ""
    return rows


def _p(value: float) -> str:
    return "–" if value != value else ("< .001" if value < 0.001 else fixed(value, 3))  # noqa: PLR0124


def _figures(view: LeaderboardView) -> Mapping[str, Any]:
    rows = []
    for metric, part in view.figures.groupby("metric", sort=False):
        own = part.set_index("recipe")
        cells = [own.loc[name] if name in own.index else None for name in view.done]
        rows.append({"words": NAMES.get(metric, metric), "group": part["group"].iloc[0], "cells": cells})
    return {"names": view.done, "rows": rows}


def _cost(view: LeaderboardView) -> Mapping[str, Any]:
    cost = view.read("cost.tsv").set_index("recipe")
    names = [name for name in view.done if name in cost.index]
    return {"rows": [{"recipe": name, **cost.loc[name].to_dict()} for name in names]}


def _failed(view: LeaderboardView) -> Mapping[str, Any]:
    failed = view.read("failed.tsv")
    return {"columns": [*failed.columns], "rows": failed.astype(str).to_numpy().tolist()}


def _methods(view: LeaderboardView) -> Mapping[str, Any]:
    counts = {name.replace("_", " "): number(value) for name, value in view.counts.items()}
    rows = flat(counts) + flat(view.record["provenance"])
    return {"recipes": list(view.recipes.values()), "rows": rows}


LEADERBOARD_SECTIONS = (
    Section("leaderboard_table", "Leaderboard", "", _board),
    Section("leaderboard_matrix", "Which differences are real", "", _matrix),
    Section("leaderboard_charts", "Curves", "", charts_section),
    Section("leaderboard_figures", "All figures", "Value and 95 % interval over people.", _figures),
    Section(
        "leaderboard_worst",
        "Worst cases",
        "The three cases that each recipe got most wrong, and the lesion it was furthest off on.",
        worst_section,
    ),
    Section("leaderboard_cost", "Cost", "", _cost),
    Section("failed", "Failed cases", "", _failed),
    Section("leaderboard_methods", "Methods", "", _methods),
)
