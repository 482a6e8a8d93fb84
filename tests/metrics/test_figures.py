from __future__ import annotations

import math

import numpy as np
import pytest

from radiorim.metrics.areas import partial_auc_raw
from radiorim.metrics.classification import roc_auc, summary
from radiorim.metrics.compare import holm
from radiorim.metrics.figures import pairwise_tests, protocol_figures


def cohort(lesions=300, seed=0):
    rng = np.random.default_rng(seed)
    y, person = rng.random(lesions) < 0.15, rng.integers(0, 25, lesions)
    return (
        y,
        person,
        {name: rng.random(lesions) * 0.6 + gain * y for name, gain in (("good", 0.4), ("weak", 0.1))},
    )


def test_the_table_holds_the_summary_and_the_protocol():
    y, _, scores = cohort()
    table = protocol_figures(y, scores["good"], 0.5).set_index("metric")
    assert table.loc["roc_auc", "value"] == roc_auc(y, scores["good"])
    assert table.loc["pauc10_raw", "value"] == partial_auc_raw(y, scores["good"])
    assert table.loc["sensitivity_at_spec90", "value"] >= table.loc["sensitivity_at_spec95", "value"]
    assert set(summary(y, scores["good"], 0.5).metric) < set(table.index)
    assert table.reason.eq("").all()


def test_what_cannot_be_said_has_a_reason():
    logits = protocol_figures([0, 0], [-2.0, 3.0], 0.5).set_index("metric")
    assert logits.reason["pauc10_raw"] == "no positive among 2"
    assert logits.reason["ece10"].startswith("scores outside")
    nothing = protocol_figures([], [], 0.5)
    assert nothing.value.isna().all()
    assert nothing.reason.eq("no lesion").all()


def test_every_pair_of_recipes_is_compared_once():
    y, person, scores = cohort()
    scores["same"] = scores["good"]
    table = pairwise_tests(y, scores, person, n=999).set_index(["first", "second"])
    assert table.index.tolist() == [("good", "weak"), ("good", "same"), ("weak", "same")]
    assert table.loc[("good", "weak"), "p_swap"] < 0.01
    assert table.loc[("good", "same"), ["difference", "p_swap"]].tolist() == [0.0, 1.0]
    assert table.loc[("good", "same"), "reason"] == "the variance is not above 0"
    assert table.p_swap_holm.tolist() == pytest.approx(holm(table.p_swap.tolist()))
    assert math.isnan(table.loc[("good", "same"), "p_delong_unclustered"])
    assert pairwise_tests(y, {"one": scores["good"]}, person).empty
