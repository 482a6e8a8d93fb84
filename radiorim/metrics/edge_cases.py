"""What each metric gives when there is nothing to compare, as data; the tests hold the code to it.

NONE means that the metric is not given at all, NAN that it is undefined.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["EDGE_CASES", "SITUATIONS", "EdgeCase", "edge_case_table"]

NAN = float("nan")
NONE = None
SITUATIONS = ("no_truth", "no_prediction", "neither", "all_too_small")


@dataclass(frozen=True)
class EdgeCase:
    """Values of one metric by one rule: truth empty, prediction empty, both, all lesions below the minimum.

    In "all_too_small" both masks are one and the same voxel, at the rule's default minimum if it has one.
    """

    rule: str
    metric: str
    no_truth: float | None
    no_prediction: float | None
    neither: float | None
    all_too_small: float | None


def _cases(rule: str, lines: dict[str, tuple[float | None, ...]]) -> tuple[EdgeCase, ...]:
    return tuple(EdgeCase(rule, metric, *values) for metric, values in lines.items())


EDGE_CASES = (
    *_cases(
        "analyzer",
        {
            "Jaccard": (NONE, 0.0, NONE, 1.0),
            "Dice": (NONE, 0.0, NONE, 1.0),
            "Sensitivity": (NONE, 0.0, NONE, 1.0),
            "Specificity": (NONE, 1.0, NONE, 1.0),
            "PPV": (NONE, NAN, NONE, 1.0),
            "RelativeVolumeError": (NONE, -100.0, NONE, 0.0),
            "HausdorffDistance": (NONE, NAN, NONE, 0.0),
            "ContourMeanDistance": (NONE, NAN, NONE, 0.0),
            "SurfaceDistance": (NONE, NAN, NONE, 0.0),
            "PPVL": (NONE, 0.0, NONE, 0.0),
            "SensL": (NONE, 0.0, NONE, NAN),
            "F1_score": (NONE, 0.0, NONE, 0.0),
            "NbTestedLesions": (1.0, NONE, 0.0, NONE),
            "VolTestedLesions": (27.0, NONE, 0.0, NONE),
        },
    ),
    *_cases(
        "anima",
        {
            "PPVL": (0.0, 0.0, 0.0, 0.0),
            "SensL": (NAN, 0.0, NAN, NAN),
            "F1_score": (0.0, 0.0, 0.0, 0.0),
        },
    ),
    *_cases("any", {"LTPR": (NAN, 0.0, NAN, 1.0), "LFPR": (1.0, NAN, NAN, 0.0)}),
    *_cases(
        "iou",
        {
            "RQ": (0.0, 0.0, NAN, 1.0),
            "SQ": (NAN, NAN, NAN, 1.0),
            "SQ_dice": (NAN, NAN, NAN, 1.0),
            "PQ": (0.0, 0.0, NAN, 1.0),
            "sensitivity": (NAN, 0.0, NAN, 1.0),
            "precision": (0.0, NAN, NAN, 1.0),
        },
    ),
    *_cases(
        "brats",
        {
            "lesion_dice": (0.0, 0.0, 1.0, 1.0),
            "lesion_hd95_mm": (374.0, 374.0, 0.0, 0.0),
            "sensitivity": (NAN, 0.0, NAN, NAN),
            "false_lesions": (1.0, 0.0, 0.0, 0.0),
        },
    ),
    *_cases(
        "surface",
        {
            "assd_mm": (NAN, NAN, NAN, 0.0),
            "hd95_mm": (NAN, NAN, NAN, 0.0),
            "nsd": (0.0, 0.0, NAN, 1.0),
        },
    ),
)
"""With a prediction, or a truth, of one 3 x 3 x 3 cube at 1 mm where the other side is empty."""


def edge_case_table() -> pd.DataFrame:
    """EDGE_CASES as a table, one row for each rule and metric."""
    import pandas as pd

    return pd.DataFrame([vars(case) for case in EDGE_CASES])
