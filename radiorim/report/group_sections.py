"""The sections of a group page, in order."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from radiorim.metrics.classification import why_undefined
from radiorim.report import curves
from radiorim.report.charts import chart
from radiorim.report.group_view import GroupView, group_view
from radiorim.report.methods import methods_section
from radiorim.report.render import Head, Section
from radiorim.report.words import plural

__all__ = ["GROUP_SECTIONS", "group_head", "group_view"]

WORST = 5
METRICS = {
    "roc_auc": "ROC-AUC",
    "pr_auc": "PR-AUC (average precision)",
    "prevalence": "Prevalence (share of true lesions)",
    "f1": "F1",
    "sensitivity": "Sensitivity",
    "specificity": "Specificity",
    "accuracy": "Accuracy",
    "ppv": "PPV (precision)",
    "npv": "NPV",
    "mcc": "Matthews correlation",
    "brier": "Brier score (lower is better)",
    "F1_score": "F1, lesion-wise (Anima)",
    "SensL": "Sensitivity, lesion-wise (Anima)",
    "PPVL": "PPV, lesion-wise (Anima)",
    "NbTestedLesions": "Number of false lesions (Anima)",
    "VolTestedLesions": "Volume of false lesions, mm³ (Anima)",
}

HOW_TO_READ = (
    "Intervals and grey bands are 95 % over resampled people, because lesions of one person are not "
    "independent. With few people they are wide, and that is the finding.",
    "PR-AUC must be read against the prevalence (dashed line) and cannot be compared between cohorts.",
    "Only candidates are counted here. A true lesion that was never a candidate has no score, is in no curve "
    "and is counted as not called only where the table of scores has a row for it.",
    "Calibration asks whether, of lesions with a score near 0.7, about 70 % are true. Scores of a judge "
    "trained on oversampled lesions are often too high.",
    "Open the worst cases first: a few people often explain most errors.",
)


def group_head(view: GroupView) -> Head:
    """Recipe, size of the group and the headline."""
    report = view.report
    facts = [
        ("Recipe", f"{report.recipe.name} · {report.recipe.digest}"),
        ("Cases", str(len(view.cases))),
        ("People", str(_people(view))),
        ("Candidates", str(len(view.scores))),
        ("Failed", "none" if report.failed is None else str(len(report.failed) or "none")),
    ]
    return Head(
        "Group",
        f"{report.recipe.name}, {plural(len(view.cases), 'case')}",
        _answer(view),
        tuple(facts),
        HOW_TO_READ,
    )


def _people(view: GroupView) -> int:
    people = view.cases["person"].where(view.cases["person"] != "", view.cases["case"])
    return people.nunique()


def _answer(view: GroupView) -> str:
    called, cases = int(view.cases["called"].sum()), view.cases
    said = f"No lesion called {view.word} in {plural(len(cases), 'case')}"
    if called:
        among = f"{int((cases['called'] > 0).sum())} of {plural(len(cases), 'case')}"
        said = f"{plural(called, 'lesion')} called {view.word} in {among}"
    if not view.known:
        return f"{said}; the truth is not known."
    hits, alarms, missed = (int(cases[c].sum()) for c in ("hits", "false_alarms", "missed"))
    return f"{said}: {hits} true, {plural(alarms, 'false alarm')}, {missed} true ones not called."


def _cases(view: GroupView) -> Mapping[str, Any]:
    return {"rows": view.cases.to_dict("records"), "pages": view.report.pages, "known": view.known}


def _charts(view: GroupView) -> Mapping[str, Any]:
    scored, made = view.scored, []
    if not scored.score.size:
        return {"charts": [], "why": "No lesion has a score, so there is nothing to draw."}
    made.append(("Scores, by truth.", chart("scores", lambda axis: curves.histogram(axis, scored))))
    known = scored.known
    why = "The truth is not known" if not known.truth.size else why_undefined(known.truth)
    if why:
        return {"charts": made, "why": f"No ROC, precision or calibration curve: {why[0].lower()}{why[1:]}."}
    for name, caption, draw in (
        ("roc", "ROC; the dashed line is chance.", curves.roc),
        ("precision-recall", "Precision and recall, as steps.", curves.pr),
        ("calibration", "Calibration, in bins with equal numbers of lesions.", curves.calibration),
    ):
        made.append((caption, chart(name, lambda axis, draw=draw: draw(axis, known))))
    few = "" if len(set(known.person)) > 1 else "One person only: there are no bands."
    return {"charts": made, "why": few}


def _metrics(view: GroupView) -> Mapping[str, Any]:
    table = view.report.evaluation
    columns = [c for c in ("group", "metric", "value", "low", "high", "n", "note") if c in table]
    rows = table[columns].to_dict("records")
    groups = [str(group) for group in dict.fromkeys(table["group"])] if "group" in columns else []
    for row in rows:
        row["words"] = METRICS.get(row.get("metric"), str(row.get("metric", "")).replace("_", " "))
    return {"rows": rows, "groups": groups, "counted": "n" in columns}


def _worst(view: GroupView) -> Mapping[str, Any] | None:
    if not view.known:
        return None
    cases = view.cases.assign(errors=view.cases["false_alarms"] + view.cases["missed"])
    bad = cases[cases["errors"] > 0].sort_values(["errors", "surprise"], ascending=False, kind="stable")
    return {"rows": [_errors(row) for row in bad[:WORST].to_dict("records")], "pages": view.report.pages}


def _errors(row: Mapping[str, Any]) -> tuple[str, str]:
    alarms, missed, hits = (int(row[name]) for name in ("false_alarms", "missed", "hits"))
    return row["case"], f"{plural(alarms, 'false alarm')}, {missed} true ones not called, {hits} true"


def _failed(view: GroupView) -> Mapping[str, Any]:
    failed = view.report.failed
    if failed is None:
        return {"columns": [], "rows": []}
    return {"columns": [str(c) for c in failed.columns], "rows": failed.astype(str).to_numpy().tolist()}


GROUP_SECTIONS = (
    Section("metrics", "How well", "Figures with 95 % intervals over people.", _metrics),
    Section("charts", "Scores", "", _charts),
    Section(
        "worst",
        "Worst cases",
        "Most false alarms and misses first; ties by how far scores lie from the truth.",
        _worst,
    ),
    Section("cases", "Cases", "", _cases),
    Section("failed", "Failed cases", "", _failed),
    Section("methods", "Methods", "", methods_section),
)
