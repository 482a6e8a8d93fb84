"""Largest differences to panoptica 2.1.7, picai_eval 1.4.13 and MONAI where their definition is ours.

    python benchmarks/metrics_crosscheck.py

20 random pairs of 96^3 with 25 lesions each (5 for picai_eval). Peers that are not installed are named
and left out. Writes results/metrics_crosscheck.tsv beside this file.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
from metrics import MM, Pair, draw_pair, panoptica_run, picai_run, present, save

from radiorim.metrics.anima import segmentation_performance
from radiorim.metrics.distances import surface_metrics
from radiorim.metrics.rules import Iou, score_lesions


def crosscheck() -> pd.DataFrame:
    """Largest differences to peers whose definition is the same, over 20 pairs of 96^3."""
    pairs = [draw_pair(96, 25, seed) for seed in range(20)]
    gaps: dict[tuple[str, str], list[float]] = {}

    def note(peer: str, metric: str, mine: float, theirs: float) -> None:
        gap = 0.0 if np.isnan(mine) and np.isnan(theirs) else abs(mine - theirs)
        gaps.setdefault((peer, metric), []).append(gap)

    if present("panoptica"):
        compare_panoptica(pairs, note)
    if present("monai"):
        compare_monai(pairs, note)
    if present("picai_eval"):
        compare_picai(pairs[:5], note)
    rows = [
        {"peer": peer, "metric": metric, "pairs": len(values), "largest_difference": max(values)}
        for (peer, metric), values in gaps.items()
    ]
    return pd.DataFrame(rows, columns=["peer", "metric", "pairs", "largest_difference"])


def compare_panoptica(pairs: list[Pair], note: Callable[[str, str, float, float], None]) -> None:
    """Panoptica's matching and averages are our `iou` rule."""
    for threshold in (0.5, 0.1):
        run = panoptica_run(("DSC", "IOU"), threshold)
        for pair in pairs:
            mine, theirs = score_lesions(*pair, MM, rule=Iou(threshold)), run(pair)
            values = {"RQ": theirs.rq, "SQ": theirs.sq, "SQ_dice": theirs.sq_dsc, "PQ": theirs.pq}
            for metric, value in values.items():
                note("panoptica", f"{metric} at IoU {threshold}", mine.scores[metric], float(value))
            note("panoptica", f"TP at IoU {threshold}", mine.finds_true, theirs.tp)


def compare_monai(pairs: list[Pair], note: Callable[[str, str, float, float], None]) -> None:
    """MONAI's Hausdorff distances and surface Dice, in float32 there."""
    import torch
    from monai.metrics import compute_hausdorff_distance, compute_surface_dice

    for pair in pairs:
        mine, exact = surface_metrics(*pair, MM, tolerance_mm=1.5), segmentation_performance(*pair, MM)
        tensors = [torch.tensor(np.ascontiguousarray(side))[None, None] for side in pair]
        words = {"include_background": True, "spacing": MM}
        hd95 = compute_hausdorff_distance(*tensors, percentile=95, **words).item()
        note("monai", "HD95", mine["hd95_mm"], hd95)
        note(
            "monai",
            "Hausdorff",
            exact["HausdorffDistance"],
            compute_hausdorff_distance(*tensors, **words).item(),
        )
        nsd = compute_surface_dice(*tensors, class_thresholds=[1.5], **words).item()
        note("monai", "surface Dice at 1.5 mm", mine["nsd"], nsd)


def compare_picai(pairs: list[Pair], note: Callable[[str, str, float, float], None]) -> None:
    """Matched truths at IoU 0.1; picai matches for the greatest number (Hungarian), ours greedily."""
    for pair in pairs:
        rows = picai_run(pair)
        theirs = sum(1 for truth, confidence, _ in rows if truth and confidence > 0)
        note("picai_eval", "TP at IoU 0.1", score_lesions(*pair, MM, rule=Iou(0.1)).finds_true, theirs)


if __name__ == "__main__":
    save(crosscheck(), "metrics_crosscheck", "python benchmarks/metrics_crosscheck.py")
