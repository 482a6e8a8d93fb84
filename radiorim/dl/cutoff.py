"""The score from which a judge that learns says yes, chosen on people that it did not learn from."""

from __future__ import annotations

import numpy as np

from radiorim.metrics.thresholds import choose_threshold

__all__ = ["held_out_threshold"]


def held_out_threshold(truth: np.ndarray, scores: np.ndarray, rule: str) -> tuple[float, str]:
    """The threshold by a rule of `radiorim.metrics.thresholds`, and a sentence about where it is from.

    0.5 where the held-out lesions are not of both kinds.
    """
    if len(set(truth.tolist())) < 2:
        return 0.5, "threshold 0.5: too few positive training lesions to choose one on held-out people"
    # "Call nothing" is an infinite threshold, which JSON cannot hold; above 1 is the same.
    chosen = min(choose_threshold(truth, scores, rule), float(np.nextafter(1.0, 2.0)))
    return chosen, f"threshold {chosen:.3f}: {rule} on {len(truth)} lesions of held-out people"
