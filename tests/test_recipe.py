from __future__ import annotations

import json
from dataclasses import dataclass, replace

import numpy as np
import pytest

from radiorim.errors import UsageError
from radiorim.recipe import Paper, Recipe, describe


@dataclass(frozen=True)
class Threshold:
    sigmas: float = 3.0
    images: tuple[str, ...] = ("flair",)

    def fit(self, cases, *, seed):
        return self


RECIPE = Recipe(
    name="subtract", task="new-lesion", needs=("flair", "flair0"), paper=Paper("A title"), find=Threshold()
)


def test_a_recipe_of_no_known_task_is_refused():
    with pytest.raises(
        UsageError, match=r"recipe 'x': task must be one of \('new-lesion', 'rim'\), not 'rims'"
    ):
        Recipe(name="x", task="rims", needs=(), paper=Paper("t"), find=Threshold())


def test_a_better_citation_name_or_summary_does_not_change_the_digest():
    other = replace(RECIPE, name="other", paper=Paper("B", doi="10.1/x"), summary="words")
    assert other.digest == RECIPE.digest
    assert len(RECIPE.digest) == 12


@pytest.mark.parametrize(
    "changes",
    [{"find": Threshold(sigmas=2.5)}, {"needs": ("flair",)}, {"task": "rim"}, {"tidy": (Threshold(),)}],
)
def test_whatever_changes_a_result_changes_the_digest(changes):
    assert replace(RECIPE, **changes).digest != RECIPE.digest


def test_the_json_says_every_choice():
    content = json.loads(RECIPE.to_json())
    assert content["block"] == "Recipe"
    assert content["find"] == {"block": "Threshold", "sigmas": 3.0, "images": ["flair"]}
    assert content["judge"] is None
    assert content["paper"]["title"] == "A title"


def test_what_is_not_plain_data_is_refused():
    for value in (np.zeros(2), np.int64(1), object(), {1, 2}, Threshold):
        with pytest.raises(UsageError, match="plain data and blocks only"):
            describe(value)


def test_a_recipe_cannot_be_changed():
    with pytest.raises(AttributeError):
        RECIPE.name = "y"
