"""Who is held out inside the training part: whole people, for early stopping and thresholds."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

__all__ = ["held_out_people"]


def held_out_people(positives: Mapping[str, int], *, share: float, seed: int) -> frozenset[str]:
    """About `share` of the people, drawn among those with and without a positive in proportion.

    `positives` counts by person. At least one person with a positive is held out and one stays; with fewer
    than two such people, or a share of 0, nobody is: there is nothing to stop or to choose a threshold on.
    """
    bearers = sorted(person for person, count in positives.items() if count > 0)
    others = sorted(set(positives) - set(bearers))
    if share <= 0 or len(bearers) < 2:
        return frozenset()
    rng = np.random.default_rng([seed, 20])
    some = min(max(1, round(share * len(bearers))), len(bearers) - 1)
    chosen = rng.permutation(bearers)[:some].tolist()
    return frozenset(chosen + rng.permutation(others)[: round(share * len(others))].tolist())
