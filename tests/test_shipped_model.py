"""The model that comes with radiorim: small, whole, calibrated, and of the recipe it says."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest

from radiorim import recipes
from radiorim.cli import models
from radiorim.errors import DataError, UsageError
from radiorim.model import Model

NAME = "subtract-boost"


@pytest.fixture(scope="module")
def shipped() -> Model:
    return models.shipped_model(NAME)


@pytest.fixture
def copied(tmp_path, monkeypatch):
    """A copy of the shipped folder that stands in its place and may be spoilt."""
    folder = tmp_path / NAME
    shutil.copytree(models.shipped_folder(NAME), folder)
    monkeypatch.setattr(models, "shipped_folder", lambda name: folder)
    return folder


def test_it_is_the_default_of_new_lesions_and_needs_no_folder(shipped):
    chosen = models.chosen_model(None, None, task="new-lesion")
    assert chosen.recipe == shipped.recipe
    assert chosen.scorer is not None


def test_its_recipe_is_the_one_that_bears_its_name_today(shipped):
    assert shipped.recipe == recipes.get(NAME), "run benchmarks/ship_model.py again"


def test_the_folder_is_small_and_holds_the_five_files_of_a_model():
    files = {path.name: path.stat().st_size for path in models.shipped_folder(NAME).iterdir()}
    assert set(files) == {"recipe.json", "judge.skops", "judge.json", "provenance.json", "card.md"}
    assert sum(files.values()) < 300_000


def test_its_scores_are_calibrated_probabilities_that_rise_with_the_chains_own(shipped):
    assert shipped.scorer.platt.slope > 0
    raw = np.linspace(0, 1, 11)
    assert (np.diff(shipped.scorer.platt(raw)) > 0).all()
    assert 0 < shipped.scorer.threshold < 1


def test_it_says_who_it_learned_from_and_how_to_make_it_again(shipped):
    facts = shipped.provenance
    assert len(facts["people_sha256"]) == facts["people"] > 2
    assert "benchmarks/ship_model.py" in facts["command"]
    assert isinstance(facts["seed"], int)
    text = (models.shipped_folder(NAME) / "card.md").read_text()
    assert "Not a medical device" in text
    assert "radiorim train DATASET --recipe subtract-boost" in text


def test_it_has_no_feature_of_where_the_scanner_lay(shipped):
    assert not set(shipped.scorer.features) & set(shipped.recipe.judge.leave_out)


@pytest.mark.parametrize("lost", ["recipe.json", "judge.skops", "judge.json"])
def test_a_model_that_lost_a_file_is_refused_with_what_to_do(copied, lost):
    (copied / lost).unlink()
    with pytest.raises(DataError, match=r"comes with radiorim cannot be read .*Install radiorim again"):
        models.chosen_model(None, None, task="new-lesion")


def test_a_damaged_model_is_refused_with_what_to_do(copied):
    data = (copied / "judge.skops").read_bytes()
    (copied / "judge.skops").write_bytes(data[: len(data) // 2])
    with pytest.raises(DataError, match=r"damaged .*--recipe subtract \(rules, no model\)"):
        models.chosen_model(None, None, task="new-lesion")


def test_rules_alone_do_not_touch_the_model(copied):
    shutil.rmtree(copied)
    assert models.chosen_model("subtract", None, task="new-lesion").scorer is None


def test_a_recipe_without_a_model_has_to_learn_first():
    with pytest.raises(UsageError, match="refine has to learn first"):
        models.chosen_model("refine", None, task="new-lesion")


def test_the_threshold_is_that_of_the_file(copied):
    facts = json.loads((copied / "judge.json").read_text())
    facts["threshold"] = 0.123
    (copied / "judge.json").write_text(json.dumps(facts))
    assert models.shipped_model(NAME).scorer.threshold == 0.123
