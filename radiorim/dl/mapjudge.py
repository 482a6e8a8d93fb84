"""The judge that draws: a network maps rims voxel by voxel; a lesion's score is what the map says in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from radiorim.case import Case
from radiorim.dl.augment import Augment
from radiorim.dl.channels import Channel
from radiorim.dl.cutoff import held_out_threshold
from radiorim.dl.inference import Inference
from radiorim.dl.loop import Run, fit
from radiorim.dl.mapjob import MapData, MapJob, gather_maps, lesion_scores, map_near, shown
from radiorim.dl.people import held_out_people
from radiorim.dl.persist import load_networks, save_networks
from radiorim.dl.registry import Loss, Net
from radiorim.dl.training import Training
from radiorim.dl.voxeljob import VoxelJob
from radiorim.dl.voxelsampling import BalancedVoxels
from radiorim.errors import DataError, UsageError
from radiorim.lesions import Lesions
from radiorim.recipe import Example

if TYPE_CHECKING:
    from torch import nn

__all__ = ["MapJudge", "MapScorer"]


@dataclass(frozen=True)
class MapJudge:
    """Train a segmenter with two maps, lesions with and without a rim, on patches around lesion voxels.

    The network must have two outputs. To judge, it maps the volume by a sliding window; the score of a lesion
    is the `statistic` (`radiorim.dl.mapjob.STATISTICS`) of the maps inside it. With
    `lesion_channel` the network also sees which voxels are lesion, of the same mask in training and use.
    Patches lie on lesion voxels, at least about `rim_share` of them on those of lesions with a rim.
    """

    channels: tuple[Channel, ...]
    net: Net
    patch: tuple[int, int, int] = (32, 32, 32)
    lesion_channel: bool = False
    rim_share: float = 0.0
    loss: Loss = Loss("dice-bce")
    sampling: BalancedVoxels = BalancedVoxels(per_case=3, positive=1.0)
    augment: Augment = Augment()
    training: Training = Training(batch=4)
    inference: Inference = Inference()
    statistic: str = "mean"
    threshold_rule: str = "f1max"

    def __post_init__(self) -> None:
        if not 0 <= self.rim_share < 1:
            raise UsageError(f"rim_share must be from 0 to below 1, not {self.rim_share!r}.")

    def measure(self, case: Case, lesions: Lesions) -> Lesions:
        """The lesions as they are: a network has no features that folds could share."""
        for channel in self.channels:
            case.image(channel.image)
        return lesions

    def fit(self, examples: Sequence[Example], *, seed: int, run: Run = Run()) -> MapScorer:
        """Learn from lesions whose `truth` is known; what is said of the voxels of others counts nowhere.

        Raises `DataError` unless both kinds are there. A `run` with a folder goes on from its checkpoint.
        """
        from radiorim.dl.supervised import Supervised

        data = gather_maps(
            examples, self.channels, lesion_channel=self.lesion_channel, rim_share=self.rim_share
        )
        truth = np.concatenate([np.zeros(0), *data.truth])
        positive = int((truth == 1).sum())
        if not 0 < positive < len(truth):
            raise DataError(
                f"a network learns from both kinds of lesion, but got {positive} positive and "
                f"{len(truth) - positive} negative. Add cases or use fewer folds."
            )
        job = self._job(data, seed)
        module = Supervised(self.net.build(seed=seed), self.loss.build())
        fit(job, module, self.training, seed=seed, run=run)
        net = module.net.eval()
        return MapScorer(self, net, *held_out_threshold(*job.judged(net), self.threshold_rule))

    def load(self, folder: Path) -> MapScorer:
        """Read what `MapScorer.save` wrote."""
        nets, facts = load_networks(self.net, folder, "judge")
        try:
            return MapScorer(self, nets[0], float(facts["threshold"]), str(facts["note"]))
        except (KeyError, TypeError, ValueError) as error:
            raise DataError(f"{folder}/judge.json is damaged ({error!r}). Train the model again.") from error

    def smoke(self) -> MapJudge:
        """Small patches, more of them, and twice the epochs: maps of rims are learned slowly."""
        most, epochs = self.net.small_edge(), 2 * self.training.epochs
        return replace(
            self,
            patch=tuple(min(edge, most) for edge in self.patch),
            sampling=replace(self.sampling, per_case=12),
            training=replace(self.training, epochs=epochs, check=epochs),
        )

    def _job(self, data: MapData, seed: int) -> MapJob:
        """Some people are held out to choose the epoch and the threshold, whole persons only."""
        persons = data.voxels.persons
        counts = dict.fromkeys(persons, 0)
        for person, truth in zip(persons, data.truth, strict=True):
            counts[person] += int((truth == 1).sum())
        held = held_out_people(counts, share=self.training.held_out, seed=seed)
        patches = VoxelJob(
            data=data.voxels,
            train=tuple(case for case, person in enumerate(persons) if person not in held),
            held=tuple(case for case, person in enumerate(persons) if person in held),
            size=tuple(self.patch),
            sampling=self.sampling,
            augment=self.augment,
            inference=replace(self.inference, views="none", dropout_passes=0),
            threshold=0.5,
            seed=seed,
            batch=self.training.batch,
            workers=self.training.workers,
        )
        return MapJob(data, patches, self.statistic)


@dataclass(frozen=True, eq=False)
class MapScorer:
    """A fitted `MapJudge`: its network and the threshold."""

    judge: MapJudge
    net: nn.Module
    threshold: float
    note: str = ""

    def __call__(self, case: Case, lesions: Lesions) -> Lesions:
        """The lesions with `score` and `found`."""
        score = np.zeros(0)
        if len(lesions):
            judge, labels = self.judge, lesions.labels.data
            images = shown(case, lesions, judge.channels, lesion_channel=judge.lesion_channel)
            maps = map_near(self.net, images, labels, judge.patch, judge.inference)
            score = lesion_scores(maps, labels, lesions.numbers, judge.statistic)
        return lesions.with_columns(score=score, found=score >= self.threshold)

    def save(self, folder: Path) -> None:
        """Write `judge.safetensors` and `judge.json`."""
        save_networks([self.net], folder, "judge", {"threshold": self.threshold, "note": self.note})

    @property
    def parameters(self) -> int:
        """How many numbers the network learned."""
        return sum(weight.numel() for weight in self.net.parameters())
