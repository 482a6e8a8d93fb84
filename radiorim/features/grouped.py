"""Statistics of all lesions at once: the values of every lesion in one array, sorted within each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from radiorim.errors import DataError

if TYPE_CHECKING:
    from radiorim.lesions import Lesions
    from radiorim.volume import Volume

__all__ = ["Grouped"]


@dataclass(frozen=True, eq=False)
class Grouped:
    """Values that belong to groups 0..n-1 of one or more values each, ascending within each group."""

    values: np.ndarray
    group: np.ndarray
    counts: np.ndarray

    @classmethod
    def of(cls, values: np.ndarray, group: np.ndarray, count: int) -> Grouped:
        """Sort values in any order; `group` says which of the `count` groups each of them belongs to."""
        order = np.lexsort((values, group))
        return cls(values[order], group[order], np.bincount(group, minlength=count))

    @classmethod
    def of_lesions(cls, image: Volume, lesions: Lesions) -> Grouped:
        """The image in the lesions, one group for each row of their table, as float64.

        Raises `DataError` if one of the values is not finite.
        """
        inside = np.nonzero(lesions.labels.data)
        numbers = lesions.labels.data[inside]
        values = image.data[inside].astype(np.float64)
        bad = ~np.isfinite(values)
        if bad.any():
            raise DataError(
                f"{image.source or 'an image'} holds NaN or infinite values at lesion {numbers[bad][0]}. "
                "Replace them before measuring."
            )
        row = np.zeros(int(numbers.max(initial=0)) + 1, dtype=np.intp)
        row[lesions.numbers] = np.arange(len(lesions))
        return cls.of(values, row[numbers], len(lesions))

    @property
    def start(self) -> np.ndarray:
        """Where each group's first value stands."""
        return np.cumsum(self.counts) - self.counts

    @property
    def rank(self) -> np.ndarray:
        """Place of each value in its own group, from 0."""
        return np.arange(self.values.size) - self.start[self.group]

    def with_(self, values: np.ndarray) -> Grouped:
        """The same groups with other values, one for each of these and in their order; sorted anew."""
        return Grouped.of(values, self.group, self.counts.size)

    def mean(self, values: np.ndarray | None = None) -> np.ndarray:
        """Mean of each group, of these values unless others (in their order) are given."""
        return self.total(values) / self.counts

    def total(self, values: np.ndarray | None = None) -> np.ndarray:
        """Sum of each group, of these values unless others (in their order) are given."""
        return np.bincount(self.group, self.values if values is None else values, self.counts.size)

    def quantile(self, share: float) -> np.ndarray:
        """Quantile of each group, linear between values: numpy's and R's default (type 7)."""
        place = (self.counts - 1) * share
        below = np.floor(place).astype(np.intp)
        above = np.minimum(below + 1, self.counts - 1)
        low, high = self.values[self.start + below], self.values[self.start + above]
        return low + (place - below) * (high - low)

    def trimmed_mean(self, share: float) -> np.ndarray:
        """Mean of each group without floor(n x share) values at either end."""
        cut = np.floor(self.counts * share)
        kept = (self.rank >= cut[self.group]) & (self.rank < (self.counts - cut)[self.group])
        return self.total(np.where(kept, self.values, 0.0)) / (self.counts - 2 * cut)

    def runs(self) -> tuple[Grouped, np.ndarray]:
        """The different values of each group, and the share of the group that each of them has."""
        first = np.ones(self.values.size, dtype=bool)
        first[1:] = (np.diff(self.values) != 0) | (np.diff(self.group) != 0)
        owner = self.group[first]
        lengths = np.diff(np.append(np.flatnonzero(first), self.values.size))
        different = Grouped(self.values[first], owner, np.bincount(owner, minlength=self.counts.size))
        return different, lengths / self.counts[owner]

    def equal_probability(self, bins: int) -> Grouped:
        """Levels 1..`bins` in place of the values: one more than the inner k/`bins` quantiles at or below.

        So the bins are half open, the last one closed; equal values share a level, and a flat group has the
        highest one (as in the R package RIA).
        """
        level = np.ones(self.values.size)
        for edge in range(1, bins):
            level += self.values >= self.quantile(edge / bins)[self.group]
        return Grouped(level, self.group, self.counts)
