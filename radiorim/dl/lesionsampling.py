"""Which lesions an epoch is made of: blocks that draw them, by seed and epoch alone."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from radiorim.dl.patches import Place
from radiorim.errors import DataError

__all__ = [
    "EachOnce",
    "InverseFrequency",
    "LesionPool",
    "LesionSampling",
    "PositivesInEachBatch",
]


@dataclass(frozen=True, eq=False)
class LesionPool:
    """Lesions to learn from: where they are and whether they are positive (1) or not (0)."""

    places: tuple[Place, ...]
    truth: np.ndarray


class LesionSampling(Protocol):
    """A way to draw an epoch of lesions."""

    def rows(self, truth: np.ndarray, *, batch: int, rng: np.random.Generator) -> list[int]:
        """Rows of the pool, batch after batch."""


@dataclass(frozen=True)
class EachOnce:
    """Every lesion once, in random order."""

    def rows(self, truth: np.ndarray, *, batch: int, rng: np.random.Generator) -> list[int]:
        """All rows, shuffled."""
        del batch
        return rng.permutation(len(truth)).tolist()


@dataclass(frozen=True)
class InverseFrequency:
    """As many draws with replacement as there are lesions (times `rounds`), both classes equally likely."""

    rounds: float = 1.0

    def rows(self, truth: np.ndarray, *, batch: int, rng: np.random.Generator) -> list[int]:
        """Rows drawn with the weight 1 / size of their class."""
        del batch
        positive, negative = _both(truth)
        weight = np.where(truth == 1, 0.5 / len(positive), 0.5 / len(negative))
        return rng.choice(len(truth), size=round(self.rounds * len(truth)), p=weight).tolist()


@dataclass(frozen=True)
class PositivesInEachBatch:
    """Batches with exactly `positives` positives (at most half a batch), the rest negatives; `steps` of them.

    Each class is gone through in random order, again and again. `steps` 0: until each negative was seen.
    """

    positives: int = 4
    steps: int = 0

    def rows(self, truth: np.ndarray, *, batch: int, rng: np.random.Generator) -> list[int]:
        """Rows; each run of `batch` holds its positives."""
        positive, negative = _both(truth)
        some = max(1, min(self.positives, batch // 2))
        steps = self.steps or -(-len(negative) // max(1, batch - some))
        yes = _cycled(positive, steps * some, rng).reshape(steps, some)
        no = _cycled(negative, steps * (batch - some), rng).reshape(steps, batch - some)
        return np.hstack([yes, no]).ravel().tolist()

    def smoke(self) -> PositivesInEachBatch:
        """Few batches: candidates by the hundred need not all be seen in an epoch."""
        return replace(self, steps=min(self.steps or 12, 12))


def _both(truth: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    positive, negative = np.flatnonzero(truth == 1), np.flatnonzero(truth == 0)
    if not len(positive) or not len(negative):
        raise DataError(
            f"a network learns from both kinds of lesion, but got {len(positive)} positive and "
            f"{len(negative)} negative. Add cases or use fewer folds."
        )
    return positive, negative


def _cycled(rows: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    rounds = -(-count // len(rows))
    return np.concatenate([rng.permutation(rows) for _ in range(rounds)])[:count]
