"""Lesions as a job for the training loop: patches around them, kind as target, PR-AUC of held-out people."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from radiorim.dl.augment import Augment
from radiorim.dl.channels import Channel, stacked
from radiorim.dl.focus import LesionPatch
from radiorim.dl.inference import Inference, predict_patches
from radiorim.dl.lesionsampling import LesionSampling
from radiorim.dl.patches import Batch, Patch, Place, batches, in_batches, sample_rng
from radiorim.dl.store import Store
from radiorim.lesions import Lesions
from radiorim.metrics.classification import pr_auc
from radiorim.recipe import Example

if TYPE_CHECKING:
    from torch import nn

__all__ = ["LesionData", "LesionJob", "gather", "places_of"]


@dataclass(frozen=True, eq=False)
class LesionData:
    """Lesions with known truth and the arrays that they lie in. `labels` is empty if nobody looks at them."""

    patch: LesionPatch
    images: Store
    labels: Store
    places: tuple[Place, ...]
    truth: np.ndarray
    persons: np.ndarray

    def only(self, kept: np.ndarray) -> LesionData:
        """Some of the lesions, the same arrays."""
        rows = np.flatnonzero(kept)
        places = tuple(self.places[row] for row in rows)
        return replace(self, places=places, truth=self.truth[rows], persons=self.persons[rows])

    def cut(self, row: int, rng: np.random.Generator | None = None) -> np.ndarray:
        """The patch of one lesion."""
        place = self.places[row]
        labels = self.labels[place.case] if self.patch.needs_labels else None
        return self.patch.cut(self.images[place.case], labels, place, rng)


@dataclass(frozen=True, eq=False)
class LesionJob:
    """`radiorim.dl.loop.Job` over the lesions to learn from and those of held-out people."""

    data: LesionData
    held: LesionData
    sampling: LesionSampling
    augment: Augment
    seed: int
    batch: int
    workers: int = 0
    rank: int = 0
    processes: int = 1

    def batches(self, epoch: int) -> Iterable[Batch]:
        """The batches of an epoch, or of several processes each its part of every batch."""
        rows = self.rows(epoch)
        order = in_batches(len(rows), self.batch)
        mine = [part[self.rank :: self.processes] for part in order]
        made = batches(_Shown(self, tuple(rows), epoch), mine, workers=self.workers)
        for whole, part, batch in zip(order, mine, made, strict=True):
            # DDP averages over processes: a part counts as the share of the batch that it is.
            yield replace(batch, share=len(part) * self.processes / len(whole))

    def rows(self, epoch: int) -> list[int]:
        """The lesions of an epoch, in the order in which they are shown."""
        rng = np.random.default_rng([self.seed, epoch])
        return self.sampling.rows(self.data.truth, batch=self.batch, rng=rng)

    def score(self, module: nn.Module) -> float:
        """PR-AUC of the held-out lesions; NaN without any."""
        if not len(self.held.truth):
            return float("nan")
        return pr_auc(self.held.truth, scores_of([module.net], self.held, Inference(batch=self.batch)))


@dataclass(frozen=True, eq=False)
class _Shown:
    """The patch that stands at a position of an epoch, shifted and augmented under its own seed."""

    job: LesionJob
    rows: tuple[int, ...]
    epoch: int

    def __call__(self, index: int) -> Patch:
        row, rng = self.rows[index], sample_rng(self.job.seed, self.epoch, index)
        images = self.job.data.cut(row, rng)
        target = np.array([self.job.data.truth[row]], dtype=np.float32)
        return self.job.augment(Patch(images, target), rng)


def gather(
    examples: Sequence[Example], channels: Sequence[Channel], patch: LesionPatch, *, budget_mib: float = 1024
) -> LesionData:
    """Prepare every case once and note its lesions with known truth; a case is released when it is done."""
    images, labels = Store(budget_mib), Store(budget_mib / 4)
    places: list[Place] = []
    truth: list[float] = []
    persons: list[str] = []
    for case, lesions in examples:
        known = lesions.table[lesions.table["truth"].notna()] if "truth" in lesions.table else []
        if not len(known):
            continue
        number = images.add(stacked(case, channels))
        if patch.needs_labels:
            labels.add(np.array(lesions.labels.data, dtype=np.int32))
        places += places_of(lesions, known, case=number)
        truth += known["truth"].tolist()
        persons += [case.person] * len(known)
        case.release()
    return LesionData(patch, images, labels, tuple(places), np.array(truth), np.array(persons))


def places_of(lesions: Lesions, rows: object, *, case: int = 0) -> list[Place]:
    """A place at the centre of mass of each row's lesion."""
    centres = np.rint(lesions.labels.to_voxels(rows[["x_mm", "y_mm", "z_mm"]].to_numpy())).astype(int)
    voxels = np.rint(rows["volume_mm3"].to_numpy() / lesions.labels.voxel_mm3).astype(int)
    numbers = rows["lesion"].tolist()
    return [
        Place(case, tuple(centre.tolist()), int(number), int(size))
        for centre, number, size in zip(centres, numbers, voxels, strict=True)
    ]


def scores_of(nets: Sequence[nn.Module], data: LesionData, how: Inference) -> np.ndarray:
    """The probability of each lesion, a chunk of patches in memory at a time."""
    scores = np.zeros(len(data.places))
    for start in range(0, len(scores), 64):
        rows = range(start, min(start + 64, len(scores)))
        patches = np.stack([data.cut(row) for row in rows])
        scores[rows.start : rows.stop] = predict_patches(nets, patches, how)[0][:, 0]
    return scores
