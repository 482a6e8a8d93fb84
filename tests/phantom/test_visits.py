from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from radiorim.phantom import Params, make_person
from radiorim.phantom.anatomy import Anatomy, head_lattice, make_anatomy
from radiorim.phantom.template import load_template
from radiorim.phantom.visits import Journey

FLAIR = replace(Params().small(), contrasts=("flair",))


@pytest.fixture(scope="module")
def anatomy() -> Anatomy:
    return make_anatomy(load_template(), head_lattice(2.0), np.random.default_rng(1))


def still(years: float, anatomy: Anatomy) -> Journey:
    params = replace(Params(), motion_mm=0.0, motion_degrees=0.0, atrophy_mm=1.0)
    return Journey.draw(anatomy, params, years, np.random.default_rng(3))


def test_the_flair_pair_alone_has_the_same_scans_and_the_same_truth(person):
    alone = make_person(person.number, 0, FLAIR)
    assert set(alone.images) == {"flair0", "flair"}
    assert alone.true_chi is None
    for name in alone.images:
        np.testing.assert_array_equal(alone.images[name].data, person.images[name].data)
    assert alone.truth.table.equals(person.truth.table)


def test_without_motion_and_years_nothing_changes(anatomy):
    csf = anatomy.tissues[2]
    np.testing.assert_allclose(still(0.0, anatomy).carry(csf, anatomy.grid, anatomy.grid), csf, atol=1e-4)


def test_the_ventricles_were_smaller_before(anatomy):
    csf = anatomy.tissues[2] * (anatomy.lattice.upsample(anatomy.ventricle_mm) < 8)
    before = still(2.0, anatomy).carry(csf, anatomy.grid, anatomy.grid)
    assert 0.80 * csf.sum() < before.sum() < 0.995 * csf.sum()


def test_lesions_of_visit_1_lie_on_its_own_grid_where_the_motion_puts_them(person):
    grid, table = person.images["flair0"], person.truth0.table
    assert person.truth0.labels.same_grid(grid)
    both = person.truth.table.merge(table, on="lesion", suffixes=("", "_before"))
    stable = both[(both.change == "stable") & (both.cluster == 0)]
    now = stable[["x_mm", "y_mm", "z_mm"]].to_numpy()
    moved = now @ person.to_visit1[:3, :3].T + person.to_visit1[:3, 3]
    before = stable[["x_mm_before", "y_mm_before", "z_mm_before"]].to_numpy()
    assert np.abs(moved - before).max() < 1.5
    assert np.abs(now - before).max() > np.abs(moved - before).max()


def test_vanished_lesions_are_of_visit_1_alone():
    params = replace(FLAIR, vanished=0.6, diameter_mm=6.5, diameter_log_sd=0.05, without_new=1.0)
    person = make_person(2, 0, params)
    gone = set(person.truth0.table.lesion[person.truth0.table.status == "vanished"])
    assert gone
    assert not gone & set(person.truth.table.lesion)
    assert set(person.truth.table.lesion) <= set(person.truth0.table.lesion)
    assert set(person.truth.table.status) <= {"stable", "enlarged"}


def test_thick_slices_are_wide_blurred_along_z_alone_and_carry_the_truth():
    thick, fine = make_person(3, 0, replace(FLAIR, thick_slices=True)), make_person(3, 0, FLAIR)
    flair = thick.images["flair"]
    assert flair.spacing == pytest.approx((0.7, 0.7, 3.0))
    assert thick.images["flair0"].spacing == pytest.approx((0.7, 0.7, 3.0))
    for volume in (thick.truth.labels, thick.given, thick.brain, thick.consensus, thick.rims, thick.tissues):
        assert volume.same_grid(flair)
    assert thick.truth.table.volume_mm3.sum() == pytest.approx(fine.truth.table.volume_mm3.sum(), rel=0.25)
    inside = thick.truth.labels.data > 0
    assert np.median(flair.data[inside]) > 1.1 * np.median(flair.data[thick.brain.data])
