"""What the scores of a group look like: histogram, ROC, precision-recall, calibration; bands over people."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from radiorim.metrics.intervals import rows_of_people
from radiorim.metrics.thresholds import operating_points
from radiorim.report.charts import INK, NEGATIVE, POSITIVE, SOFT

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

__all__ = ["Scored", "band", "calibration", "histogram", "pr", "roc"]

RESAMPLES = 400
BINS = 20
CALIBRATION_BINS = 8
GRID = np.linspace(0, 1, 101)

Curve = Callable[["NDArray", "NDArray"], "NDArray"]


@dataclass(frozen=True, eq=False)
class Scored:
    """Lesions with a finite score: truth (1, 0 or NaN for unknown), score and person."""

    truth: NDArray
    score: NDArray
    person: NDArray

    @property
    def known(self) -> Scored:
        """Those whose truth is known."""
        keep = ~np.isnan(self.truth)
        return Scored(self.truth[keep], self.score[keep], self.person[keep])


def band(scored: Scored, curve: Curve) -> tuple[NDArray, NDArray] | None:
    """Lower and upper 95 % of a curve over resampled people, pointwise; None with fewer than two people.

    Resamples without both classes are left out.
    """
    rows = rows_of_people(scored.person)
    if len(rows) < 2:
        return None
    random, drawn = np.random.default_rng(0), []
    for _ in range(RESAMPLES):
        chosen = np.concatenate([rows[i] for i in random.integers(0, len(rows), len(rows))])
        truth = scored.truth[chosen]
        if 0 < truth.sum() < truth.size:
            drawn.append(curve(truth, scored.score[chosen]))
    if len(drawn) < 20:
        return None
    values = np.array(drawn)
    ends = np.full((2, values.shape[1]), np.nan)
    some = ~np.isnan(values).all(axis=0)
    ends[:, some] = np.nanquantile(values[:, some], [0.025, 0.975], axis=0)
    return ends[0], ends[1]


def sensitivity_at(truth: NDArray, score: NDArray) -> NDArray:
    """Sensitivity at each false-positive rate of `GRID`, straight between operating points."""
    _, hits, alarms = operating_points(truth, score)
    return np.interp(GRID, alarms / alarms[-1], hits / hits[-1])


def precision_at(truth: NDArray, score: NDArray) -> NDArray:
    """Precision at each recall of `GRID`: of the first operating point that reaches it (a step)."""
    _, hits, alarms = operating_points(truth, score)
    recall, precision = hits[1:] / hits[-1], hits[1:] / (hits[1:] + alarms[1:])
    return precision[np.searchsorted(recall, GRID - 1e-12).clip(0, len(precision) - 1)]


def roc(axis: Axes, scored: Scored) -> None:
    """ROC curve with its band; needs both classes."""
    _, hits, alarms = operating_points(scored.truth, scored.score)
    _fill(axis, band(scored, sensitivity_at))
    axis.plot([0, 1], [0, 1], color=SOFT, linewidth=0.8, linestyle=(0, (4, 3)))
    axis.plot(alarms / alarms[-1], hits / hits[-1], color=INK, linewidth=1.6)
    _unit_square(axis, "false-positive rate (1 − specificity)", "sensitivity")


def pr(axis: Axes, scored: Scored) -> None:
    """Precision and recall as steps with their band, and the prevalence that chance would give."""
    _, hits, alarms = operating_points(scored.truth, scored.score)
    _fill(axis, band(scored, precision_at))
    prevalence = scored.truth.mean()
    axis.axhline(prevalence, color=SOFT, linewidth=0.8, linestyle=(0, (4, 3)))
    axis.annotate(
        f"prevalence {prevalence:.2f}", (0.02, prevalence), (0, 3), textcoords="offset points", fontsize=9
    )
    # Beyond the first point that finds all, precision falls at recall 1 and says nothing.
    shown = slice(1, int(np.argmax(hits == hits[-1])) + 1)
    recall, precision = hits[shown] / hits[-1], hits[shown] / (hits[shown] + alarms[shown])
    axis.step(np.r_[0, recall], np.r_[precision[0], precision], where="pre", color=INK, linewidth=1.6)
    _unit_square(axis, "recall (sensitivity)", "precision (PPV)")


def calibration(axis: Axes, scored: Scored) -> None:
    """Share of true lesions against mean score in bins of equal number; bars resample people."""
    edges = np.unique(np.quantile(scored.score, np.linspace(0, 1, CALIBRATION_BINS + 1)))
    bins = np.clip(np.searchsorted(edges, scored.score, side="right") - 1, 0, max(len(edges) - 2, 0))

    def shares(truth: NDArray, at: NDArray) -> NDArray:
        return np.array([truth[at == b].mean() if (at == b).any() else np.nan for b in range(bins.max() + 1)])

    here, share = np.unique(bins), shares(scored.truth, bins)
    limits = band(Scored(scored.truth, bins, scored.person), shares)
    mean = np.array([scored.score[bins == b].mean() for b in here])
    axis.plot([0, 1], [0, 1], color=SOFT, linewidth=0.8, linestyle=(0, (4, 3)))
    if limits is not None:
        axis.vlines(mean, limits[0][here], limits[1][here], color=SOFT, linewidth=1.4)
    axis.plot(mean, share[here], "o-", color=INK, linewidth=1.2, markersize=4)
    _unit_square(axis, "mean score", "share of true lesions")


def histogram(axis: Axes, scored: Scored) -> None:
    """Counts of scores, by truth where it is known."""
    low, high = min(0.0, scored.score.min()), max(1.0, scored.score.max())
    edges = np.linspace(low, high, BINS + 1)
    groups = (
        ("true", scored.truth == 1, POSITIVE),
        ("not true", scored.truth == 0, NEGATIVE),
        ("truth unknown", np.isnan(scored.truth), SOFT),
    )
    shown = [(f"{word} ({int(rows.sum())})", rows, colour) for word, rows, colour in groups if rows.any()]
    axis.hist(
        [scored.score[rows] for _, rows, _ in shown],
        edges,
        stacked=False,
        histtype="bar",
        color=[colour for *_, colour in shown],
        label=[word for word, *_ in shown],
    )
    axis.set(xlabel="score", ylabel="lesions", xlim=(low, high))
    axis.yaxis.get_major_locator().set_params(integer=True)
    axis.legend(fontsize=9)


def _fill(axis: Axes, limits: tuple[NDArray, NDArray] | None) -> None:
    if limits is not None:
        axis.fill_between(GRID, *limits, color=SOFT, alpha=0.25, linewidth=0)


def _unit_square(axis: Axes, x: str, y: str) -> None:
    axis.set(xlabel=x, ylabel=y, xlim=(-0.01, 1.01), ylim=(-0.01, 1.02))
