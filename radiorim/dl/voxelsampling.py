"""Where patches of scans lie in an epoch: blocks that draw places, by seed and epoch alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from radiorim.dl.patches import Place
from radiorim.dl.store import Store
from radiorim.errors import DataError

__all__ = [
    "BalancedVoxels",
    "ExhaustiveNegatives",
    "VoxelPool",
    "VoxelSampling",
    "WeightedVoxels",
]


@dataclass(frozen=True, eq=False)
class VoxelPool:
    """Voxels to centre patches on: `positives` (k, 3) by case, and masks of where patches may lie."""

    positives: tuple[np.ndarray, ...]
    inside: Store


class VoxelSampling(Protocol):
    """A way to draw an epoch of patch centres."""

    def places(self, pool: VoxelPool, *, size: Sequence[int], seed: int, epoch: int) -> list[Place]:
        """Centres for patches of `size` voxels, in the order of training."""


@dataclass(frozen=True)
class BalancedVoxels:
    """`per_case` patches of each case and epoch: with probability `positive` on a lesion voxel, else anywhere
    inside the mask. A case without lesions gives background only.
    """

    per_case: int = 4
    positive: float = 0.5

    def places(self, pool: VoxelPool, *, size: Sequence[int], seed: int, epoch: int) -> list[Place]:
        """Centres, the cases mixed."""
        del size
        rng, found = np.random.default_rng([seed, epoch, 1]), []
        for case, voxels in enumerate(pool.positives):
            for _ in range(self.per_case):
                wanted = rng.random() < self.positive and len(voxels)
                centre = voxels[rng.integers(len(voxels))] if wanted else _anywhere(pool.inside[case], rng)
                found.append(Place(case, tuple(int(at) for at in centre)))
        return [found[index] for index in rng.permutation(len(found))]

    def smoke(self) -> BalancedVoxels:
        """Few patches of each case."""
        return replace(self, per_case=min(self.per_case, 32))


@dataclass(frozen=True)
class WeightedVoxels:
    """Centres drawn with weights: `lesion` for a lesion voxel, 1 for another inside the mask, 0 outside."""

    per_case: int = 4
    lesion: float = 100.0

    def places(self, pool: VoxelPool, *, size: Sequence[int], seed: int, epoch: int) -> list[Place]:
        """Centres, the cases mixed: a lesion voxel with probability w k / (w k + rest)."""
        found: list[Place] = []
        for case, voxels in enumerate(pool.positives):
            rest = max(int(np.count_nonzero(pool.inside[case])) - len(voxels), 1)
            share = self.lesion * len(voxels) / (self.lesion * len(voxels) + rest)
            alone = VoxelPool((voxels,), _Single(pool.inside, case))
            draw = BalancedVoxels(self.per_case, share)
            for place in draw.places(alone, size=size, seed=seed + 7919 * (case + 1), epoch=epoch):
                found.append(Place(case, place.centre))
        order = np.random.default_rng([seed, epoch, 2]).permutation(len(found))
        return [found[index] for index in order]


@dataclass(frozen=True)
class ExhaustiveNegatives:
    """A grid of patches over each mask: all that hold a lesion in each epoch, and as many that hold none,
    which are not drawn again before every one of them was.
    """

    overlap: float = 0.0

    def places(self, pool: VoxelPool, *, size: Sequence[int], seed: int, epoch: int) -> list[Place]:
        """Centres, positives and negatives mixed."""
        positive: list[Place] = []
        negative: list[Place] = []
        for case, voxels in enumerate(pool.positives):
            for centre in _grid(pool.inside[case], size, self.overlap):
                low = np.array(centre) - np.array(size) // 2
                held = len(voxels) and ((voxels >= low) & (voxels < low + np.array(size))).all(1).any()
                (positive if held else negative).append(Place(case, centre))
        some = min(max(len(positive), 1), len(negative))
        chosen = [negative[index] for index in _unrepeated(len(negative), some, seed, epoch)]
        both = positive + chosen
        return [both[index] for index in np.random.default_rng([seed, epoch, 3]).permutation(len(both))]

    def smoke(self) -> ExhaustiveNegatives:
        """A grid that overlaps by two fifths at most: few patches."""
        return replace(self, overlap=min(self.overlap, 0.4))


@dataclass(frozen=True, eq=False)
class _Single:
    """One mask of a store as a store of one."""

    store: Store
    case: int

    def __getitem__(self, number: int) -> np.ndarray:
        return self.store[self.case]


def _anywhere(mask: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A voxel of the mask, each equally likely: guesses first, since a list of all voxels is large."""
    for _ in range(200):
        guess = rng.integers(0, mask.shape)
        if mask[tuple(guess)]:
            return guess
    flat = np.flatnonzero(mask)
    if not len(flat):
        raise DataError("a mask in which patches should lie is empty. Check the brain masks.")
    return np.array(np.unravel_index(flat[rng.integers(len(flat))], mask.shape))


def _grid(mask: np.ndarray, size: Sequence[int], overlap: float) -> list[tuple[int, int, int]]:
    steps = [max(1, round(edge * (1 - overlap))) for edge in size]
    axes = [
        range(edge // 2, max(length, edge // 2 + 1), step)
        for edge, length, step in zip(size, mask.shape, steps, strict=True)
    ]
    return [(i, j, k) for i in axes[0] for j in axes[1] for k in axes[2] if _touches(mask, (i, j, k), size)]


def _touches(mask: np.ndarray, centre: tuple[int, int, int], size: Sequence[int]) -> bool:
    window = tuple(slice(max(c - s // 2, 0), c - s // 2 + s) for c, s in zip(centre, size, strict=True))
    return bool(mask[window].any())


def _unrepeated(total: int, count: int, seed: int, epoch: int) -> list[int]:
    """Entries epoch * count ... of an endless list of fresh permutations of `total`."""
    wanted = range(epoch * count, (epoch + 1) * count)
    turns = {at // total: None for at in wanted}
    drawn = {turn: np.random.default_rng([seed, turn, 4]).permutation(total) for turn in turns}
    return [int(drawn[at // total][at % total]) for at in wanted]
