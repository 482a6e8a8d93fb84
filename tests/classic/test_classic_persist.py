"""A judge or a model that is written over another one: never half of each."""

from __future__ import annotations

import little
import numpy as np
import pandas as pd
import pytest

from radiorim import model as models
from radiorim.classic import persist
from radiorim.errors import DataError
from radiorim.model import Model


def scorer(sign: float):
    """A judge for which high chi speaks for a rim, or with -1 against one."""
    rng, truth = np.random.default_rng(0), np.arange(60) % 2
    chi = sign * 3 * truth + rng.normal(size=60)
    table = pd.DataFrame({"truth": truth, "chi_original_firstorder_mean": chi})
    return little.RIM.judge.fit_table(table.assign(person=[f"p{row // 6}" for row in range(60)]), seed=0)


def cut_off(*_args):
    raise KeyboardInterrupt


def test_a_judge_that_was_cut_off_does_not_take_the_facts_of_the_one_before(tmp_path, monkeypatch):
    scorer(1).save(tmp_path)
    monkeypatch.setattr(persist, "write_json", cut_off)
    with pytest.raises(KeyboardInterrupt):
        scorer(-1).save(tmp_path)
    with pytest.raises(DataError, match=r"judge\.json does not exist"):
        little.RIM.judge.load(tmp_path)


def test_a_model_that_was_cut_off_is_no_model(tmp_path, monkeypatch):
    first, second = (Model(little.RIM, little.RIM.find, scorer(sign)) for sign in (1, -1))
    first.save(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(models, "write_json", cut_off)
        with pytest.raises(KeyboardInterrupt):
            second.save(tmp_path)
    with pytest.raises(DataError, match="is not a model folder"):
        Model.load(tmp_path)
    second.save(tmp_path)
    assert Model.load(tmp_path).scorer.threshold == second.scorer.threshold
