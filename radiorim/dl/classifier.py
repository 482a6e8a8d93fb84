"""The judge that looks: a network is shown a patch around each lesion and says how likely it is positive."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from radiorim.case import Case
from radiorim.dl.augment import Augment
from radiorim.dl.channels import Channel, stacked
from radiorim.dl.copies import ShiftedPositives
from radiorim.dl.focus import LesionPatch
from radiorim.dl.inference import Inference, predict_patches
from radiorim.dl.lesionjob import LesionData, LesionJob, gather, places_of, scores_of
from radiorim.dl.lesionsampling import EachOnce, InverseFrequency, PositivesInEachBatch
from radiorim.dl.loop import Run, fit, own_run
from radiorim.dl.people import held_out_people
from radiorim.dl.persist import load_networks, save_networks
from radiorim.dl.pretrain import CrossModal, TwoViews
from radiorim.dl.registry import Loss, Net
from radiorim.dl.training import Training
from radiorim.errors import DataError
from radiorim.lesions import Lesions
from radiorim.metrics.thresholds import choose_threshold
from radiorim.recipe import Example

if TYPE_CHECKING:
    from torch import nn

__all__ = ["PatchClassifier", "PatchScorer"]


@dataclass(frozen=True)
class PatchClassifier:
    """Cut a patch around each lesion, show it to a network, take its sigmoid as the score.

    Of `members` networks, which differ in seed and held-out people, the probabilities are averaged. The
    threshold is chosen by the named rule on lesions of people that the network had not learned from. `copies`
    adds lesions to those that are learned from; `pretraining` is a stage before, on the same lesions.
    """

    channels: tuple[Channel, ...]
    net: Net
    patch: LesionPatch = LesionPatch()
    loss: Loss = Loss("bce")
    sampling: EachOnce | InverseFrequency | PositivesInEachBatch = PositivesInEachBatch()
    augment: Augment = Augment()
    training: Training = Training()
    inference: Inference = Inference()
    threshold_rule: str = "f1max"
    members: int = 1
    copies: ShiftedPositives | None = None
    pretraining: CrossModal | TwoViews | None = None

    def measure(self, case: Case, lesions: Lesions) -> Lesions:
        """The lesions as they are: a network has no features that folds could share."""
        for channel in self.channels:
            case.image(channel.image)
        return lesions

    def fit(self, examples: Sequence[Example], *, seed: int, run: Run = Run()) -> PatchScorer:
        """Learn from lesions whose `truth` is known; others teach nothing.

        Raises `DataError` unless both kinds are there. With a `run` that has a folder, each member keeps its
        checkpoint in a folder of its own and goes on from it.
        """
        data = gather(examples, self.channels, self.patch)
        positive = int((data.truth == 1).sum())
        if not 0 < positive < len(data.truth):
            raise DataError(
                f"a network learns from both kinds of lesion, but got {positive} positive and "
                f"{len(data.truth) - positive} negative. Add cases, use fewer folds, or loosen `find`."
            )
        nets, judged = [], []
        for member in range(self.members):
            net, held = self._member(data, seed + 1000 * member, own_run(run, member))
            nets.append(net)
            judged.append((held.truth, scores_of([net], held, self.inference)))
        threshold, note = self._threshold(judged)
        return PatchScorer(self, tuple(nets), threshold, note)

    def load(self, folder: Path) -> PatchScorer:
        """Read what `PatchScorer.save` wrote."""
        nets, facts = load_networks(self.net, folder, "judge")
        try:
            return PatchScorer(self, tuple(nets), float(facts["threshold"]), str(facts["note"]))
        except (KeyError, TypeError, ValueError) as error:
            raise DataError(f"{folder}/judge.json is damaged ({error!r}). Train the model again.") from error

    def smoke(self) -> PatchClassifier:
        """One network instead of an ensemble, patches of its small edge; the blocks inside have their own.

        Where lesions are drawn one by one, so many of them that a dozen epochs are more than a dozen steps.
        They are mirrored and turned, since there are few.
        """
        edge = self.net.small_edge(24)
        patch = replace(self.patch, size=tuple(min(each, edge) for each in self.patch.size))
        drawn = isinstance(self.sampling, InverseFrequency)
        rounds = 2.0 if self.copies else 4.0
        sampling = replace(self.sampling, rounds=rounds) if drawn else self.sampling
        augment = replace(self.augment, flip=0.5, turn=0.5)
        return replace(self, members=1, patch=patch, sampling=sampling, augment=augment)

    def _member(self, data: LesionData, seed: int, run: Run) -> tuple[nn.Module, LesionData]:
        """One trained network and the lesions of the people it was stopped on."""
        from radiorim.dl.supervised import Supervised

        counts = Counter(dict.fromkeys(data.persons.tolist(), 0))
        counts.update(data.persons[data.truth == 1].tolist())
        held = held_out_people(counts, share=self.training.held_out, seed=seed)
        out = np.isin(data.persons, sorted(held))
        learn = data.only(~out)
        job = LesionJob(
            self.copies(learn) if self.copies else learn,
            data.only(out),
            self.sampling,
            self.augment,
            seed,
            self.training.batch,
            self.training.workers,
        )
        net = self.net.build(seed=seed)
        if self.pretraining:
            self.pretraining(net, learn, held=job.held, seed=seed, run=run)
        module = Supervised(net, self.loss.build())
        fit(job, module, self.training, seed=seed, run=run)
        return module.net.eval(), job.held

    def _threshold(self, judged: Sequence[tuple[np.ndarray, np.ndarray]]) -> tuple[float, str]:
        truth = np.concatenate([truth for truth, _ in judged])
        scores = np.concatenate([scores for _, scores in judged])
        if len(set(truth.tolist())) < 2:
            return 0.5, "threshold 0.5: too few positive training lesions to choose one on held-out people"
        # "Call nothing" is an infinite threshold, which JSON cannot hold; above 1 is the same.
        chosen = min(choose_threshold(truth, scores, self.threshold_rule), float(np.nextafter(1.0, 2.0)))
        return (
            chosen,
            f"threshold {chosen:.3f}: {self.threshold_rule} on {len(truth)} lesions of held-out people",
        )


@dataclass(frozen=True, eq=False)
class PatchScorer:
    """A fitted `PatchClassifier`: its networks and the threshold."""

    judge: PatchClassifier
    nets: tuple[nn.Module, ...]
    threshold: float
    note: str = ""

    def __call__(self, case: Case, lesions: Lesions) -> Lesions:
        """The lesions with `score` and `found`, and with dropout passes `score_sd`."""
        score, sd = self._asked(case, lesions) if len(lesions) else (np.zeros(0), np.zeros(0))
        more = {"score_sd": sd} if self.judge.inference.dropout_passes else {}
        return lesions.with_columns(score=score, found=score >= self.threshold, **more)

    def save(self, folder: Path) -> None:
        """Write `judge.safetensors` and `judge.json`."""
        save_networks(self.nets, folder, "judge", {"threshold": self.threshold, "note": self.note})

    @property
    def parameters(self) -> int:
        """How many numbers the networks learned."""
        return sum(weight.numel() for net in self.nets for weight in net.parameters())

    def _asked(self, case: Case, lesions: Lesions) -> tuple[np.ndarray, np.ndarray]:
        patch, how = self.judge.patch, self.judge.inference
        images, labels = stacked(case, self.judge.channels), lesions.labels.data
        places = places_of(lesions, lesions.table)
        answers = []
        for start in range(0, len(places), 64):
            patches = np.stack([patch.cut(images, labels, place) for place in places[start : start + 64]])
            answers.append(predict_patches(self.nets, patches, how, seed=start))
        mean, sd = (np.concatenate(parts)[:, 0] for parts in zip(*answers, strict=True))
        return mean, sd
