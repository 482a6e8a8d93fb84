"""A finder that learns voxel by voxel: gradient boosting on a seven-voxel stencil of both visits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from radiorim.case import Case
from radiorim.classic.area import AboveMean
from radiorim.classic.difference import brain_inside
from radiorim.classic.instances import label_maxima
from radiorim.classic.stencil import stencil_rows
from radiorim.errors import DataError
from radiorim.io.files import read_json, write_json
from radiorim.lesions import Lesions

if TYPE_CHECKING:
    from lightgbm import Booster

__all__ = ["VoxelBoost", "VoxelFinder"]

_FILE = "find-voxels.json"


@dataclass(frozen=True)
class VoxelBoost:
    """LightGBM judges every voxel of the area of `candidates` (Prados and Kanber, MSSEG-2, second stage).

    A voxel has 21 features: both visits (mean 0 and SD 1 in the brain) and the mask of the candidates, there
    and at its six face neighbours. Each of `folds` folds by person gives one model, stopped when the other
    people's log loss has not fallen for `patience` trees; their mean is the probability. All positive and
    all candidate voxels teach, of the others `background` for each case, weighted up to their true number.
    """

    candidates: AboveMean = field(default_factory=AboveMean)
    trees: int = 1000
    patience: int = 50
    learning_rate: float = 0.1
    leaves: int = 31
    folds: int = 5
    background: int = 20_000
    threshold: float = 0.2
    connectivity: int = 26

    def fit(self, cases: Sequence[Case], *, seed: int, run: object = None) -> VoxelFinder:
        """Learn from prepared cases; raises `DataError` unless two people with a new lesion have truth.

        `run` says where networks keep their checkpoints; trees are fitted in one go and keep none.
        """
        del run
        parts = [self._samples(case, np.random.default_rng([seed, at])) for at, case in enumerate(cases)]
        people = np.array([case.person for case in cases])
        bearing = sorted({person for person, part in zip(people, parts, strict=True) if part[1].any()})
        if len(bearing) < 2:
            raise DataError(
                f"a voxel classifier stops early on other people, but only {len(bearing)} of {len(cases)} "
                "cases show a new lesion in the area that candidates may lie in. Add people."
            )
        fold = _folds(people, bearing, min(self.folds, len(bearing)))
        models = [self._model(parts, fold == number, seed) for number in range(fold.max() + 1)]
        return VoxelFinder(self, tuple(models))

    def load(self, folder: Path) -> VoxelFinder:
        """Read what `VoxelFinder.save` wrote: trees as text, nothing that runs."""
        from lightgbm import Booster
        from lightgbm.basic import LightGBMError

        try:
            texts = read_json(folder / _FILE)["boosters"]
            return VoxelFinder(self, tuple(Booster(model_str=text) for text in texts))
        except (KeyError, TypeError, LightGBMError) as error:
            raise DataError(f"{folder / _FILE} is damaged ({error}). Train the model again.") from error

    def smoke(self) -> VoxelBoost:
        """Few trees, two folds, little background."""
        return replace(self, trees=20, folds=2, background=3000)

    def _samples(self, case: Case, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Rows, truth and weights of one case; its arrays are forgotten."""
        mask, area = self._mask(case), self._area(case)
        new = _new_voxels(case)
        sure = area & (mask | new)
        others = np.flatnonzero(area & ~sure)
        drawn = rng.choice(others, min(self.background, others.size), replace=False)
        voxels = np.concatenate([np.flatnonzero(sure), np.sort(drawn)])
        weight = np.ones(voxels.size)
        weight[np.count_nonzero(sure) :] = others.size / max(drawn.size, 1)
        rows = stencil_rows(case, mask, voxels)
        truth = new.ravel()[voxels].astype(int)
        case.release()
        return rows, truth, weight

    def _model(self, parts: list[tuple], held: np.ndarray, seed: int) -> Booster:
        import lightgbm

        sides = [
            _joined([part for part, out in zip(parts, held, strict=True) if out == side]) for side in (0, 1)
        ]
        train, stop = (
            lightgbm.Dataset(rows, truth, weight=weight, params={"verbosity": -1}, free_raw_data=True)
            for rows, truth, weight in sides
        )
        settings = {
            "objective": "binary",
            "learning_rate": self.learning_rate,
            "num_leaves": self.leaves,
            "seed": seed,
            "deterministic": True,
            "force_row_wise": True,
            "num_threads": 1,
            "verbosity": -1,
        }
        quiet = lightgbm.early_stopping(self.patience, verbose=False)
        return lightgbm.train(settings, train, self.trees, valid_sets=[stop], callbacks=[quiet])

    def _mask(self, case: Case) -> np.ndarray:
        return self.candidates(case).labels.data > 0

    def _area(self, case: Case) -> np.ndarray:
        return brain_inside(case).data if self.candidates.area is None else self.candidates.area(case)


@dataclass(frozen=True, eq=False)
class VoxelFinder:
    """A fitted `VoxelBoost`."""

    find: VoxelBoost
    models: tuple[Booster, ...]

    @property
    def threshold(self) -> float:
        """The probability from which a voxel is marked."""
        return self.find.threshold

    @property
    def parameters(self) -> int:
        """How many numbers the trees learned."""
        return sum(len(model.trees_to_dataframe()) for model in self.models)

    def __call__(self, case: Case) -> Lesions:
        """Connected voxels at or above the threshold, with `score`, the highest probability in each."""
        probability = self.probability(case)
        grid = case.image("flair")
        found = Lesions.from_mask(
            grid.like(probability >= self.find.threshold), connectivity=self.find.connectivity
        )
        score = label_maxima(probability, found.labels.data)[found.numbers]
        return found.with_columns(score=score, found=True)

    def probability(self, case: Case) -> np.ndarray:
        """Of each voxel on the grid of the case; 0 outside the area that candidates may lie in."""
        voxels = np.flatnonzero(self.find._area(case))
        answer = np.zeros(case.image("flair").shape, np.float64)
        if voxels.size:
            rows = stencil_rows(case, self.find._mask(case), voxels)
            answer.ravel()[voxels] = np.mean(
                [model.predict(rows, num_threads=1) for model in self.models], axis=0
            )
        return answer

    def save(self, folder: Path) -> None:
        """Write the trees as text into one JSON file; they hold no voxel of a patient."""
        write_json(folder / _FILE, {"boosters": [model.model_to_string() for model in self.models]})


def _new_voxels(case: Case) -> np.ndarray:
    """Where new lesions are; without a `status` all true ones count as new. `DataError` without truth."""
    if case.truth is None:
        raise DataError(f"{case.id} has no truth, so nothing can be learned from it.")
    truth = case.truth()
    if "status" in truth.table:
        truth = truth.keep(lambda table: table["status"] == "new")
    return truth.labels.data > 0


def _folds(people: np.ndarray, bearing: list[str], count: int) -> np.ndarray:
    """The fold of each case: people with a new lesion are dealt out first, so that every fold has one."""
    order = [*bearing, *sorted(set(people) - set(bearing))]
    place = {person: at % count for at, person in enumerate(order)}
    return np.array([place[person] for person in people])


def _joined(parts: list[tuple]) -> tuple[np.ndarray, ...]:
    return tuple(np.concatenate(column) for column in zip(*parts, strict=True))
