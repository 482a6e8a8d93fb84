"""A little cohort, measured once."""

from __future__ import annotations

from pathlib import Path

import little
import pandas as pd
import pytest

from radiorim.model import examine, with_truth
from radiorim.recipe import Recipe


@pytest.fixture(scope="session")
def recipe() -> Recipe:
    """Given lesions, a few features, twenty trees."""
    return little.RIM


@pytest.fixture(scope="session")
def measured(recipe: Recipe) -> pd.DataFrame:
    """The measured lesions of six people, with truth."""
    tables = []
    for case in little.cohort(6):
        looked = with_truth(examine(recipe, recipe.find.fit((), seed=0), case), recipe.task)
        table = recipe.judge.measure(looked.case, looked.lesions).table
        tables.append(table.assign(case=case.id, person=case.person))
    return pd.concat(tables, ignore_index=True)


@pytest.fixture
def cases(tmp_path: Path) -> list:
    """Three people with their images in files below `tmp_path / "data"`."""
    return little.stored(tmp_path / "data", 3)
