from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from radiorim.phantom import Params, Person
from radiorim.phantom import raters as module
from radiorim.phantom.anatomy import head_lattice, make_anatomy
from radiorim.phantom.paint import Canvas
from radiorim.phantom.raters import RATERS, rate
from radiorim.phantom.template import load_template


@pytest.fixture(scope="module")
def canvas() -> Canvas:
    rng = np.random.default_rng(0)
    return Canvas.of(make_anatomy(load_template(), head_lattice(2.0), rng), rng)


def new_lesions(person: Person) -> list:
    return [lesion for lesion in person.lesions if lesion.change == "new"]


def test_four_raters_draw_the_same_lesion_differently(person, canvas):
    ratings = rate(new_lesions(person), canvas, replace(Params(), rater_misses=0.0), np.random.default_rng(0))
    masks = ratings.raters
    assert len(masks) == RATERS
    assert all(mask.any() for mask in masks)
    assert not np.array_equal(masks[0], masks[1])
    shared = np.logical_and.reduce(masks).sum() / np.logical_or.reduce(masks).sum()
    assert 0.2 < shared < 0.99


def test_the_consensus_holds_what_half_of_those_who_saw_a_lesion_marked(person, canvas):
    ratings = rate(new_lesions(person), canvas, replace(Params(), rater_misses=0.0), np.random.default_rng(0))
    np.testing.assert_array_equal(ratings.consensus, np.sum(ratings.raters, axis=0) >= 2)


@pytest.mark.parametrize(("seen_by", "accepted"), [(4, True), (3, True), (1, True), (0, False)])
def test_three_of_four_decide_and_an_expert_confirms_a_true_lesion_that_fewer_saw(
    person, canvas, monkeypatch, seen_by, accepted
):
    votes = iter([True] * seen_by + [False] * (RATERS - seen_by))
    monkeypatch.setattr(module, "_seen", lambda *_: next(votes))
    ratings = rate(new_lesions(person)[:1], canvas, Params(), np.random.default_rng(0))
    assert sum(mask.any() for mask in ratings.raters) == seen_by
    assert ratings.consensus.any() == accepted


def test_the_expert_turns_down_what_one_rater_took_for_new(person, canvas, monkeypatch):
    votes = iter([True, False, False, False])
    monkeypatch.setattr(module, "_seen", lambda *_: next(votes))
    grown = replace(new_lesions(person)[0], before=0.7)
    ratings = rate([grown], canvas, Params(), np.random.default_rng(0))
    assert ratings.raters[0].any()
    assert not ratings.consensus.any()


def test_small_new_lesions_are_missed_more_often_than_large_ones(person, canvas):
    lesion, params = new_lesions(person)[0], Params()
    small, large = (replace(lesion, axes=(axis,) * 3) for axis in (1.5, 9.0))
    rng = np.random.default_rng(0)
    seen = [np.mean([module._seen(mark, params, rng) for _ in range(400)]) for mark in (small, large)]
    assert seen[0] < 0.75
    assert seen[1] > 0.95
