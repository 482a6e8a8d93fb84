from __future__ import annotations

import numpy as np
import pytest

from radiorim.phantom import susceptibility
from radiorim.phantom.anatomy import head_lattice, make_anatomy
from radiorim.phantom.nuclei import NUCLEI, near_nuclei, nearest_nucleus
from radiorim.phantom.template import load_template


@pytest.mark.parametrize("side", [1, -1])
def test_each_centre_lies_deepest_in_its_own_nucleus(side):
    centres = np.array([centre for _, centre, *_ in NUCLEI], float) * (side, 1, 1)
    depth, which = nearest_nucleus(centres.T)
    np.testing.assert_array_equal(which, np.arange(len(NUCLEI)))
    np.testing.assert_allclose(depth, [np.mean(axes) for _, _, axes, *_ in NUCLEI], rtol=1e-5)


def test_what_lies_in_a_nucleus_is_near_one():
    places = np.random.default_rng(0).uniform(-80, 80, (3, 200_000))
    inside = nearest_nucleus(places)[0] > 0
    assert inside.sum() > 500
    assert near_nuclei(places, 0.0)[inside].all()


def test_near_goes_as_far_as_asked_and_no_further():
    top = max(centre[2] + axes[2] for _, centre, axes, *_ in NUCLEI)
    above = np.array([[0.0, 0.0], [0.0, 0.0], [top + 4.9, top + 5.1]])
    np.testing.assert_array_equal(near_nuclei(above, 5.0), [True, False])


def test_a_head_is_the_same_where_all_of_it_is_near(monkeypatch):
    anatomy = make_anatomy(load_template(), head_lattice(3.0), np.random.default_rng(0))
    some = susceptibility.tissue_susceptibility(anatomy, np.random.default_rng(1))
    monkeypatch.setattr(susceptibility, "near_nuclei", lambda mni_mm, _: np.ones(mni_mm.shape[1:], bool))
    np.testing.assert_array_equal(
        some, susceptibility.tissue_susceptibility(anatomy, np.random.default_rng(1))
    )
