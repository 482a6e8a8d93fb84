"""Voxels as a job for the training loop: patches of cases, maps of true lesions as target, F1 with Dice."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from radiorim.case import Case
from radiorim.dl.augment import Augment
from radiorim.dl.channels import Channel, stacked
from radiorim.dl.inference import Inference, predict_volume
from radiorim.dl.patches import Batch, Patch, Place, batches, crop, in_batches, sample_rng
from radiorim.dl.store import Store
from radiorim.dl.voxelsampling import VoxelPool, VoxelSampling
from radiorim.errors import DataError, UnknownName
from radiorim.lesions import Lesions, components

if TYPE_CHECKING:
    from torch import nn

__all__ = ["TARGETS", "VoxelData", "VoxelJob", "gather_voxels", "overlap_score", "target_maps"]

TARGETS: dict[str, Callable[[Lesions], list[np.ndarray]]] = {
    "lesions": lambda truth: [np.ones(len(truth), dtype=bool)],
    "new": lambda truth: [(truth.table["status"] == "new").to_numpy()],
    "rim": lambda truth: [(truth.table["rim"] == 1).to_numpy(), (truth.table["rim"] == 0).to_numpy()],
}
"""Name of a target to the lesions of each of its maps: `rim` has two, with and without."""


@dataclass(frozen=True, eq=False)
class VoxelData:
    """Prepared cases by number: images (c, x, y, z), target maps (outputs, x, y, z) and where patches lie."""

    images: Store
    targets: Store
    inside: Store
    positives: tuple[np.ndarray, ...]
    persons: tuple[str, ...]

    def pool(self, cases: Sequence[int]) -> VoxelPool:
        """What a sampling block may draw from: only these cases; the others have no voxels."""
        return VoxelPool(tuple(self.positives[case] for case in cases), _Some(self.inside, tuple(cases)))

    def only(self, cases: Sequence[int]) -> VoxelData:
        """Some of the cases under the numbers 0, 1, ..., the same arrays."""
        kept = tuple(cases)
        stores = (_Some(store, kept) for store in (self.images, self.targets, self.inside))
        return VoxelData(*stores, *(tuple(each[i] for i in kept) for each in (self.positives, self.persons)))


@dataclass(frozen=True, eq=False)
class VoxelJob:
    """`radiorim.dl.loop.Job` over the cases `train`; `held` are those of held-out people."""

    data: VoxelData
    train: tuple[int, ...]
    held: tuple[int, ...]
    size: tuple[int, int, int]
    sampling: VoxelSampling
    augment: Augment
    inference: Inference
    threshold: float
    seed: int
    batch: int
    workers: int = 0
    rank: int = 0
    processes: int = 1

    def batches(self, epoch: int) -> Iterable[Batch]:
        """The batches of an epoch, or of several processes each its part of every batch."""
        pool = self.data.pool(self.train)
        places = tuple(self.sampling.places(pool, size=self.size, seed=self.seed, epoch=epoch))
        order = in_batches(len(places), self.batch)
        mine = [part[self.rank :: self.processes] for part in order]
        made = batches(_Shown(self, places, epoch), mine, workers=self.workers)
        for whole, part, batch in zip(order, mine, made, strict=True):
            yield replace(batch, share=len(part) * self.processes / len(whole))

    def score(self, module: nn.Module) -> float:
        """Mean of lesion-wise F1 (any overlap) and Dice, pooled over the held-out cases; NaN without any."""
        if not self.held:
            return float("nan")
        pairs = []
        for case in self.held:
            images, inside = self.data.images[case], self.data.inside[case] != 0
            answer = predict_volume([module.net], images, self.size, self.inference, inside=inside)[0]
            found = (answer >= self.threshold) & inside
            pairs.append((self.data.targets[case][0] != 0, found))
        return overlap_score(pairs)


@dataclass(frozen=True, eq=False)
class _Shown:
    """The patch that stands at a position of an epoch, augmented under its own seed."""

    job: VoxelJob
    places: tuple[Place, ...]
    epoch: int

    def __call__(self, index: int) -> Patch:
        job, place = self.job, self.places[index]
        case = job.train[place.case]
        images = crop(job.data.images[case], place.centre, job.size)
        target = crop(job.data.targets[case], place.centre, job.size).astype(np.float32)
        return job.augment(Patch(images, target), sample_rng(job.seed, self.epoch, index))


@dataclass(frozen=True, eq=False)
class _Some:
    """Some arrays of a store under the numbers 0, 1, ..."""

    store: Store
    cases: tuple[int, ...]

    def __getitem__(self, number: int) -> np.ndarray:
        return self.store[self.cases[number]]


def gather_voxels(
    cases: Sequence[Case],
    channels: Sequence[Channel],
    target: str,
    *,
    mask: str = "brain",
    budget_mib: float = 1024,
) -> VoxelData:
    """Prepare every case with truth once; a case is released when it is done.

    Raises `DataError` if no case has a truth, or none has a lesion of the first map.
    """
    images, targets, inside = Store(budget_mib), Store(budget_mib / 4), Store(budget_mib / 4)
    positives, persons = [], []
    for case in cases:
        if case.truth is None:
            continue
        maps = target_maps(case.truth(), target)
        images.add(stacked(case, channels))
        targets.add(maps)
        inside.add((case.mask(mask).data != 0).astype(np.uint8))
        positives.append(np.argwhere(maps[0]).astype(np.int16))
        persons.append(case.person)
        case.release()
    if not any(len(voxels) for voxels in positives):
        raise DataError(
            f"none of the {len(persons)} training cases with truth has a lesion of the kind {target!r}, so a "
            "network cannot learn to find it. Add cases."
        )
    return VoxelData(images, targets, inside, tuple(positives), tuple(persons))


def target_maps(truth: Lesions, target: str) -> np.ndarray:
    """The maps (outputs, x, y, z) of a target as 0 and 1; raises `UnknownName` for another target."""
    if target not in TARGETS:
        raise UnknownName("target", target, TARGETS)
    wanted = "status" if target == "new" else "rim"
    if target != "lesions" and wanted not in truth.table:
        # Where the data set says nothing of age, every true lesion of a pair is a new one.
        chosen = [np.ones(len(truth), dtype=bool)] if target == "new" else [np.zeros(len(truth), bool)] * 2
    else:
        chosen = TARGETS[target](truth)
    numbers = truth.table["lesion"].to_numpy()
    lookup = np.zeros((len(chosen), int(truth.labels.data.max(initial=0)) + 1), dtype=np.uint8)
    for row, kept in zip(lookup, chosen, strict=True):
        row[numbers[kept]] = 1
    return np.stack([row[truth.labels.data] for row in lookup])


def overlap_score(pairs: Iterable[tuple[np.ndarray, np.ndarray]]) -> float:
    """(lesion-wise F1 + Dice) / 2 of pairs (truth, found), counts summed over pairs; any overlap counts.

    Components are 26-connected. 1 if there is nothing to find and nothing found.
    """
    true = hit = made = right = voxels = shared = 0
    for truth, found in pairs:
        labels, other = components(truth, 26), components(found, 26)
        both = truth & found
        true, hit = true + labels.max(initial=0), hit + len(np.unique(labels[both]))
        made, right = made + other.max(initial=0), right + len(np.unique(other[both]))
        voxels, shared = voxels + truth.sum() + found.sum(), shared + both.sum()
    if true + made == 0:
        return 1.0
    recall, precision = hit / max(true, 1), right / max(made, 1)
    f1 = 2 * recall * precision / max(recall + precision, 1e-12)
    return float((f1 + 2 * shared / max(voxels, 1)) / 2)
