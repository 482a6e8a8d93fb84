from __future__ import annotations

import numpy as np
import pytest

from radiorim.case import Case
from radiorim.errors import DataError
from radiorim.prepare._atlas import load_atlas
from radiorim.prepare.priors import TissuePriors
from radiorim.prepare.resample import resample
from radiorim.volume import Volume

NAMES = ("prior_wm", "prior_gm", "prior_csf")


@pytest.fixture(scope="module")
def placed(heads):
    """A FLAIR of the atlas brain, smaller, nodding by 17 degrees, elsewhere, on thick oblique slices."""
    atlas = load_atlas()
    motion = heads.motion((17.0, -4.0, 6.0), (12.0, -30.0, 25.0)) @ np.diag([0.92, 0.88, 0.9, 1.0])
    shape = (80, 90, 50)
    grid = Volume(
        np.zeros(shape), heads.motion((0, 0, 0), (12, -45, 40)) @ heads.affine((2, 2.4, 3.6), shape)
    )
    tissues = {name: resample(getattr(atlas, name), grid, motion) for name in ("wm", "gm", "csf")}
    flair = 80 * tissues["wm"].data + 105 * tissues["gm"].data + 20 * tissues["csf"].data
    flair = flair + np.random.default_rng(0).normal(0, 4, shape)
    brain = grid.like(sum(t.data for t in tissues.values()) > 0.5)
    case = Case("a", "a", {"flair": grid.like(flair.astype(np.float32))}, {"brain": brain})
    return case, tissues


@pytest.fixture(scope="module")
def done(placed):
    return TissuePriors()(placed[0])


def test_the_maps_come_to_lie_where_the_tissues_are(placed, done):
    case, tissues = placed
    inside = case.mask("brain").data
    for name in ("wm", "gm", "csf"):
        found = done.image(f"prior_{name}")
        assert found.same_grid(case.image("flair"))
        assert np.corrcoef(found.data[inside], tissues[name].data[inside])[0, 1] > 0.9


def test_priors_are_shares_that_sum_to_one_in_the_brain_and_to_nothing_far_outside(placed, done):
    total = sum(done.image(name).data for name in NAMES)
    assert total[placed[0].mask("brain").data].mean() > 0.97
    assert total.max() < 1.001
    assert min(done.image(name).data.min() for name in NAMES) >= 0
    assert not total[:3].any()


def test_the_quality_of_the_fit_is_kept_and_a_good_one_needs_no_note(done):
    assert 0.9 < done.quality["atlas_ncc"] <= 1
    assert done.notes == ()


@pytest.fixture(scope="module")
def no_brain(placed):
    """Noise in a thin slab."""
    case = placed[0]
    noise = np.random.default_rng(1).random(case.image("flair").shape, dtype=np.float32)
    slab = np.zeros(noise.shape, bool)
    slab[20:60, 40:48, 5:45] = True
    flair = case.image("flair").like(noise)
    return case.with_(images={"flair": flair}, masks={"brain": flair.like(slab)})


def test_a_scan_that_is_no_brain_is_refused_with_the_figure(no_brain):
    with pytest.raises(DataError, match=r"does not fit flair of a \(correlation 0\.\d\d, 0\.70 is needed"):
        TissuePriors()(no_brain)


def test_a_looser_limit_gives_a_note_instead(no_brain):
    loose = TissuePriors(min_ncc=0.0)(no_brain)
    assert "The tissue atlas fits poorly (correlation 0." in loose.notes[0]
