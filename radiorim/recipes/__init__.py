"""One file for each published system; the file's name is the recipe's name with underscores."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from radiorim.errors import UnknownName
from radiorim.recipe import Recipe
from radiorim.recipes import new_lesion, rim

__all__ = ["all_recipes", "get", "names"]


@cache
def all_recipes() -> dict[str, Recipe]:
    """Name -> recipe, in the order of the names."""
    found = {}
    for folder in (new_lesion, rim):
        for module in pkgutil.iter_modules(folder.__path__, f"{folder.__name__}."):
            recipe = importlib.import_module(module.name).RECIPE
            found[recipe.name] = recipe
    return dict(sorted(found.items()))


def names(task: str | None = None) -> list[str]:
    """The names of the recipes, of one task or of both."""
    return [name for name, recipe in all_recipes().items() if task in (None, recipe.task)]


def get(name: str) -> Recipe:
    """The named recipe; raises `UnknownName` with the nearest names."""
    recipes = all_recipes()
    if name not in recipes:
        raise UnknownName("recipe", name, recipes)
    return recipes[name]
