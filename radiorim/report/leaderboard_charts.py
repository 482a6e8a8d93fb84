"""Curves of all recipes: over each other, and one by one with bands over people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from radiorim.metrics.classification import why_undefined
from radiorim.metrics.froc import FALSE_PER_SCAN
from radiorim.metrics.thresholds import operating_points
from radiorim.report import curves
from radiorim.report.charts import INK, SOFT, chart

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from radiorim.report.curves import Scored
    from radiorim.report.leaderboard_view import LeaderboardView

__all__ = ["charts_section"]

COLOURS = ("#e69f00", "#4a9fd4", "#009e73", "#cc79a7", "#d55e00", "#b8a800", "#0072b2")
"""Okabe-Ito, its yellow darkened for white paper."""

DASHES = ("-", (0, (5, 2)), (0, (1.5, 1.5)), (0, (6, 2, 1.5, 2)))


def charts_section(view: LeaderboardView) -> Mapping[str, Any]:
    """`together` for all recipes, `alone` with the charts of each; `why` says what cannot be drawn."""
    scored = view.scored()
    if scored:
        truth = next(iter(scored.values())).truth
        why = why_undefined(truth)
        if why:
            return {"together": [], "alone": [], "why": f"No curve: {why}."}
        return {"together": _together(scored), "alone": _alone(scored), "why": ""}
    points = view.read("froc.tsv")
    if points is None or points["sensitivity"].isna().all():
        return {"together": [], "alone": [], "why": "There is nothing to draw."}
    draw = chart("froc", lambda axis: _froc(axis, points, view.done), size=WIDE)
    caption = (
        "Sensitivity against false finds a case, over thresholds; a find is true if it shares a tenth of "
        "either with a new lesion. A recipe without scores is one point."
    )
    return {"together": [(caption, draw)], "alone": [], "why": ""}


WIDE = (5.2, 3.7)


def _together(scored: Mapping[str, Scored]) -> list[tuple[str, Any]]:
    return [
        (
            "ROC of all recipes; the dashed line is chance.",
            chart("roc-all", lambda axis: _rocs(axis, scored), size=WIDE),
        ),
        (
            "Precision and recall of all recipes; the dashed line is the prevalence.",
            chart("pr-all", lambda axis: _prs(axis, scored), size=WIDE),
        ),
    ]


def _alone(scored: Mapping[str, Scored]) -> list[tuple[str, list[tuple[str, Any]]]]:
    """For each recipe its curves with bands over people, and its calibration where scores allow it."""
    rows = []
    for at, (name, own) in enumerate(scored.items()):
        kinds = [("ROC", "roc", curves.roc), ("Precision and recall", "pr", curves.pr)]
        if own.score.min() >= 0 and own.score.max() <= 1:
            kinds.append(("Calibration, bins with equal numbers", "calibration", curves.calibration))
        kinds.append(("Scores, by truth", "scores", curves.histogram))
        made = [
            (caption, chart(f"{kind}-{at}", lambda axis, draw=draw, own=own: draw(axis, own)))
            for caption, kind, draw in kinds
        ]
        rows.append((name, made))
    return rows


def _style(at: int) -> dict[str, Any]:
    dash = DASHES[at // len(COLOURS) % len(DASHES)]
    return {"color": COLOURS[at % len(COLOURS)], "linestyle": dash, "linewidth": 1.6}


def _rocs(axis: Axes, scored: Mapping[str, Scored]) -> None:
    axis.plot([0, 1], [0, 1], color=SOFT, linewidth=0.8, linestyle=(0, (4, 3)))
    for at, (name, own) in enumerate(scored.items()):
        _, hits, alarms = operating_points(own.truth, own.score)
        axis.plot(alarms / alarms[-1], hits / hits[-1], label=name, **_style(at))
    _finish(axis, "false-positive rate (1 − specificity)", "sensitivity")


def _prs(axis: Axes, scored: Mapping[str, Scored]) -> None:
    axis.axhline(next(iter(scored.values())).truth.mean(), color=SOFT, linewidth=0.8, linestyle=(0, (4, 3)))
    for at, (name, own) in enumerate(scored.items()):
        _, hits, alarms = operating_points(own.truth, own.score)
        shown = slice(1, int(np.argmax(hits == hits[-1])) + 1)
        recall, precision = hits[shown] / hits[-1], hits[shown] / (hits[shown] + alarms[shown])
        axis.step(np.r_[0, recall], np.r_[precision[0], precision], where="pre", label=name, **_style(at))
    _finish(axis, "recall (sensitivity)", "precision (PPV)")


def _froc(axis: Axes, points: pd.DataFrame, names: list[str]) -> None:
    furthest = 1.25 * FALSE_PER_SCAN[-1]
    for at, name in enumerate(names):
        own, style = points[points["recipe"] == name], _style(at)
        x, y = own["false_per_scan"].to_numpy(), own["sensitivity"].to_numpy()
        if len(own) > 2:
            axis.step(x, y, where="post", label=name, **style)
        else:
            axis.plot(x[-1:], y[-1:], "o", label=name, color=style["color"])
            furthest = max(furthest, 1.25 * x[-1])
    axis.set_xscale("symlog", linthresh=FALSE_PER_SCAN[0])
    axis.set_xticks([0, *FALSE_PER_SCAN], ["0", "⅛", "¼", "½", "1", "2", "4", "8"])
    axis.minorticks_off()
    axis.set(xlabel="false finds a case", ylabel="sensitivity (new lesions)", ylim=(-0.01, 1.02))
    axis.set_xlim(-0.01, furthest)
    axis.legend(fontsize=8, loc="center left", bbox_to_anchor=(1.0, 0.5))


def _finish(axis: Axes, x: str, y: str) -> None:
    axis.set(xlabel=x, ylabel=y, xlim=(-0.01, 1.01), ylim=(-0.01, 1.02))
    axis.legend(fontsize=8, loc="center left", bbox_to_anchor=(1.0, 0.5), labelcolor=INK)
