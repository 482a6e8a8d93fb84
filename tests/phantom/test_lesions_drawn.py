from __future__ import annotations

from collections import defaultdict

import numpy as np
import pytest

from radiorim.phantom.anatomy import Anatomy, head_lattice, make_anatomy
from radiorim.phantom.drawing import draw_lesions
from radiorim.phantom.lesions import ZONES, Lesion
from radiorim.phantom.parameters import Params
from radiorim.phantom.template import load_template


@pytest.fixture(scope="module")
def anatomy() -> Anatomy:
    """One head that everybody borrows: what is drawn does not depend on whose head it is."""
    return make_anatomy(load_template(), head_lattice(3.0), np.random.default_rng(0))


def people(anatomy: Anatomy, params: Params, count: int) -> list[list[Lesion]]:
    return [draw_lesions(anatomy, params, np.random.default_rng(seed)) for seed in range(count)]


@pytest.fixture(scope="module")
def hundred(anatomy) -> list[list[Lesion]]:
    return people(anatomy, Params(), 100)


def share(lesions: list[Lesion], rule) -> float:
    return float(np.mean([rule(lesion) for lesion in lesions]))


def test_counts_over_a_hundred_people_are_those_of_the_literature(hundred):
    counts = [len(lesions) for lesions in hundred]
    assert 23 <= np.mean(counts) <= 33
    assert 14 <= np.std(counts) <= 26
    assert min(counts) >= 3


def test_sizes_over_a_hundred_people_are_those_of_real_masks(hundred):
    volumes = [lesion.volume_mm3 for lesions in hundred for lesion in lesions]
    low, middle, high = np.percentile(volumes, [10, 50, 90])
    assert 5 <= low <= 12
    assert 25 <= middle <= 65
    assert 170 <= high <= 480


def test_places_are_the_four_zones_and_the_ventricles_come_first(hundred):
    every = [lesion for lesions in hundred for lesion in lesions]
    shares = [share(every, lambda lesion, zone=zone: lesion.zone == zone) for zone in ZONES]
    assert min(shares) > 0.02
    assert shares[0] == max(shares)
    assert shares[3] < 0.12


def test_lesions_at_the_ventricles_are_fingers_away_from_them_or_caps_along_them(hundred):
    periventricular = [a for lesions in hundred for a in lesions if a.zone == "periventricular"]
    assert 0.15 < share(periventricular, lambda a: a.axes[0] < 0.8 * min(a.axes[1:])) < 0.45
    assert share(periventricular, lambda a: a.axes[0] > 1.2 * max(a.axes[1:])) > 0.3


def test_fifteen_to_thirty_percent_flow_together_and_of_such_groups_many_are_mixed(hundred):
    every = [lesion for lesions in hundred for lesion in lesions]
    assert 0.15 <= share(every, lambda lesion: lesion.cluster > 0) <= 0.30
    groups = defaultdict(list)
    for number, lesions in enumerate(hundred):
        for lesion in lesions:
            if lesion.cluster:
                groups[number, lesion.cluster].append(lesion.kind == "rim")
    eligible = [rims for rims in groups.values() if len(rims) > 1]
    assert {len(rims) for rims in eligible} == {2, 3, 4}
    assert 0.2 <= np.mean([any(rims) and not all(rims) for rims in eligible]) <= 0.65


def test_a_third_of_people_has_no_new_lesion_and_all_five_changes_occur(hundred):
    without = sum(not any(lesion.change == "new" for lesion in lesions) for lesions in hundred)
    assert 20 <= without <= 42
    every = [lesion for lesions in hundred for lesion in lesions]
    changes = {change: share(every, lambda a, c=change: a.change == c) for change in ("enlarged", "shrunken")}
    assert changes["enlarged"] == pytest.approx(0.12, abs=0.04)
    assert changes["shrunken"] == pytest.approx(0.08, abs=0.03)
    assert 0.01 < share(every, lambda a: a.change == "vanished") < 0.08
    assert {a.status for a in every} == {"stable", "new", "enlarged"}


def test_a_rim_is_never_new_and_never_on_a_small_lesion(hundred):
    rims = [a for lesions in hundred for a in lesions if a.kind == "rim"]
    assert all(rim.change != "new" for rim in rims)
    assert min(rim.volume_mm3 for rim in rims) >= Params().rim_least_mm3


def test_as_in_life_rims_are_rare_and_cluster_in_people(anatomy):
    lesions = people(anatomy, Params().as_in_life(), 100)
    every = [lesion for person in lesions for lesion in person]
    assert 0.05 <= share(every, lambda a: a.kind == "rim") <= 0.10
    assert 0.40 <= np.mean([any(a.kind == "rim" for a in person) for person in lesions]) <= 0.62


def test_size_matched_lesions_are_drawn_from_one_distribution(anatomy):
    from sklearn.metrics import roc_auc_score

    every = [a for person in people(anatomy, Params(size_matched=True), 100) for a in person]
    rim, volume = [a.kind == "rim" for a in every], [a.volume_mm3 for a in every]
    assert 0.45 <= roc_auc_score(rim, volume) <= 0.55
    default = [a for person in people(anatomy, Params(), 40) for a in person]
    assert roc_auc_score([a.kind == "rim" for a in default], [a.volume_mm3 for a in default]) > 0.7


def test_the_same_seed_draws_the_same_lesions_at_each_level(anatomy):
    easy, hard = (people(anatomy, Params().at(level), 3) for level in ("easy", "hard"))
    assert [[a.centre for a in person] for person in easy] == [[a.centre for a in person] for person in hard]
    assert people(anatomy, Params(), 2) == people(anatomy, Params(), 2)
