"""Which model a command works with: a saved one, or a recipe that needs no training."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from radiorim import recipes
from radiorim.blocks import recipe_from_json
from radiorim.errors import UsageError
from radiorim.io.files import existing
from radiorim.model import Model
from radiorim.recipe import Recipe
from radiorim.runs.detection import registered as without_registration

__all__ = ["chosen_model", "chosen_recipe"]

DEFAULTS = {"new-lesion": "subtract"}


def chosen_recipe(name: str, task: str | None = None) -> Recipe:
    """The named recipe, or the one in a JSON file; `UsageError` if it is for another task."""
    written = name.endswith(".json")
    recipe = recipe_from_json(existing(name).read_text(encoding="utf-8")) if written else recipes.get(name)
    _require_task(recipe, task)
    return recipe


def chosen_model(
    name: str | None, folder: Path | None, *, task: str | None = None, registered: bool = False
) -> Model:
    """The model in a folder, or a recipe that learns nothing as a model; `UsageError` otherwise."""
    if name and folder:
        raise UsageError("give --recipe or --model, not both: a model knows its recipe.")
    if folder:
        model = Model.load(folder)
        _require_task(model.recipe, task)
    else:
        model = _unlearned(chosen_recipe(name or DEFAULTS[task], task))
    return replace(model, recipe=without_registration(model.recipe)) if registered else model


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
