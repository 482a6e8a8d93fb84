"""Which model a command works with: a saved one, one that comes with radiorim, or rules alone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import radiorim
from radiorim import recipes
from radiorim.blocks import recipe_from_json
from radiorim.errors import DataError, UsageError
from radiorim.io.files import existing
from radiorim.model import Model
from radiorim.recipe import Recipe
from radiorim.runs.detection import registered as without_registration

__all__ = [
    "DEFAULTS",
    "SHIPPED",
    "about_shipped",
    "chosen_model",
    "chosen_recipe",
    "shipped_folder",
    "shipped_model",
    "with_threshold",
]

DEFAULTS = {"new-lesion": "subtract-boost"}
"""The recipe that a command uses where none is named."""

SHIPPED = ("subtract-boost",)
"""Recipes whose fitted model comes with radiorim; `benchmarks/ship_model.py` makes them again."""


def chosen_recipe(name: str, task: str | None = None) -> Recipe:
    """The named recipe, or the one in a JSON file; `UsageError` if it is for another task."""
    written = name.endswith(".json")
    recipe = recipe_from_json(existing(name).read_text(encoding="utf-8")) if written else recipes.get(name)
    _require_task(recipe, task)
    return recipe


def chosen_model(
    name: str | None, folder: Path | None, *, task: str | None = None, registered: bool = False
) -> Model:
    """The model in a folder, the one that comes with radiorim for a recipe of `SHIPPED`, or a recipe that
    learns nothing as a model; `UsageError` otherwise.
    """
    if name and folder:
        raise UsageError("give --recipe or --model, not both: a model knows its recipe.")
    wanted = None if folder else name or DEFAULTS[task]
    if folder or wanted in SHIPPED:
        model = Model.load(folder) if folder else shipped_model(wanted)
        _require_task(model.recipe, task)
    else:
        model = _unlearned(chosen_recipe(wanted, task))
    return replace(model, recipe=without_registration(model.recipe)) if registered else model


def shipped_folder(name: str) -> Path:
    """Where the model of a recipe of `SHIPPED` lies in the installed package."""
    return Path(radiorim.__file__).parent / "models" / name


def shipped_model(name: str) -> Model:
    """The model that comes with radiorim; `DataError` where the installation has lost or changed it."""
    try:
        return Model.load(shipped_folder(name))
    except DataError as error:
        raise DataError(
            f"the model of {name} that comes with radiorim cannot be read ({error}) Install radiorim again, "
            "or name what to use: --recipe subtract (rules, no model) or --model MODEL."
        ) from error


def with_threshold(model: Model, threshold: float | None) -> Model:
    """The model with another score from which its judge says yes; `UsageError` where nothing is scored."""
    if threshold is None:
        return model
    if model.scorer is None:
        raise UsageError(f"--threshold is for recipes with a judge; {model.recipe.name} has rules only.")
    return replace(model, scorer=replace(model.scorer, threshold=threshold))


def about_shipped(model: Model) -> str:
    """What a user should know of a judge that was trained by others, in one sentence."""
    facts = model.provenance
    return (
        f"Judged by the model that comes with radiorim: {facts.get('positive', 'unknown')} lesions of "
        f"{facts.get('people', 'unknown')} people, made or put into real scans, none of them yours. "
        f"With labelled pairs of your own: radiorim train DATASET --recipe {model.recipe.name} -o MODEL."
    )


def _unlearned(recipe: Recipe) -> Model:
    if recipe.learns:
        raise UsageError(
            f"{recipe.name} has to learn first. Run: radiorim train DATASET --recipe {recipe.name} -o MODEL, "
            "then give --model MODEL."
        )
    return Model(recipe, recipe.find.fit((), seed=0))


def _require_task(recipe: Recipe, task: str | None) -> None:
    if task not in (None, recipe.task):
        raise UsageError(
            f"{recipe.name} is for the task {recipe.task}, not {task}. See `radiorim list --task {task}`."
        )
