"""Figures of one rim recipe on the lesions that all recipes share, each with an interval over people."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from radiorim.metrics.areas import partial_auc_mcclish, partial_auc_raw, sensitivity_at
from radiorim.metrics.calibration import calibration_error
from radiorim.metrics.classification import at_threshold, why_undefined
from radiorim.metrics.intervals import person_bootstrap
from radiorim.metrics.patients import count_agreement, person_counts
from radiorim.runs.evaluation import EVALUATION_COLUMNS, evaluate_scores

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

__all__ = ["rim_figures"]


def rim_figures(rows: pd.DataFrame, everyone: Sequence[str], resamples: int, seed: int) -> pd.DataFrame:
    """Columns group, metric, value, low, high, note: of lesions, and of people with 1 or 4 rim lesions.

    `rows` has person, truth, score and found, `everyone` also names people without a lesion. `person_ge1_*`
    and `person_ge4_*` call a person positive from so many rim lesions on; `count_*` compare true with called
    numbers of rim lesions. Calls are at the threshold that each fold chose inside its training part.
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
    counts = person_counts(rows["person"], rows["truth"], rows["found"].astype(int), everyone=everyone)
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
