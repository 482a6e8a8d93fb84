"""How a network is trained, as data: optimiser, schedule, when to stop."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from radiorim.errors import UnknownName

if TYPE_CHECKING:
    import torch

__all__ = ["Optimiser", "Schedule", "Training"]


@dataclass(frozen=True)
class Optimiser:
    """`adam`, `adamw` or `sgd` (Nesterov if `momentum` > 0) with its numbers."""

    name: str = "adamw"
    lr: float = 1e-3
    weight_decay: float = 0.0
    momentum: float = 0.0
    betas: tuple[float, float] = (0.9, 0.999)

    def build(self, parameters: Sequence[torch.nn.Parameter]) -> torch.optim.Optimizer:
        """The optimiser of these parameters."""
        import torch

        both = {"lr": self.lr, "weight_decay": self.weight_decay}
        if self.name == "sgd":
            return torch.optim.SGD(parameters, momentum=self.momentum, nesterov=self.momentum > 0, **both)
        known = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW}
        if self.name not in known:
            raise UnknownName("optimiser", self.name, [*known, "sgd"])
        return known[self.name](parameters, betas=tuple(self.betas), **both)


SCHEDULES = ("constant", "poly", "cosine", "exponential", "step", "multistep", "plateau")


@dataclass(frozen=True)
class Schedule:
    """The learning rate over epochs e of E, as a factor of the optimiser's.

    `poly` (1 - e/E)^power; `cosine` (1 + cos(pi e/E))/2; `exponential` factor^e; `step` factor^(e // every);
    `multistep` one more `factor` from each of the `milestones`, shares of the training, on.
    `plateau` one more `factor` after each `patience` epochs without a better score. The first `warmup`
    epochs rise linearly. It never falls below `low`.
    """

    name: str = "constant"
    power: float = 0.9
    factor: float = 0.1
    every: int = 10
    milestones: tuple[float, ...] = ()
    patience: int = 10
    warmup: int = 0
    low: float = 0.0

    def at(self, epoch: int, epochs: int, scores: Sequence[float] = ()) -> float:
        """The factor of an epoch (from 0), given the scores of those before: nothing has to be remembered."""
        if self.name not in SCHEDULES:
            raise UnknownName("schedule", self.name, SCHEDULES)
        if epoch < self.warmup:
            return (epoch + 1) / (self.warmup + 1)
        done = (epoch - self.warmup) / max(epochs - self.warmup, 1)
        factors = {
            "constant": 1.0,
            "poly": (1 - done) ** self.power,
            "cosine": (1 + math.cos(math.pi * done)) / 2,
            "exponential": self.factor**epoch,
            "step": self.factor ** (epoch // self.every),
            "multistep": self.factor ** sum(done >= share for share in self.milestones),
            "plateau": self.factor ** _waits(scores, self.patience),
        }
        return max(factors[self.name], self.low)


@dataclass(frozen=True)
class Training:
    """One stage of training.

    `accumulate` batches make one step of the optimiser; `clip` is the largest norm of the gradient (0: any);
    `ema` the decay of averaged weights (0: none), which then are the ones that count; `amp` computes in
    bfloat16 on a GPU. Of the people, `held_out` is the share on whose lesions the score after each `check`
    epochs is made; after `patience` scores without a better one training stops (0: never). The weights with
    the best score are kept, without a score the last ones.
    """

    epochs: int = 50
    batch: int = 16
    optimiser: Optimiser = Optimiser()
    schedule: Schedule = Schedule()
    accumulate: int = 1
    clip: float = 0.0
    ema: float = 0.0
    amp: bool = True
    held_out: float = 0.2
    check: int = 1
    patience: int = 0
    workers: int = 0

    def smoke(self) -> Training:
        """A few epochs in one process, at a rate that learns in as many: to see that everything runs."""
        quick = Optimiser("adamw", lr=3e-3, weight_decay=1e-4)
        few = min(self.epochs, 12)
        # Scored once, at the end: a handful of held-out lesions cannot choose between a dozen epochs.
        small = {"epochs": few, "check": few, "batch": min(self.batch, 8), "accumulate": 1, "workers": 0}
        return replace(self, **small, optimiser=quick, schedule=Schedule("cosine"), ema=0.0, patience=0)


def _waits(scores: Sequence[float], patience: int) -> int:
    """How often `patience` scores in a row were not above the best before them."""
    best, waited, times = -math.inf, 0, 0
    for score in scores:
        best, waited = (score, 0) if score > best else (best, waited + 1)
        if waited >= patience:
            times, waited = times + 1, 0
    return times
