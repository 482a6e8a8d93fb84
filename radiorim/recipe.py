"""A recipe: the choices that make one published system, as frozen data. What a block must be able to do."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, fields, is_dataclass
from typing import TYPE_CHECKING, Any, Protocol

from radiorim.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from radiorim.case import Case
    from radiorim.lesions import Lesions

__all__ = [
    "TASKS",
    "Example",
    "Find",
    "Finder",
    "Judge",
    "Measure",
    "Paper",
    "Prepare",
    "Recipe",
    "Scorer",
    "Tidy",
    "describe",
]

TASKS = ("new-lesion", "rim")

Example = tuple["Case", "Lesions"]
"""A case and its candidates, whose table holds the column `truth` (1, 0 or NaN for unknown) when fitting."""


class Prepare(Protocol):
    """A step that changes images, masks or grid of a case; learns nothing."""

    def __call__(self, case: Case) -> Case:
        """The case, prepared."""


class Finder(Protocol):
    """What finds candidates in one case."""

    def __call__(self, case: Case) -> Lesions:
        """The candidates; an empty `Lesions` when there are none."""


class Find(Protocol):
    """A choice of candidate generator. One that learns returns a new object from `fit`, others themselves.

    One that learns also has `load(folder) -> Finder`, which reads what its finder's `save(folder)` wrote.
    Such a finder may give its candidates the columns `score` and `found`.
    """

    def fit(self, cases: Sequence[Case], *, seed: int) -> Finder:
        """Learn from cases with truth."""


class Tidy(Protocol):
    """A rule that drops candidates or adds columns; learns nothing."""

    def __call__(self, case: Case, lesions: Lesions) -> Lesions:
        """The lesions that stay."""


class Measure(Protocol):
    """A feature block: one row of numbers for each lesion."""

    def __call__(self, case: Case, lesions: Lesions) -> pd.DataFrame:
        """Features indexed by lesion number; undefined values are NaN."""

    def dictionary(self, names: Sequence[str]) -> dict[str, dict[str, str]]:
        """What each of these columns means: description and unit."""


class Scorer(Protocol):
    """What a judge learned."""

    threshold: float

    def save(self, folder: Path) -> None:
        """Write it into a model folder, without pickle and without a patient's row."""

    def __call__(self, case: Case, lesions: Lesions) -> Lesions:
        """The lesions with the columns `score` (0..1) and `found` (score at or above the threshold)."""


class Judge(Protocol):
    """A choice of classifier for lesions."""

    def measure(self, case: Case, lesions: Lesions) -> Lesions:
        """Add what does not depend on the training cases, so that folds can share it."""

    def fit(self, examples: Sequence[Example], *, seed: int) -> Scorer:
        """Learn from lesions whose `truth` is known."""

    def load(self, folder: Path) -> Scorer:
        """Read what the scorer wrote; raises `DataError` for a file that is damaged or foreign."""


@dataclass(frozen=True)
class Paper:
    """Where a system was published, what it reports, and how ours is not theirs, in words."""

    title: str
    doi: str = ""
    reported: str = ""
    differs: str = ""


@dataclass(frozen=True)
class Recipe:
    """One system: prepare -> find -> tidy -> judge.

    `needs` names the images that a case must have. `judge` is None for a system that learns nothing after
    `find`; its candidates are its answer.
    """

    name: str
    task: str
    needs: tuple[str, ...]
    paper: Paper
    find: Find
    prepare: tuple[Prepare, ...] = ()
    tidy: tuple[Tidy, ...] = ()
    judge: Judge | None = None
    summary: str = ""

    def __post_init__(self) -> None:
        if self.task not in TASKS:
            raise UsageError(f"recipe {self.name!r}: task must be one of {TASKS}, not {self.task!r}.")

    @property
    def learns_to_find(self) -> bool:
        """Whether `find` has to be fitted: what its finder learned can be loaded again."""
        return hasattr(self.find, "load")

    @property
    def learns(self) -> bool:
        """Whether the recipe has to be fitted before it can be asked."""
        return self.judge is not None or self.learns_to_find

    @property
    def digest(self) -> str:
        """Twelve hex digits of what the recipe does: its name, summary and citation play no part."""
        what = {
            key: value for key, value in describe(self).items() if key not in ("name", "paper", "summary")
        }
        return hashlib.sha256(json.dumps(what, sort_keys=True).encode()).hexdigest()[:12]

    def to_json(self) -> str:
        """The recipe as text that `radiorim.blocks.recipe_from_json` reads back."""
        return json.dumps(describe(self), indent=2)


def describe(value: Any) -> Any:
    """Plain JSON data of a (nested) block: `{"block": class name, field: value, ...}`.

    Raises `UsageError` for a value that is neither a block nor JSON data.
    """
    if is_dataclass(value) and not isinstance(value, type):
        return {
            "block": type(value).__name__,
            **{f.name: describe(getattr(value, f.name)) for f in fields(value)},
        }
    if isinstance(value, (list, tuple)):
        return [describe(item) for item in value]
    if isinstance(value, dict):
        return {str(key): describe(item) for key, item in value.items()}
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    raise UsageError(f"a recipe holds plain data and blocks only, not {type(value).__name__}.")
