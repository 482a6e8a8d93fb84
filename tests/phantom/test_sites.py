from __future__ import annotations

import numpy as np

from radiorim.phantom import Params
from radiorim.phantom.sites import at_site, profile

THREE = Params(sites=3)


def test_sites_take_turns_and_do_not_depend_on_the_number_of_people():
    assert [profile(number, 0, THREE).site for number in range(1, 8)] == [1, 2, 3, 1, 2, 3, 1]


def test_one_site_changes_nothing():
    assert at_site(Params(), 1, 0) == Params()


def test_each_site_has_its_own_contrast_noise_and_resolution_for_everybody():
    sites = [at_site(THREE, site, 5) for site in (1, 2, 3)]
    for name in ("flair_snr", "blur_mm", "bias", "flair_gm", "t1_gm", "echo_ms", "flair_contrast"):
        assert len({getattr(site, name) for site in sites}) == 3, name
    assert at_site(THREE, 2, 5) == sites[1]
    assert at_site(THREE, 2, 6) != sites[1]


def test_low_field_is_noisier():
    sites = [at_site(Params(sites=40), site, 0) for site in range(1, 41)]
    low = [site.flair_snr for site in sites if site.tesla == 1.5]
    high = [site.flair_snr for site in sites if site.tesla == 3.0]
    assert 5 < len(low) < 22
    assert np.mean(low) < 0.9 * np.mean(high)


def test_people_are_of_both_sexes_and_all_ages():
    everybody = [profile(number, 0, Params()) for number in range(1, 101)]
    assert 55 <= sum(about.sex == "F" for about in everybody) <= 85
    assert min(about.age for about in everybody) < 25
    assert max(about.age for about in everybody) > 55
    assert all(about.days >= 180 for about in everybody)
