"""Stages before the training proper, as blocks: a network looks at the patches without their kind.

They are given the lesions of the training fold only: those to learn from, and those of held-out people for
early stopping. Weights are learned in place.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from radiorim.dl.augment import Augment
from radiorim.dl.lesionjob import LesionData, LesionJob
from radiorim.dl.lesionsampling import EachOnce, LesionSampling
from radiorim.dl.loop import Run, fit, seeded
from radiorim.dl.patches import Batch
from radiorim.dl.training import Optimiser, Training

if TYPE_CHECKING:
    from torch import nn

__all__ = ["CrossModal", "TwoViews"]

_TURNS = Augment(flip=0.5, turn=0.5)


@dataclass(frozen=True)
class CrossModal:
    """The features of the second image must predict those of the first (FRODO); encoders are kept, the
    predictor is not.

    Without `stop_gradient` (published) the target learns too and may collapse to a constant: then the
    training ends with a sentence, see `selfsupervised.CrossModalRegression`. With it the encoder of the
    first image stays as it was drawn. Needs a network with the encoders `main` and `context`, which give
    `encoded_width` maps.
    """

    training: Training = Training(epochs=200, batch=10, optimiser=Optimiser("adamw", lr=5e-5), patience=20)
    augment: Augment = _TURNS
    stop_gradient: bool = False
    collapse: float = 1e-3

    def __call__(
        self, net: nn.Module, learn: LesionData, *, held: LesionData, seed: int, run: Run = Run()
    ) -> None:
        """Train the two encoders of `net`, in place. Raises `DataError` if they collapse."""
        from radiorim.dl.selfsupervised import CrossModalRegression

        with seeded(seed, 0):
            module = CrossModalRegression(
                net, width=net.encoded_width, stop_gradient=self.stop_gradient, collapse=self.collapse
            )
        seen = _jobs(EachOnce(), self.augment, self.training, (learn, held), seed)
        fit(seen, module, self.training, seed=seed, run=_own(run))


@dataclass(frozen=True)
class TwoViews:
    """Two views of a lesion must look more alike than views of different lesions (NT-Xent): all of the
    network but its classifier is pretrained.

    `training.batch` counts lesions; each gives two patches. Needs a network with `pooled(images)`,
    `pooled_width` numbers.
    """

    training: Training = Training(epochs=200, batch=32, optimiser=Optimiser("adamw", lr=5e-5), patience=20)
    augment: Augment = _TURNS
    width: int = 128
    temperature: float = 0.1

    def __call__(
        self, net: nn.Module, learn: LesionData, *, held: LesionData, seed: int, run: Run = Run()
    ) -> None:
        """Train `net` below its classifier, in place."""
        from radiorim.dl.selfsupervised import TwoViewContrast

        with seeded(seed, 0):
            module = TwoViewContrast(
                net, features=net.pooled_width, width=self.width, temperature=self.temperature
            )
        twice = replace(self.training, batch=2 * self.training.batch)
        seen = _jobs(_Twice(), self.augment, twice, (learn, held), seed)
        fit(seen, module, twice, seed=seed, run=_own(run))


@dataclass(frozen=True)
class _Twice:
    """Every lesion twice in a row, the lesions in random order."""

    def rows(self, truth: np.ndarray, *, batch: int, rng: np.random.Generator) -> list[int]:
        return np.repeat(EachOnce().rows(truth, batch=batch, rng=rng), 2).tolist()


@dataclass(frozen=True, eq=False)
class _Unlabelled:
    """`radiorim.dl.loop.Job`: patches in place of lesions with a kind, minus the held-out loss as score."""

    learn: LesionJob
    held: LesionJob

    def batches(self, epoch: int) -> Iterable[Batch]:
        return self.learn.batches(epoch)

    def score(self, module: nn.Module) -> float:
        import torch

        device = next(module.parameters()).device
        with torch.inference_mode():
            # Always the first epoch: what is compared from epoch to epoch are the same views.
            losses = [float(module(batch.to(device))) for batch in self.held.batches(0)]
        return -float(np.mean(losses)) if losses else math.nan


def _jobs(
    sampling: LesionSampling,
    augment: Augment,
    training: Training,
    data: tuple[LesionData, LesionData],
    seed: int,
) -> _Unlabelled:
    learn, held = data
    return _Unlabelled(
        LesionJob(learn, held, sampling, augment, seed, training.batch, training.workers),
        LesionJob(held, held, sampling, augment, seed, training.batch, training.workers),
    )


def _own(run: Run) -> Run:
    """A folder of its own inside: the weights that are pretrained are not those of the classifier's run."""
    return run if run.folder is None else replace(run, folder=run.folder / "pretraining")
