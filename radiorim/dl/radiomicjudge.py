"""The judge that looks and measures: one network is shown a patch around each lesion and its radiomics."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from radiorim.case import Case
from radiorim.dl.augment import Augment
from radiorim.dl.channels import Channel, stacked
from radiorim.dl.cutoff import held_out_threshold
from radiorim.dl.focus import LesionPatch
from radiorim.dl.lesionjob import LesionData, LesionJob, gather, places_of
from radiorim.dl.lesionsampling import EachOnce, InverseFrequency, PositivesInEachBatch
from radiorim.dl.loop import Run, fit
from radiorim.dl.people import held_out_people
from radiorim.dl.persist import load_networks, save_networks
from radiorim.dl.radiomicjob import RadiomicJob, answers
from radiorim.dl.registry import Loss, Net
from radiorim.dl.training import Training
from radiorim.errors import DataError, UsageError
from radiorim.features.table import feature_columns, measure
from radiorim.lesions import Lesions
from radiorim.recipe import Example, Measure

if TYPE_CHECKING:
    import pandas as pd
    from torch import nn

__all__ = ["RadiomicClassifier", "RadiomicScorer"]


@dataclass(frozen=True)
class RadiomicClassifier:
    """Measure each lesion, cut a patch around it, and show both to one network (`nets/qsmrim_net.py`).

    The network takes as many features as the measures give: its option `features`. Their scale is learned
    from the training lesions and saved with the weights. The threshold is chosen by the named rule on lesions
    of people that the network had not learned from.
    """

    channels: tuple[Channel, ...]
    net: Net
    measures: tuple[Measure, ...]
    patch: LesionPatch = LesionPatch((32, 32, 32))
    loss: Loss = Loss("bce")
    sampling: EachOnce | InverseFrequency | PositivesInEachBatch = PositivesInEachBatch()
    augment: Augment = Augment()
    training: Training = Training()
    threshold_rule: str = "f1max"

    def measure(self, case: Case, lesions: Lesions) -> Lesions:
        """The lesions with one column for each feature, and `too_small`."""
        for channel in self.channels:
            case.image(channel.image)
        return measure(case, lesions, self.measures)

    def fit(self, examples: Sequence[Example], *, seed: int, run: Run = Run()) -> RadiomicScorer:
        """Learn from measured lesions whose `truth` is known; others teach nothing.

        Raises `DataError` unless both kinds are there, `UsageError` if the network takes another number of
        features. A `run` with a folder goes on from its checkpoint.
        """
        from radiorim.dl.oversampled import Oversampled

        data = gather(examples, self.channels, self.patch)
        positive = int((data.truth == 1).sum())
        if not 0 < positive < len(data.truth):
            raise DataError(
                f"a network learns from both kinds of lesion, but got {positive} positive and "
                f"{len(data.truth) - positive} negative. Add cases or use fewer folds."
            )
        names, rows = _measured(examples)
        job = self._job(data, rows, seed)
        net = self._scaled(job.rows, seed)
        fit(job, Oversampled(net, self.loss.build()), self.training, seed=seed, run=run)
        threshold, note = held_out_threshold(job.patches.held.truth, job.judged(net), self.threshold_rule)
        return RadiomicScorer(self, net.eval(), names, threshold, note)

    def load(self, folder: Path) -> RadiomicScorer:
        """Read what `RadiomicScorer.save` wrote."""
        nets, facts = load_networks(self.net, folder, "judge")
        try:
            names = tuple(str(name) for name in facts["features"])
            return RadiomicScorer(self, nets[0], names, float(facts["threshold"]), str(facts["note"]))
        except (KeyError, TypeError, ValueError) as error:
            raise DataError(f"{folder}/judge.json is damaged ({error!r}). Train the model again.") from error

    def _job(self, data: LesionData, rows: np.ndarray, seed: int) -> RadiomicJob:
        """Some people are held out to choose the epoch and the threshold, whole persons only."""
        counts = Counter(dict.fromkeys(data.persons.tolist(), 0))
        counts.update(data.persons[data.truth == 1].tolist())
        held = held_out_people(counts, share=self.training.held_out, seed=seed)
        out = np.isin(data.persons, sorted(held))
        patches = LesionJob(
            data.only(~out),
            data.only(out),
            self.sampling,
            self.augment,
            seed,
            self.training.batch,
            self.training.workers,
        )
        return RadiomicJob(patches, rows[~out], rows[out])

    def _scaled(self, rows: np.ndarray, seed: int) -> nn.Module:
        """The network with the scale of these rows, those that are learned from."""
        import torch

        net = self.net.build(seed=seed)
        if rows.shape[1] != len(net.centre):
            raise UsageError(
                f"{self.net.name} takes {len(net.centre)} features, but the measures give {rows.shape[1]}. "
                "Set its option features, or change the measures."
            )
        net.scale_to(torch.from_numpy(rows))
        return net


@dataclass(frozen=True, eq=False)
class RadiomicScorer:
    """A fitted `RadiomicClassifier`: its network, the names of the features in their order, the threshold."""

    judge: RadiomicClassifier
    net: nn.Module
    features: tuple[str, ...]
    threshold: float
    note: str = ""

    def __call__(self, case: Case, lesions: Lesions) -> Lesions:
        """The lesions with `score` and `found`; they are measured first unless that was done."""
        measured = lesions if set(self.features) <= set(lesions.table) else self.judge.measure(case, lesions)
        score = self._asked(case, measured) if len(measured) else np.zeros(0)
        return measured.with_columns(score=score, found=score >= self.threshold)

    def save(self, folder: Path) -> None:
        """Write `judge.safetensors` and `judge.json`."""
        facts = {"threshold": self.threshold, "note": self.note, "features": list(self.features)}
        save_networks([self.net], folder, "judge", facts)

    @property
    def parameters(self) -> int:
        """How many numbers the network learned."""
        return sum(weight.numel() for weight in self.net.parameters())

    def _asked(self, case: Case, lesions: Lesions) -> np.ndarray:
        patch, labels = self.judge.patch, lesions.labels.data
        images, places = stacked(case, self.judge.channels), places_of(lesions, lesions.table)
        rows = _rows(lesions.table, self.features)
        return answers(
            self.net, lambda row: patch.cut(images, labels, places[row]), rows, self.judge.training.batch
        )


def _measured(examples: Sequence[Example]) -> tuple[tuple[str, ...], np.ndarray]:
    """Names of the features and one row for each lesion of known kind, in the order of `gather`."""
    tables = [lesions.table for _, lesions in examples if "truth" in lesions.table]
    tables = [table[table["truth"].notna()] for table in tables]
    names = tuple(next(feature_columns(table) for table in tables if len(table)))
    return names, np.concatenate([_rows(table, names) for table in tables if len(table)])


def _rows(table: pd.DataFrame, names: Sequence[str]) -> np.ndarray:
    # A copy: torch takes no array that must not be written to.
    return np.array(table[list(names)], dtype=np.float32)
