from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from radiorim.phantom import Params, make_person
from radiorim.phantom.render import move

SMALL = Params().small()


def test_new_lesions_lie_where_nothing_was_before(person):
    table = person.truth.table
    new = np.isin(person.truth.labels.data, table.lesion[table.status == "new"])
    assert new.any()
    assert not (new & (person.lesions0.data > 0)).any()


def test_old_lesions_are_where_they_were_and_enlarged_ones_were_smaller(person):
    before, now = person.lesions0.data, person.truth.labels.data
    kept = person.truth.table.query("change in ('stable', 'enlarged')").lesion
    was = np.isin(before, kept)
    assert was.any()
    assert ((now > 0) & was).sum() > 0.95 * was.sum()
    sizes0, sizes = (np.bincount(labels.ravel(), minlength=99) for labels in (before, now))
    grown = person.truth.table.query("status == 'enlarged'").lesion
    assert (sizes0[grown] < sizes[grown]).all()


def test_the_table_describes_the_label_map(person):
    labels, table = person.truth.labels, person.truth.table
    counts = np.bincount(labels.data.ravel())
    assert table.lesion.tolist() == (1 + np.flatnonzero(counts[1:])).tolist()
    np.testing.assert_allclose(table.volume_mm3, counts[table.lesion] * labels.voxel_mm3)
    assert (labels.data > 0).sum() == counts[1:].sum()
    assert set(table.rim) <= {0, 1}
    assert set(table.status) <= {"stable", "new", "enlarged"}


def test_a_rim_is_what_the_noise_free_map_shows(person):
    table = person.truth.table
    made = table.kind == "rim"
    assert made.any()
    assert made[table.rim == 1].all()
    assert (table.ambiguous[made & (table.rim == 0)] == 1).all()
    assert not ((table.rim == 1) & (table.ambiguous == 1)).any()
    assert table.rim_contrast_ppb[table.rim == 1].min() > table.rim_contrast_ppb[~made].median()


def test_lesions_stay_in_the_brain_and_out_of_csf(person):
    inside = person.brain.data[person.truth.labels.data > 0]
    assert inside.all()
    flair, labels = person.images["flair"].data.astype(float), person.truth.labels.data
    typical = np.median(flair[person.brain.data])
    assert np.median(flair[labels > 0]) > 1.15 * typical


def test_the_true_motion_brings_visit_1_onto_visit_2(person):
    one, two = person.images["flair0"], person.images["flair"]
    assert not one.same_grid(two)
    aligned = move(one.data.astype(np.float32), one, two, person.to_visit1)
    raw = move(one.data.astype(np.float32), one, two, np.eye(4))
    brain = person.brain.data

    def likeness(image: np.ndarray) -> float:
        return float(np.corrcoef(image[brain], two.data[brain])[0, 1])

    assert likeness(aligned) > likeness(raw) + 0.02
    rotation = person.to_visit1[:3, :3]
    np.testing.assert_allclose(rotation @ rotation.T, np.eye(3), atol=1e-9)


def test_the_chi_image_looks_like_what_it_was_made_from(person):
    brain = person.brain.data
    image, true = person.images["chi"].data[brain], person.true_chi.data[brain]
    assert np.corrcoef(image, true)[0, 1] > 0.6
    assert not person.images["chi"].data[~brain].any()


def test_the_given_mask_is_close_to_the_truth_but_not_the_same(person):
    given, true = person.given.data > 0, person.truth.labels.data > 0
    dice = 2 * (given & true).sum() / (given.sum() + true.sum())
    assert 0.6 < dice < 0.99


def test_same_seed_same_person_and_another_seed_another(person):
    again, other = (make_person(person.number, seed, SMALL) for seed in (0, 1))
    for name, volume in person.images.items():
        np.testing.assert_array_equal(volume.data, again.images[name].data)
    assert person.truth.table.equals(again.truth.table)
    assert not np.array_equal(person.images["flair"].data, other.images["flair"].data)


def test_a_person_without_lesions_has_an_empty_table():
    few = replace(SMALL, lesions_mean=1e-3, lesions_sd=0.03, lesions_least=0, without_new=1.0)
    person = make_person(1, 0, few)
    assert len(person.truth) == 0
    assert list(person.truth.table.columns)[:4] == ["lesion", "status", "rim", "ambiguous"]
    assert not any(mask.data.any() for mask in person.raters)


@pytest.mark.slow
def test_about_a_third_of_people_has_no_new_lesion_and_rims_keep_their_share():
    tables = [make_person(number, 5, SMALL).truth.table for number in range(1, 31)]
    without = sum("new" not in set(table.status) for table in tables)
    assert 3 <= without <= 16
    rims, lesions = sum(t.rim.sum() for t in tables), sum(len(t) for t in tables)
    assert 0.10 < rims / lesions < 0.5
