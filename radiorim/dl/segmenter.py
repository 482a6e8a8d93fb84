"""The finder that learns: a network marks voxels in a sliding window; what is connected is a lesion."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from radiorim.case import Case
from radiorim.dl.augment import Augment
from radiorim.dl.channels import Channel, stacked
from radiorim.dl.inference import Inference, predict_volume
from radiorim.dl.loop import Run, fit, own_run
from radiorim.dl.ohem import HardExamples
from radiorim.dl.people import held_out_people
from radiorim.dl.persist import load_networks, save_networks
from radiorim.dl.registry import Loss, Net
from radiorim.dl.training import Training
from radiorim.dl.voxeljob import VoxelData, VoxelJob, gather_voxels
from radiorim.dl.voxelsampling import BalancedVoxels, ExhaustiveNegatives, WeightedVoxels
from radiorim.lesions import Lesions

if TYPE_CHECKING:
    from torch import nn

__all__ = ["SegmentFinder", "Segmenter", "marked", "train_segmenter"]


@dataclass(frozen=True)
class Segmenter:
    """Train a network on patches of prepared cases; find by a sliding window, threshold and components.

    `target` names the true lesions to learn (`radiorim.dl.voxeljob.TARGETS`); the first map is the one that
    is found, inside `mask` only. Probabilities of `members` networks are averaged. With `mining` only the
    hardest patches of each batch are learned from. Patch edges must suit the network. Fitting raises
    `DataError` if no case has such a lesion.
    """

    channels: tuple[Channel, ...]
    net: Net
    patch: tuple[int, int, int] = (64, 64, 64)
    target: str = "new"
    loss: Loss = Loss("dice-ce")
    sampling: BalancedVoxels | ExhaustiveNegatives | WeightedVoxels = BalancedVoxels()
    augment: Augment = Augment()
    training: Training = Training(batch=2)
    inference: Inference = Inference()
    threshold: float = 0.5
    connectivity: int = 26
    min_mm3: float = 0.0
    mask: str = "brain"
    deep_weights: tuple[float, ...] = ()
    members: int = 1
    mining: HardExamples | None = None

    def fit(self, cases: Sequence[Case], *, seed: int, run: Run = Run()) -> SegmentFinder:
        """Learn from prepared cases with truth; a `run` with a folder goes on from its checkpoints."""
        data = gather_voxels(cases, self.channels, self.target, mask=self.mask)
        nets = [
            train_segmenter(self, data, seed=seed + 1000 * member, run=own_run(run, member))
            for member in range(self.members)
        ]
        return SegmentFinder(self, tuple(nets))

    def load(self, folder: Path) -> SegmentFinder:
        """Read what `SegmentFinder.save` wrote."""
        return SegmentFinder(self, tuple(load_networks(self.net, folder, "find")[0]))

    def smoke(self) -> Segmenter:
        """One network, patches of at most 32 voxels an edge or what suits its small version."""
        most = self.net.small_edge()
        return replace(self, members=1, patch=tuple(min(edge, most) for edge in self.patch))


@dataclass(frozen=True, eq=False)
class SegmentFinder:
    """A fitted `Segmenter`."""

    find: Segmenter
    nets: tuple[nn.Module, ...]

    @property
    def threshold(self) -> float:
        """The probability from which a voxel is marked."""
        return self.find.threshold

    @property
    def parameters(self) -> int:
        """How many numbers the networks learned."""
        return sum(weight.numel() for net in self.nets for weight in net.parameters())

    def __call__(self, case: Case) -> Lesions:
        """The lesions with `score`, the mean probability inside, and `found`, which is true of all."""
        return marked(self.find, case, self.probability(case)[0])

    def probability(self, case: Case) -> np.ndarray:
        """The probability of each map, float32 (outputs, x, y, z), which holds inside the block's mask."""
        find = self.find
        images, inside = stacked(case, find.channels), case.mask(find.mask).data
        return predict_volume(self.nets, images, find.patch, find.inference, inside=inside)

    def save(self, folder: Path) -> None:
        """Write `find.safetensors` and `find.json`."""
        save_networks(self.nets, folder, "find", {"threshold": self.find.threshold})


def marked(find: Segmenter, case: Case, answer: np.ndarray) -> Lesions:
    """What is connected above the threshold of a probability map (x, y, z), inside the block's mask."""
    inside = case.mask(find.mask)
    mask = inside.like((answer >= find.threshold) & (inside.data != 0))
    lesions = Lesions.from_mask(mask, connectivity=find.connectivity, min_mm3=find.min_mm3)
    labels = lesions.labels.data
    size = int(labels.max(initial=0)) + 1
    voxels = np.flatnonzero(labels)
    sums = np.bincount(labels.ravel()[voxels], weights=answer.ravel()[voxels], minlength=size)
    counts = np.bincount(labels.ravel()[voxels], minlength=size)
    means = sums / np.maximum(counts, 1)
    return lesions.with_columns(score=means[lesions.numbers], found=True)


def train_segmenter(
    block: Segmenter, data: VoxelData, *, seed: int, run: Run = Run(), net: nn.Module | None = None
) -> nn.Module:
    """One trained network, `net` if training should go on from one that has learned something already.

    Some people are held out to choose the epoch, whole persons only.
    """
    from radiorim.dl.supervised import Supervised

    counts = {person: 0 for person in data.persons}
    for person, voxels in zip(data.persons, data.positives, strict=True):
        counts[person] += len(voxels) > 0
    held = held_out_people(counts, share=block.training.held_out, seed=seed)
    out = [person in held for person in data.persons]
    job = VoxelJob(
        data=data,
        train=tuple(int(case) for case in np.flatnonzero(np.logical_not(out))),
        held=tuple(int(case) for case in np.flatnonzero(out)),
        size=tuple(block.patch),
        sampling=block.sampling,
        augment=block.augment,
        inference=replace(block.inference, views="none", dropout_passes=0),
        threshold=block.threshold,
        seed=seed,
        batch=block.training.batch,
        workers=block.training.workers,
    )
    net = block.net.build(seed=seed) if net is None else net
    module = Supervised(net, block.loss.build(), block.deep_weights)
    if block.mining is not None:
        module = block.mining.module(module)
    fit(job, module, block.training, seed=seed, run=run)
    return module.net.eval()
