from __future__ import annotations

import numpy as np
import pytest

from radiorim.errors import UsageError
from radiorim.phantom import CohortOptions, Params, make_person


def test_medium_is_the_default():
    assert Params().at("medium") == Params()
    assert Params().at(0.5) == Params()


def test_harder_means_less_contrast_and_more_of_what_misleads():
    easy, medium, hard = (Params().at(level) for level in ("easy", "medium", "hard"))
    for less in ("rim_ppb", "flair_contrast", "flair_snr", "phase_snr", "t1_snr"):
        assert getattr(easy, less) > getattr(medium, less) > getattr(hard, less) > 0
    for more in ("mimic_share", "bias", "mask_jitter", "central_vein"):
        assert getattr(easy, more) < getattr(medium, more) < getattr(hard, more)


def test_the_same_person_has_the_same_lesions_at_each_level_but_fainter_ones():
    easy, hard = (make_person(2, 0, Params().small().at(level)) for level in ("easy", "hard"))
    assert [lesion.centre for lesion in easy.lesions] == [lesion.centre for lesion in hard.lesions]
    assert all(a.flair > b.flair for a, b in zip(easy.lesions, hard.lesions, strict=True))
    rims = [(a, b) for a, b in zip(easy.lesions, hard.lesions, strict=True) if a.kind == "rim"]
    assert rims
    assert all(b.kind == "rim" and a.rim_ppb > b.rim_ppb for a, b in rims)


def test_an_unknown_difficulty_offers_the_nearest():
    with pytest.raises(UsageError, match="Did you mean 'medium'"):
        Params().at("medum")
    with pytest.raises(UsageError, match="from 0 \\(easy\\) to 1 \\(hard\\), not 3"):
        CohortOptions(difficulty=3)


@pytest.mark.parametrize(
    ("option", "words"),
    [({"people": 0}, "at least 1 person"), ({"spacing_mm": 9.0}, "0.7 to 3.0 mm"), ({"seed": -1}, "not -1")],
)
def test_impossible_options_are_refused(option, words):
    with pytest.raises(UsageError, match=words):
        CohortOptions(**option)


def test_heights_of_rims_scatter_about_their_median_and_stay_in_range():
    params, rng = Params(), np.random.default_rng(0)
    heights = [params.draw_rim_ppb(rng) for _ in range(5000)]
    assert np.median(heights) == pytest.approx(params.rim_ppb, rel=0.03)
    assert np.std(np.log(heights)) == pytest.approx(params.rim_log_sd, rel=0.1)
    assert (min(heights), max(heights)) == params.rim_ppb_range
