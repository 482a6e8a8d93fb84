"""All lesion-level figures of the shared protocol in one table, and every pair of recipes compared."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from radiorim.metrics.areas import partial_auc_mcclish, partial_auc_raw, sensitivity_at
from radiorim.metrics.calibration import calibration_error
from radiorim.metrics.classification import binary, summary, why_undefined
from radiorim.metrics.compare import Comparison, Paired, delong_test, holm, obuchowski_test
from radiorim.metrics.permutation import swap_test

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    from numpy.typing import ArrayLike

__all__ = ["pairwise_tests", "protocol_figures"]


def protocol_figures(y: ArrayLike, score: ArrayLike, threshold: float) -> pd.DataFrame:
    """Columns metric, value, reason: `summary` with partial areas, fixed specificities and calibration.

    Added are pauc10_raw and pauc10_mcclish (false positive rate up to .1), sensitivity_at_spec90 and
    sensitivity_at_spec95 (thresholds read off these lesions), ece10 (10 bins of equal width). What cannot be
    said is NaN with its reason.
    """
    import pandas as pd

    _, scores = binary(y, score)
    probable = bool(scores.size) and not np.any((scores < 0) | (scores > 1))
    added = {
        "pauc10_raw": partial_auc_raw(y, score),
        "pauc10_mcclish": partial_auc_mcclish(y, score),
        "sensitivity_at_spec90": sensitivity_at(y, score, 0.90),
        "sensitivity_at_spec95": sensitivity_at(y, score, 0.95),
        "ece10": calibration_error(y, score) if probable else float("nan"),
    }
    unlikely = "scores outside 0 to 1 are no probabilities" if scores.size else "no lesion"
    reasons = {name: unlikely if name == "ece10" else why_undefined(y) for name in added}
    rows = [(name, value, reasons[name] if np.isnan(value) else "") for name, value in added.items()]
    table = pd.DataFrame(rows, columns=["metric", "value", "reason"])
    return pd.concat([summary(y, score, threshold), table], ignore_index=True)


def pairwise_tests(
    y: ArrayLike, scores: Mapping[str, ArrayLike], persons: ArrayLike, *, n: int = 9999, seed: int = 0
) -> pd.DataFrame:
    """Every pair of recipes on the same lesions, one row each, in the order given.

    Columns first, second, auc_first, auc_second, difference, p_swap (primary), p_swap_holm (over all
    pairs), p_obuchowski, p_delong_unclustered (for comparability only: too small when lesions of a person
    are alike) and reason. One recipe: no rows.
    """
    import pandas as pd

    rows = []
    for first, second in combinations(scores, 2):
        paired = Paired.of(y, scores[first], scores[second], persons)
        rows.append(_line(first, second, swap_test(paired, n=n, seed=seed), paired))
    columns = ["first", "second", "auc_first", "auc_second", "difference", "p_swap"]
    table = pd.DataFrame(rows, columns=[*columns, "p_obuchowski", "p_delong_unclustered", "reason"])
    table.insert(len(columns), "p_swap_holm", holm(table["p_swap"].tolist()))
    return table


def _line(first: str, second: str, swap: Comparison, paired: Paired) -> tuple[object, ...]:
    others = obuchowski_test(paired), delong_test(paired)
    reason = next((out.reason for out in (swap, *others) if out.reason), "")
    return first, second, swap.first, swap.second, swap.difference, swap.p, *(out.p for out in others), reason
