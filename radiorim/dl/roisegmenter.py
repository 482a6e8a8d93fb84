"""The finder that looks again: a network marks voxels in a box around each candidate of another finder."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from radiorim.case import Case
from radiorim.dl.augment import Augment
from radiorim.dl.loop import Run, fit
from radiorim.dl.patches import Batch, Patch, in_batches, sample_rng
from radiorim.dl.persist import load_networks, save_networks
from radiorim.dl.registry import Loss, Net
from radiorim.dl.rois import Roi, roi_images, rois_of, stacked_rois, stitched
from radiorim.dl.roisampling import InfratentorialExtra
from radiorim.dl.segmenter import marked
from radiorim.dl.store import Store
from radiorim.dl.training import Training
from radiorim.dl.voxeljob import target_maps
from radiorim.errors import DataError, UsageError
from radiorim.lesions import Lesions
from radiorim.recipe import Find, Tidy

if TYPE_CHECKING:
    from torch import nn

__all__ = ["RoiFinder", "RoiSegmenter"]


@dataclass(frozen=True)
class RoiSegmenter:
    """Candidates by `find` and `tidy`, a box of `margin` voxels more around each, a network without pooling.

    The network sees both visits in `levels` grey levels and three maps of where a voxel lies (depth, vertex
    to neck, occiput to nose); `augment` changes the visits only, so it must not move them. What it marks
    above `threshold` inside `mask` are the lesions. Nobody can be held out. Fitting raises `DataError` if
    no candidate has a voxel of a new lesion.
    """

    find: Find
    net: Net
    tidy: tuple[Tidy, ...] = ()
    margin: int = 2
    longest: int = 32
    levels: int = 6
    loss: Loss = Loss("masked-dice-ce")
    sampling: InfratentorialExtra = InfratentorialExtra()
    augment: Augment = Augment(flip=0.0)
    training: Training = Training(held_out=0.0)
    batch: int = 32
    threshold: float = 0.75
    connectivity: int = 26
    min_mm3: float = 0.0
    mask: str = "brain"

    def __post_init__(self) -> None:
        if np.any(self.augment.flip) or self.augment.turn or self.augment.affine:
            raise UsageError("RoiSegmenter cannot move visits: set flip, turn and affine of augment to 0.")
        if self.training.held_out:
            raise UsageError("RoiSegmenter holds nobody out: set held_out of training to 0.")

    def fit(self, cases: Sequence[Case], *, seed: int, run: Run = Run()) -> RoiFinder:
        """Learn from prepared cases with truth; a `run` with a folder goes on from its checkpoints."""
        from radiorim.dl.supervised import Supervised

        job = RoiJob(self, *self._gathered(cases), seed)
        if not job.truth.any():
            raise DataError(
                f"none of the {len(job.truth)} candidates of the training cases with truth has a voxel of a "
                "new lesion, so a network cannot learn to tell them. Add cases or loosen `find`."
            )
        module = Supervised(self.net.build(seed=seed), self.loss.build())
        fit(job, module, self.training, seed=seed, run=run)
        return RoiFinder(self, module.net.eval())

    def load(self, folder: Path) -> RoiFinder:
        """Read what `RoiFinder.save` wrote."""
        return RoiFinder(self, load_networks(self.net, folder, "find")[0][0])

    def smoke(self) -> RoiSegmenter:
        """Boxes of at most 12 voxels an edge, few epochs, nothing augmented."""
        training = replace(self.training, epochs=min(self.training.epochs, 8), check=1)
        return replace(self, longest=min(self.longest, 12), training=training, augment=Augment(flip=0.0))

    def rois(self, case: Case) -> list[Roi]:
        """The boxes of a prepared case's candidates."""
        lesions = self.find.fit((), seed=0)(case)
        for rule in self.tidy:
            lesions = rule(case, lesions)
        return rois_of(lesions, margin=self.margin, longest=self.longest)

    def _gathered(self, cases: Sequence[Case]) -> tuple[Store, Store, np.ndarray, np.ndarray]:
        """Images and target of each region, whether it holds a new lesion, and how far down it lies."""
        images, targets, truth, down = Store(1024), Store(256), [], []
        for case in cases:
            if case.truth is None:
                continue
            seen, true = (
                roi_images(case, levels=self.levels, mask=self.mask),
                target_maps(case.truth(), "new"),
            )
            for roi in self.rois(case):
                inside = roi.of(true).astype(np.float32)
                images.add(roi.of(seen).copy())
                targets.add(inside)
                truth.append(inside.any())
                down.append(seen[(3, *roi.centre.astype(int))])
            case.release()
        return images, targets, np.array(truth, dtype=float), np.array(down)


@dataclass(frozen=True, eq=False)
class RoiJob:
    """`radiorim.dl.loop.Job` over regions: each batch is as large as its largest region."""

    block: RoiSegmenter
    images: Store
    targets: Store
    truth: np.ndarray
    down: np.ndarray
    seed: int

    def batches(self, epoch: int) -> Iterator[Batch]:
        """The batches of an epoch; NaN in images and target where a region has ended."""
        import torch

        rows = self.block.sampling.rows(self.truth, self.down, np.random.default_rng([self.seed, epoch]))
        for part in in_batches(len(rows), self.block.training.batch):
            shown = [self._shown(rows[index], sample_rng(self.seed, epoch, index)) for index in part]
            images = stacked_rois([patch.images for patch in shown])
            target = stacked_rois([patch.target for patch in shown])
            yield Batch(torch.from_numpy(images), torch.from_numpy(target))

    def score(self, module: nn.Module) -> float:
        """NaN: nobody is held out."""
        del module
        return float("nan")

    def _shown(self, row: int, rng: np.random.Generator) -> Patch:
        images, target = self.images[row], self.targets[row]
        visits = self.block.augment(Patch(images[:2], target), rng).images
        return Patch(np.concatenate([visits, images[2:]]), target)


@dataclass(frozen=True, eq=False)
class RoiFinder:
    """A fitted `RoiSegmenter`."""

    find: RoiSegmenter
    net: nn.Module

    @property
    def threshold(self) -> float:
        """The probability from which a voxel is marked."""
        return self.find.threshold

    @property
    def parameters(self) -> int:
        """How many numbers the network learned."""
        return sum(weight.numel() for weight in self.net.parameters())

    def __call__(self, case: Case) -> Lesions:
        """The lesions with `score`, the mean probability inside, and `found`, which is true of all."""
        return marked(self.find, case, self.probability(case)[0])

    def probability(self, case: Case) -> np.ndarray:
        """The probability of each map, float32 (outputs, x, y, z); 0 in no region."""
        rois = self.find.rois(case)
        # Regions of like size together: less of a batch is filling.
        rois = sorted(rois, key=lambda roi: np.ptp([roi.start, roi.stop], axis=0).prod())
        seen = roi_images(case, levels=self.find.levels, mask=self.find.mask)
        answers: list[np.ndarray] = []
        for at in range(0, len(rois), self.find.batch):
            answers += self._asked([roi.of(seen) for roi in rois[at : at + self.find.batch]])
        return stitched(answers, rois, seen.shape[1:])

    def save(self, folder: Path) -> None:
        """Write `find.safetensors` and `find.json`."""
        save_networks([self.net], folder, "find", {"threshold": self.find.threshold})

    def _asked(self, arrays: Sequence[np.ndarray]) -> list[np.ndarray]:
        import torch

        device = next(self.net.parameters()).device
        with torch.inference_mode():
            answer = self.net(torch.from_numpy(stacked_rois(arrays)).to(device)).float().sigmoid()
        return [
            each[(..., *(slice(edge) for edge in array.shape[1:]))]
            for each, array in zip(answer.cpu().numpy(), arrays, strict=True)
        ]
