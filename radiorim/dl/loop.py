"""The one training loop. What is trained is a module that gives a loss; what it sees is a job's affair."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from radiorim.dl.checkpoint import load_checkpoint, save_checkpoint
from radiorim.dl.device import current_device, memory_format
from radiorim.dl.patches import Batch
from radiorim.dl.training import Training
from radiorim.errors import DataError

if TYPE_CHECKING:
    import torch
    from torch import nn

__all__ = ["Job", "Run", "State", "fit", "own_run", "seeded"]


class Job(Protocol):
    """What the loop needs to know of a task."""

    def batches(self, epoch: int) -> Iterable[Batch]:
        """The batches of an epoch: the same for the same epoch."""

    def score(self, module: nn.Module) -> float:
        """How well held-out people are judged, higher is better; NaN if nobody is held out."""


@dataclass(frozen=True)
class Run:
    """Around the training: where to keep it, whom to tell, and whether other processes share the work.

    `folder` gets `checkpoint.safetensors` (from which an interrupted training goes on) and `metrics.tsv`;
    `key` names what is trained, so that a checkpoint of something else is refused. `progress` is told each
    epoch's row of `metrics.tsv` with `epochs`, how many there are at most, and `seconds_left`.
    """

    folder: Path | None = None
    key: str = ""
    progress: Callable[[dict[str, float]], None] | None = None
    processes: int = 1


@dataclass
class State:
    """Everything that changes while training; the whole of it is in a checkpoint."""

    module: nn.Module
    optimiser: torch.optim.Optimizer
    average: nn.Module | None = None
    best: dict[str, torch.Tensor] | None = None
    history: list[dict[str, float]] = field(default_factory=list)

    @property
    def scores(self) -> list[float]:
        """The scores so far, without those that could not be said."""
        return [row["score"] for row in self.history if not math.isnan(row["score"])]

    @property
    def judged(self) -> nn.Module:
        """The weights that count: the averaged ones if there are any."""
        return self.module if self.average is None else self.average.module

    def stalled(self, patience: int) -> bool:
        """Whether the last `patience` scores were all no better than the best before them."""
        scores = self.scores
        return bool(patience) and len(scores) - 1 - int(np.argmax(scores or [0])) >= patience


def fit(job: Job, module: nn.Module, training: Training, *, seed: int, run: Run = Run()) -> State:
    """Train `module`, whose forward takes a `Batch` and gives a scalar loss; its best weights stay in it.

    What a method `told()` of the module gives, numbers by name, is noted beside the loss of each epoch.
    Same seed, same weights on a CPU, also when the training was interrupted and went on from its checkpoint.
    """

    device = current_device()
    module.to(device, memory_format=memory_format(device))
    state = State(module, training.optimiser.build([p for p in module.parameters() if p.requires_grad]))
    if training.ema:
        state.average = _averaged(module, training.ema)
    if run.folder is not None:
        load_checkpoint(state, run.folder, run.key)
    step = _shared(module) if run.processes > 1 else module
    started, before = time.perf_counter(), len(state.history)
    while len(state.history) < training.epochs and not state.stalled(training.patience):
        epoch = len(state.history)
        rate = training.optimiser.lr * training.schedule.at(epoch, training.epochs, state.scores)
        for group in state.optimiser.param_groups:
            group["lr"] = rate
        with seeded(seed, epoch, device):
            loss = _epoch(state, step, job.batches(epoch), training)
            _finish(state, job, training, {"epoch": epoch, "lr": rate, "loss": loss})
        _keep(state, run, (time.perf_counter() - started) / (epoch + 1 - before), training.epochs)
    if state.best is not None:
        state.judged.load_state_dict(state.best)
    if state.average is not None:
        module.load_state_dict(state.judged.state_dict())
    return state


def _epoch(state: State, step: nn.Module, batches: Iterable[Batch], training: Training) -> float:
    """One pass; the mean loss. A loss that is not a number ends the training with a sentence."""
    import torch

    device = next(state.module.parameters()).device
    mixed = training.amp and device.type == "cuda"
    state.module.train()
    losses, waiting = [], 0
    for batch in batches:
        shown = batch.to(device)
        with torch.autocast(device.type, dtype=torch.bfloat16, enabled=mixed):
            loss = step(shown)
        (loss * (shown.share / training.accumulate)).backward()
        losses.append(loss.detach())
        waiting += 1
        if waiting == training.accumulate:
            _update(state, training)
            waiting = 0
    if waiting:
        _update(state, training)
    mean = float(torch.stack(losses).mean()) if losses else math.nan
    if not math.isfinite(mean):
        raise DataError(
            f"the training loss is {mean} in epoch {len(state.history)}: lower the learning rate, or clip."
        )
    return mean


def _update(state: State, training: Training) -> None:
    import torch

    if training.clip:
        torch.nn.utils.clip_grad_norm_(state.module.parameters(), training.clip)
    state.optimiser.step()
    state.optimiser.zero_grad(set_to_none=True)
    if state.average is not None:
        state.average.update_parameters(state.module)


def _finish(state: State, job: Job, training: Training, row: dict[str, float]) -> None:
    """Score the epoch if it is its turn, and keep the weights if they are the best so far."""
    due = (row["epoch"] + 1) % training.check == 0 or row["epoch"] + 1 == training.epochs
    state.judged.eval()
    score = float(job.score(state.judged)) if due else math.nan
    best = max(state.scores, default=-math.inf)
    if score > best:
        state.best = {name: value.detach().clone() for name, value in state.judged.state_dict().items()}
    told = state.module.told() if hasattr(state.module, "told") else {}
    state.history.append({**row, **told, "score": score})


def _keep(state: State, run: Run, seconds: float, epochs: int) -> None:
    """Write the checkpoint and the metrics, then tell: an interruption while telling loses nothing."""
    import pandas as pd

    from radiorim.io.tables import write_table

    if run.folder is not None and _first(run):
        save_checkpoint(state, run.folder, run.key)
        write_table(pd.DataFrame(state.history), run.folder / "metrics.tsv")
    if run.progress:
        left = seconds * (epochs - len(state.history))
        run.progress({**state.history[-1], "epochs": epochs, "seconds_left": left})


def _first(run: Run) -> bool:
    import torch.distributed as together

    return run.processes == 1 or together.get_rank() == 0


def _shared(module: nn.Module) -> nn.Module:
    """The module in torch's DDP: each process sees its part, the gradients are averaged."""
    from torch.nn.parallel import DistributedDataParallel

    return DistributedDataParallel(module)


def _averaged(module: nn.Module, decay: float) -> nn.Module:
    from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

    return AveragedModel(module, multi_avg_fn=get_ema_multi_avg_fn(decay), use_buffers=True)


def own_run(run: Run, member: int) -> Run:
    """The run of one member of an ensemble: a folder of its own inside, if there is one."""
    return run if run.folder is None else replace(run, folder=run.folder / f"member-{member}")


@contextmanager
def seeded(seed: int, epoch: int, device: Any = None) -> Iterator[None]:
    """torch's generators under a seed of their own while the block lasts (dropout), then as before."""
    import torch

    gpus = [device] if device is not None and device.type == "cuda" else []
    with torch.random.fork_rng(devices=gpus):
        torch.manual_seed(int(np.random.SeedSequence([seed, epoch]).generate_state(1)[0]))
        yield
