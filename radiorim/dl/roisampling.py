"""Which regions around candidates an epoch is made of, by seed and epoch alone."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

__all__ = ["InfratentorialExtra"]


@dataclass(frozen=True)
class InfratentorialExtra:
    """All regions with a lesion, as many without, and `extra` of their number once more, most from below.

    Of the extra ones `below` lie below the tentorium, `positive` of these with a lesion; the others lie above
    it and hold none. Below is the lowest `height` of the brain. A kind that does not occur leaves its share
    to those that do.
    """

    extra: float = 0.3
    below: float = 0.85
    positive: float = 0.33
    height: float = 0.3

    def rows(self, truth: np.ndarray, down: np.ndarray, rng: np.random.Generator) -> list[int]:
        """Rows in the order of training; `truth` is 1 or 0, `down` the way from vertex to neck, 0 to 1."""
        yes, low = truth == 1, down >= 1 - self.height
        some, without = int(yes.sum()), np.flatnonzero(~yes)
        drawn = rng.choice(without, some, replace=len(without) < some) if len(without) else without
        kinds = [np.flatnonzero(low & yes), np.flatnonzero(low & ~yes), np.flatnonzero(~low & ~yes)]
        shares = np.array([self.below * self.positive, self.below * (1 - self.positive), 1 - self.below])
        shares *= [len(kind) > 0 for kind in kinds]
        more = round(self.extra * (some + len(drawn))) if shares.any() else 0
        which = rng.choice(3, more, p=shares / shares.sum()) if more else []
        rows = [*np.flatnonzero(yes), *drawn, *(rng.choice(kinds[kind]) for kind in which)]
        return [int(row) for row in rng.permutation(rows)]

    def smoke(self) -> InfratentorialExtra:
        """More regions without a lesion, from everywhere: few epochs must show enough of them."""
        return replace(self, extra=max(self.extra, 2.0), below=min(self.below, 0.3))
