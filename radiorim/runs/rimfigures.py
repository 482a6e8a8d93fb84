"""Figures of one rim recipe: on the lesions that all recipes share, and person by person, with intervals."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from radiorim.metrics.areas import partial_auc_mcclish, partial_auc_raw, sensitivity_at
from radiorim.metrics.calibration import calibration_error
from radiorim.metrics.classification import at_threshold, why_undefined
from radiorim.metrics.intervals import person_bootstrap
from radiorim.metrics.patients import count_agreement, person_counts
from radiorim.runs.benchmark import Outcome
from radiorim.runs.evaluation import EVALUATION_COLUMNS, evaluate_scores
from radiorim.runs.protocol import matched

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

__all__ = ["all_calls", "matched_boards", "rim_figures"]


def matched_boards(
    outcomes: Sequence[Outcome], true: pd.DataFrame
) -> tuple[list[Outcome], dict[str, pd.DataFrame]]:
    """For each recipe its scored true lesions; one that has none, or lacks scores, fails with the reason."""
    outcomes, boards = list(outcomes), {}
    for at, outcome in enumerate(outcomes):
        if outcome.judged is None:
            continue
        board = matched(true, outcome.judged, outcome.matches)
        if board.empty or board["score"].isna().any():
            said = "no true lesion was met" if board.empty else "it gives no score to some lesions"
            outcomes[at] = replace(outcome, judged=None, reason=f"not comparable: {said}")
        else:
            boards[outcome.recipe.name] = board
    return outcomes, boards


def all_calls(true: pd.DataFrame, board: pd.DataFrame) -> pd.DataFrame:
    """The true lesions, and as `found` whether a recipe called each: one that it never met it did not call.

    Both tables have case and true_lesion, `board` has found.
    """
    keys = ["case", "true_lesion"]
    calls = true.merge(board[[*keys, "found"]], on=keys, how="left")
    return calls.assign(found=calls["found"].fillna(value=False).astype(bool))


def rim_figures(
    rows: pd.DataFrame, calls: pd.DataFrame, everyone: Sequence[str], resamples: int, seed: int
) -> pd.DataFrame:
    """Columns group, metric, value, low, high, note: of lesions, and of people with 1 or 4 rim lesions.

    `rows` are the shared lesions with person, truth, score and found. `calls` are all true lesions with
    person, truth and found, also those that were lost: a person whose rim lesion was lost still has one.
    `everyone` also names people without a lesion. `person_ge1_*` and `person_ge4_*` call a person positive
    from so many rim lesions on; `count_*` compare true with called numbers of rim lesions. Calls are at the
    threshold that each fold chose inside its training part.
    """
    import pandas as pd

    lesions = evaluate_scores(rows, seed=seed, resamples=resamples)
    added = _figures(
        lesions["group"].iloc[0],
        LESION_FIGURES,
        (rows["truth"].to_numpy(int), rows["score"].to_numpy(float)),
        rows["person"].astype(str).to_numpy(),
        (resamples, seed),
    )
    true, called = calls["truth"].astype(int), calls["found"].astype(int)
    counts = person_counts(calls["person"], true, called, everyone=everyone)
    people = _figures(
        f"people ({len(counts)})",
        PERSON_FIGURES,
        (counts["true"].to_numpy(), counts["predicted"].to_numpy()),
        counts["person"].to_numpy(),
        (resamples, seed),
    )
    return pd.concat([lesions, added, people], ignore_index=True)


def _figures(
    group: str,
    figures: dict[str, Callable[..., float]],
    data: tuple[NDArray, NDArray],
    persons: NDArray,
    draw: tuple[int, int],
) -> pd.DataFrame:
    import pandas as pd

    rows = []
    for name, statistic in figures.items():
        one = person_bootstrap(list(data), statistic, persons, n=draw[0], seed=draw[1])
        missing = why_undefined(data[0] > 0) or "0 / 0, or no spread"
        rows.append(
            (group, name, one.value, one.low, one.high, missing if np.isnan(one.value) else one.reason)
        )
    return pd.DataFrame(rows, columns=list(EVALUATION_COLUMNS))


def _calibration(truth: NDArray, score: NDArray) -> float:
    if np.any((score < 0) | (score > 1)):
        return float("nan")
    return calibration_error(truth, score)


def _from(k: int, metric: str, true: NDArray, called: NDArray) -> float:
    return at_threshold(true >= k, (called >= k).astype(float), 0.5)[metric]


def _count(metric: str, true: NDArray, called: NDArray) -> float:
    import pandas as pd

    return count_agreement(pd.DataFrame({"true": true, "predicted": called}))[metric]


LESION_FIGURES: dict[str, Callable[..., float]] = {
    "pauc10_raw": partial_auc_raw,
    "pauc10_mcclish": partial_auc_mcclish,
    "sensitivity_at_spec90": partial(sensitivity_at, specificity=0.90),
    "sensitivity_at_spec95": partial(sensitivity_at, specificity=0.95),
    "ece10": _calibration,
}

PERSON_FIGURES: dict[str, Callable[..., float]] = {
    "person_ge1_sensitivity": partial(_from, 1, "sensitivity"),
    "person_ge1_specificity": partial(_from, 1, "specificity"),
    "person_ge4_accuracy": partial(_from, 4, "accuracy"),
    "person_ge4_f1": partial(_from, 4, "f1"),
    "count_mae": partial(_count, "mae"),
    "count_bias": partial(_count, "bias"),
    "count_limit_low": partial(_count, "limit_low"),
    "count_limit_high": partial(_count, "limit_high"),
    "count_pearson_r": partial(_count, "pearson_r"),
    "count_icc": partial(_count, "icc"),
}
