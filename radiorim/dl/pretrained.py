"""A segmenter whose encoder first learns from the same pairs without their labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from radiorim.case import Case
from radiorim.dl.loop import Run, fit, own_run
from radiorim.dl.registry import Net
from radiorim.dl.segmenter import Segmenter, SegmentFinder, train_segmenter
from radiorim.dl.training import Training
from radiorim.dl.voxeljob import VoxelData, VoxelJob, gather_voxels
from radiorim.dl.voxelsampling import BalancedVoxels

if TYPE_CHECKING:
    from torch import nn

__all__ = ["PretrainedSegmenter"]


@dataclass(frozen=True)
class PretrainedSegmenter:
    """Train `autoencoder` on patches of pairs, move its `encoder` into the segmenter's network, train that.

    The autoencoder sees all cases with truth, but not the truth; nobody is held out from it. Both networks
    must have a part named `encoder` of one shape. With `positive_only` the segmenter learns from cases that
    have a lesion and no others.
    """

    segmenter: Segmenter
    autoencoder: Net
    sampling: BalancedVoxels = BalancedVoxels(per_case=64, positive=0.0)
    pretraining: Training = Training(held_out=0.0)
    positive_only: bool = True

    def fit(self, cases: Sequence[Case], *, seed: int, run: Run = Run()) -> SegmentFinder:
        """Learn from prepared cases with truth; a `run` with a folder goes on from its checkpoints."""
        data = gather_voxels(cases, self.segmenter.channels, self.segmenter.target, mask=self.segmenter.mask)
        encoder = self._encoder(data, seed, _pretraining_run(run)).state_dict()
        bearing = [case for case, voxels in enumerate(data.positives) if len(voxels)]
        shown = data.only(bearing) if self.positive_only else data
        nets = []
        for member in range(self.segmenter.members):
            net = self.segmenter.net.build(seed=seed + 1000 * member)
            net.encoder.load_state_dict(encoder)
            where = own_run(run, member)
            nets.append(train_segmenter(self.segmenter, shown, seed=seed + 1000 * member, run=where, net=net))
        return SegmentFinder(self.segmenter, tuple(nets))

    def load(self, folder: Path) -> SegmentFinder:
        """Read what `SegmentFinder.save` wrote; the autoencoder was needed for training alone."""
        return self.segmenter.load(folder)

    def smoke(self) -> PretrainedSegmenter:
        """A look at a few patches without labels."""
        return replace(self, sampling=replace(self.sampling, per_case=min(self.sampling.per_case, 4)))

    def _encoder(self, data: VoxelData, seed: int, run: Run) -> nn.Module:
        from radiorim.dl.consistency import PairsAlone

        find = self.segmenter
        job = VoxelJob(
            data=data,
            train=tuple(range(len(data.persons))),
            held=(),
            size=tuple(find.patch),
            sampling=self.sampling,
            augment=find.augment,
            inference=find.inference,
            threshold=find.threshold,
            seed=seed + 500,
            batch=self.pretraining.batch,
            workers=self.pretraining.workers,
        )
        module = PairsAlone(self.autoencoder.build(seed=seed))
        fit(job, module, self.pretraining, seed=seed + 500, run=run)
        return module.net.encoder


def _pretraining_run(run: Run) -> Run:
    return run if run.folder is None else replace(run, folder=run.folder / "pretraining")
