"""One fold of a recipe that learns from images: fit on the other people's cases, score this fold's."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from radiorim.case import Case
from radiorim.dl.checkpoint import clear_checkpoints
from radiorim.dl.device import chosen_device, on_device
from radiorim.dl.loop import Run
from radiorim.errors import DataError
from radiorim.io.files import read_json, write_json
from radiorim.io.tables import read_table, write_table
from radiorim.model import Model
from radiorim.recipe import Recipe
from radiorim.runs.learners import fit_on_cases, score_cases, staged_keys

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["ImageFold", "crossvalidate_images", "image_folds"]


@dataclass(frozen=True, eq=False)
class ImageFold:
    """A fold over staged cases; `folds` says of each person in which fold it is held out.

    Networks keep their checkpoints in `folder/training`, so that a run that was cut off goes on, until the
    scores are written.
    """

    recipe: Recipe
    cases: Sequence[Case]
    folds: Mapping[str, int]
    fold: int
    seed: int
    folder: Path
    device: str = field(default_factory=chosen_device)

    @property
    def path(self) -> Path:
        """Where its scores are kept: the name holds the recipe, the seed, the folds and every staged case."""
        staged = staged_keys(self.recipe, self.folder, self.cases)
        people = {case.person: self.folds[case.person] for case in self.cases}
        what = json.dumps([self.recipe.digest, self.seed, sorted(people.items()), staged])
        return self.folder / f"fold-{self.fold}-{hashlib.sha256(what.encode()).hexdigest()[:12]}.tsv"

    @property
    def training(self) -> Path:
        """Where its networks keep checkpoints and `metrics.tsv`."""
        return self.folder / "training" / self.path.stem

    @property
    def done(self) -> bool:
        """Whether the scores are there and, of a learned finder, the candidates that they are of.

        Candidates lie in `folder` whatever the folds: those of other folds may have replaced them.
        """
        if not (self.path.exists() and self.recipe.learns_to_find):
            return self.path.exists()
        return self._record.exists() and read_json(self._record) == self._candidates()

    def fit(self) -> Model:
        """The recipe fitted on the cases of everyone outside this fold."""
        train = [case for case in self.cases if self.folds[case.person] != self.fold]
        run = Run(self.training, key=self.path.stem)
        with on_device(self.device):
            return fit_on_cases(self.recipe, train, self.folder, seed=self.seed, run=run)

    def score(self, model: Model) -> pd.DataFrame:
        """The lesions of this fold's people, judged by a model that has not seen them."""
        with on_device(self.device):
            return score_cases(model, self._held_out, self.folder).assign(fold=self.fold)

    def keep(self, judged: pd.DataFrame) -> None:
        """Write the scores; the checkpoints, several times as large as the networks, are not needed then."""
        if self.recipe.learns_to_find:
            write_json(self._record, self._candidates())
        write_table(judged, self.path)
        clear_checkpoints(self.training)

    @property
    def _held_out(self) -> list[Case]:
        return [case for case in self.cases if self.folds[case.person] == self.fold]

    @property
    def _record(self) -> Path:
        return self.path.with_suffix(".candidates.json")

    def _candidates(self) -> dict[str, str]:
        """Which candidates lie there now, by case."""
        records = {case.id: self.folder / case.id / "stage.json" for case in self._held_out}
        return {name: read_json(path)["key"] for name, path in records.items() if path.exists()}


def image_folds(
    recipe: Recipe, cases: Sequence[Case], folds: Mapping[str, int], folder: Path, seed: int
) -> list[ImageFold]:
    """A piece of work for each fold that holds a case; raises `DataError` for a person without a fold."""
    left = sorted({case.person for case in cases} - set(folds))
    if left:
        raise DataError(f"{len(left)} people are in no fold, such as {left[0]}. Make the folds again.")
    numbers = sorted({folds[case.person] for case in cases})
    return [ImageFold(recipe, cases, folds, number, seed, folder) for number in numbers]


def crossvalidate_images(pieces: Sequence[ImageFold], *, n_jobs: int = 1) -> pd.DataFrame:
    """Out-of-fold scores of every lesion; finished folds are read back."""
    import pandas as pd
    from joblib import Parallel, delayed

    parts = Parallel(n_jobs=n_jobs)(delayed(_done)(piece) for piece in pieces)
    return pd.concat([part for part in parts if len(part)] or parts[:1], ignore_index=True)


def _done(piece: ImageFold) -> pd.DataFrame:
    if not piece.done:
        piece.keep(piece.score(piece.fit()))
    return read_table(piece.path)
