"""Patches cut from prepared arrays, each under its own seed: the same for any number of workers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from radiorim.dl.device import memory_format
from radiorim.errors import require

if TYPE_CHECKING:
    import torch

__all__ = ["Batch", "Patch", "Place", "batches", "crop", "in_batches", "sample_rng"]


@dataclass(frozen=True)
class Place:
    """Where a patch is cut: case number in the pool, centre voxel, and the lesion there (0 = none) with its
    number of voxels.
    """

    case: int
    centre: tuple[int, int, int]
    lesion: int = 0
    voxels: int = 0


@dataclass(frozen=True, eq=False)
class Patch:
    """What a network is shown, float32 (channels, x, y, z), and what it should say.

    `target` is (outputs,) for a classifier and (outputs, x, y, z) for a segmenter.
    """

    images: np.ndarray
    target: np.ndarray


@dataclass(frozen=True, eq=False)
class Batch:
    """Patches stacked as tensors. `share`: what the batch counts in a step that is made of several parts."""

    images: torch.Tensor
    target: torch.Tensor
    share: float = 1.0

    def to(self, device: torch.device) -> Batch:
        """The same on a device; images in the format that convolutions are quicker on."""
        images = self.images.to(device, memory_format=memory_format(device), non_blocking=True)
        return Batch(images, self.target.to(device, non_blocking=True), self.share)


def crop(array: np.ndarray, centre: Sequence[int], size: Sequence[int], *, fill: float = 0.0) -> np.ndarray:
    """A copy of `size` voxels around a centre of (..., x, y, z); `fill` where the array ends.

    Voxel size // 2 of the patch is the centre.
    """
    starts = [int(c) - s // 2 for c, s in zip(centre, size, strict=True)]
    patch = np.full((*array.shape[:-3], *size), fill, dtype=array.dtype)
    source, goal = [], []
    for start, edge, length in zip(starts, size, array.shape[-3:], strict=True):
        first, last = max(start, 0), max(min(start + edge, length), start, 0)
        source.append(slice(first, last))
        goal.append(slice(first - start, last - start))
    patch[(..., *goal)] = array[(..., *source)]
    return patch


def sample_rng(seed: int, epoch: int, index: int) -> np.random.Generator:
    """The generator of one sample: it knows nothing of workers, batches or samples before it."""
    return np.random.default_rng([seed, epoch, index])


def in_batches(count: int, batch: int) -> list[list[int]]:
    """The numbers 0 .. count - 1 in batches; one that is left over joins the last batch.

    Alone it would have no variance, which batch normalisation cannot do without.
    """
    order = [list(range(at, min(at + batch, count))) for at in range(0, count, batch)]
    if len(order) > 1 and len(order[-1]) == 1:
        alone = order.pop()
        order[-1] += alone
    return order


def batches(
    make: Callable[[int], Patch], order: Sequence[Sequence[int]], *, workers: int = 0
) -> Iterator[Batch]:
    """Batches of the patches `make(index)`, in the given order of indices.

    With `workers`, other processes make them; these are started fresh (never forked: a fork may inherit a
    lock that nobody frees), so `make` and what it holds must be picklable.
    """
    data = require("torch.utils.data", "dl")
    loader = data.DataLoader(
        _Made(make, sum(map(len, order))),
        batch_sampler=list(order),
        num_workers=workers,
        collate_fn=_collate,
        multiprocessing_context="spawn" if workers else None,
        timeout=600 if workers else 0,
    )
    yield from loader


@dataclass(frozen=True, eq=False)
class _Made:
    make: Callable[[int], Patch]
    length: int

    def __len__(self) -> int:
        return self.length

    def __getitem__(self, index: int) -> Patch:
        return self.make(index)


def _collate(patches: Sequence[Patch]) -> Batch:
    import torch

    images = torch.from_numpy(np.stack([patch.images for patch in patches]))
    target = torch.from_numpy(np.stack([patch.target for patch in patches]))
    return Batch(images, target)
