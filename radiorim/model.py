"""A recipe and what it learned: fit, look at a case, save, load."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from radiorim.blocks import recipe_from_json
from radiorim.case import Case
from radiorim.errors import DataError
from radiorim.io.files import existing, read_json, write_json, write_text
from radiorim.lesions import Lesions
from radiorim.metrics.truth import new_truth, rim_truth
from radiorim.prepare.resample import labels_to
from radiorim.recipe import Finder, Recipe, Scorer

__all__ = [
    "Examination",
    "Model",
    "examine",
    "find_and_tidy",
    "fit_judge",
    "native",
    "prepared",
    "require_needs",
    "with_truth",
]

UNJUDGED = {"score": np.nan, "found": True}
"""What is said of candidates that nobody judges."""


@dataclass(frozen=True, eq=False)
class Examination:
    """One case looked at: the prepared case, its lesions on that grid, and what was left out and why."""

    case: Case
    lesions: Lesions
    skipped: tuple[str, ...] = ()


def examine(recipe: Recipe, finder: Finder, case: Case) -> Examination:
    """Prepare -> find -> tidy: the one path to candidates, for fitting and for predicting."""
    return find_and_tidy(recipe, finder, prepared(recipe, case))


def prepared(recipe: Recipe, case: Case) -> Case:
    """The case as the recipe prepares it; raises `DataError` naming an image or mask that it lacks."""
    require_needs(recipe, case)
    for step in recipe.prepare:
        case = step(case)
    return case


def require_needs(recipe: Recipe, case: Case) -> None:
    """Raise `DataError` for a raw case that lacks an image or mask of the recipe."""
    for name in recipe.needs:
        if name not in case.images and name not in case.masks:
            has = ", ".join(sorted([*case.images, *case.masks])) or "nothing"
            raise DataError(
                f"{case.id} has no {name!r}. {recipe.name} needs {', '.join(recipe.needs)}; it has {has}."
            )


def find_and_tidy(recipe: Recipe, finder: Finder, case: Case) -> Examination:
    """The candidates of a case that is prepared already."""
    lesions, skipped = finder(case), []
    for rule in recipe.tidy:
        before = len(lesions)
        lesions = rule(case, lesions)
        if len(lesions) < before:
            skipped.append(f"{before - len(lesions)} of {before} candidates dropped by {rule}")
    return Examination(case, lesions, tuple(skipped))


def with_truth(examination: Examination, task: str) -> Examination:
    """Carry the truth onto the candidates by overlap, as the column `truth` (1, 0, or NaN where unknown).

    A case without truth is returned as it is, without the column.
    """
    case, lesions = examination.case, examination.lesions
    if case.truth is None:
        return examination
    carry = rim_truth if task == "rim" else new_truth
    marked = lesions.with_columns(truth=carry(case.truth(), lesions))
    return Examination(case, marked, examination.skipped)


def native(case: Case, lesions: Lesions) -> Lesions:
    """The lesions on the grid of the scan that they belong to: the follow-up's own for a registered pair."""
    if case.placement is None:
        return lesions
    return labels_to(lesions, case.placement.native, case.placement.to_native)


@dataclass(frozen=True, eq=False)
class Model:
    """A recipe and what it learned. A recipe without a judge has no scorer: its finder has the last word."""

    recipe: Recipe
    finder: Finder
    scorer: Scorer | None = None
    provenance: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def fit(cls, recipe: Recipe, cases: Sequence[Case], *, seed: int = 0) -> Model:
        """Learn from cases with truth; every case is examined as it will be when predicting."""
        # A finder that learns is shown what it will be asked about: cases that are prepared.
        shown = [prepared(recipe, case) for case in cases] if hasattr(recipe.find, "load") else cases
        finder = recipe.find.fit(shown, seed=seed)
        if recipe.judge is None:
            return cls(recipe, finder)
        examples = []
        for case in cases:
            looked = with_truth(examine(recipe, finder, case), recipe.task)
            examples.append((looked.case, recipe.judge.measure(looked.case, looked.lesions)))
            case.release()
        return cls(recipe, finder, fit_judge(recipe, examples, seed=seed))

    def examine(self, case: Case) -> Examination:
        """The candidates of a case with `score` and `found`, on the working grid."""
        looked = examine(self.recipe, self.finder, case)
        return Examination(looked.case, self.judge(looked), looked.skipped)

    def predict(self, case: Case) -> Lesions:
        """The candidates with `score` and `found` on the case's own grid; an empty table if none."""
        looked = self.examine(case)
        return native(looked.case, looked.lesions)

    def judge(self, looked: Examination) -> Lesions:
        """Add `score` and `found` to candidates.

        Without a judge these are the finder's own; where it gives none, the score is NaN and all are found.
        """
        if self.scorer is not None:
            return self.scorer(looked.case, looked.lesions)
        given = looked.lesions.table
        missing = {name: value for name, value in UNJUDGED.items() if name not in given}
        return looked.lesions.with_columns(**missing)

    @property
    def parameters(self) -> int:
        """How many numbers were learned by finder and judge together."""
        return sum(getattr(learned, "parameters", 0) for learned in (self.finder, self.scorer))

    def save(self, folder: Path) -> Path:
        """Write the model as JSON with skops or safetensors (no pickle, no patient's row) into a folder.

        `recipe.json` goes first and comes last: until then the folder is no model.
        """
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "recipe.json").unlink(missing_ok=True)
        for learned in (self.finder, self.scorer):
            if hasattr(learned, "save"):
                learned.save(folder)
        write_json(folder / "provenance.json", dict(self.provenance))
        write_text(folder / "card.md", card(self))
        write_text(folder / "recipe.json", self.recipe.to_json())
        return folder

    @classmethod
    def load(cls, folder: Path) -> Model:
        """Read a folder that `save` wrote; raises `DataError` if it is not one."""
        folder = Path(folder)
        if not existing(folder).is_dir() or not (folder / "recipe.json").exists():
            raise DataError(
                f"{folder} is not a model folder (it holds no recipe.json). Make one with `radiorim train`."
            )
        recipe = recipe_from_json((folder / "recipe.json").read_text(encoding="utf-8"))
        scorer = None if recipe.judge is None else recipe.judge.load(folder)
        finder = recipe.find.load(folder) if recipe.learns_to_find else recipe.find.fit((), seed=0)
        return cls(recipe, finder, scorer, read_json(folder / "provenance.json"))


def fit_judge(recipe: Recipe, examples: Sequence[tuple[Case, Lesions]], *, seed: int, **more: Any) -> Scorer:
    """Fit the judge of a recipe; what goes wrong is said with the recipe's name and the number of cases.

    `more` is what its `fit` takes beside the seed, such as the `run` of a network.
    """
    try:
        return recipe.judge.fit(examples, seed=seed, **more)
    except DataError as error:
        raise DataError(f"{recipe.name}, {len(examples)} training cases: {error}") from error


def card(model: Model) -> str:
    """The model card in Markdown: what it is, what it learned from, what it is not for."""
    recipe, facts = model.recipe, model.provenance
    lines = [
        f"# {recipe.name} ({recipe.digest})",
        "",
        recipe.summary,
        "",
        f"- Task: {recipe.task}. Needs: {', '.join(recipe.needs)}.",
        f"- Trained on: {facts.get('cases', 'unknown')} cases of {facts.get('people', 'unknown')} people, "
        f"{facts.get('lesions', 'unknown')} lesions, {facts.get('positive', 'unknown')} positive.",
        f"- Data: {facts.get('data', 'unknown')}; seed {facts.get('seed', 'unknown')}.",
        f"- Made by: {facts.get('command', 'radiorim train')}. On labelled pairs or tables of your own: "
        f"`radiorim train DATASET --recipe {recipe.name} -o MODEL`.",
        f"- Threshold: {getattr(model.scorer, 'note', '') or 'none'}.",
        f"- Paper: {recipe.paper.title} {recipe.paper.doi}",
        f"- Differs from the paper: {recipe.paper.differs or 'nothing known'}",
        "",
        "For research. Not a medical device; not for decisions about a patient.",
    ]
    return "\n".join(lines) + "\n"
