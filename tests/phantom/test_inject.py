"""Known lesions in a scan: where they lie, how bright they are, what else differs, and what is refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from radiorim.case import Case
from radiorim.errors import DataError, UsageError
from radiorim.io.bids import read_dataset
from radiorim.lesions import Lesions
from radiorim.phantom.inject import Injection, inject
from radiorim.phantom.injected import write_injected
from radiorim.phantom.render import move
from radiorim.phantom.scanmodel import ScanModel
from radiorim.runs.recovery import false_lesions, grade, recovered
from radiorim.volume import Volume

SHAPE, SPACING = (90, 90, 30), (1.5, 1.5, 4.0)
STILL = Injection(lesions=6, diameter_mm=10.0, noise=0.0, motion_mm=0.0, motion_deg=0.0, gain=0.0)


@pytest.fixture(scope="module")
def head() -> Case:
    """White matter with shading, noise and dark ventricles in thick slices, tilted against the scanner."""
    index = np.stack(np.meshgrid(*map(np.arange, SHAPE), indexing="ij"), axis=-1)
    mm = (index - (np.array(SHAPE) - 1) / 2) * SPACING
    brain = np.linalg.norm(mm / (60, 60, 55), axis=-1) < 1
    ventricle = np.linalg.norm(mm / (10, 22, 12), axis=-1) < 1
    rng = np.random.default_rng(0)
    shading = 1 + 0.003 * mm[..., 0]
    image = np.where(brain, 300 * shading, 0) * np.where(ventricle, 0.3, 1) + rng.normal(0, 6, SHAPE) * brain
    affine = np.diag([*SPACING, 1.0])
    turn = np.deg2rad(12)
    affine[1:3, 1:3] = [[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]] @ affine[1:3, 1:3]
    affine[:3, 3] = -affine[:3, :3] @ ((np.array(SHAPE) - 1) / 2)
    grid = Volume(np.rint(np.maximum(image, 0)).astype(np.float32), affine)
    white = grid.like((brain & ~ventricle).astype(np.float32))
    return Case("a", "a", {"flair": grid, "prior_wm": white}, {"brain": grid.like(brain)})


@pytest.fixture(scope="module")
def model(head: Case) -> ScanModel:
    return ScanModel.of(head)


def test_noise_shading_and_ventricles_are_read_from_the_scan(head, model):
    assert model.noise_sd == pytest.approx(6, rel=0.1)
    inner = model.room & (model.surface_mm > 15)
    truth = 300 * (1 + 0.003 * (np.arange(SHAPE[0]) - 44.5) * 1.5)[:, None, None] * np.ones(SHAPE)
    np.testing.assert_allclose(model.level[inner], truth[inner], rtol=0.05)
    zones = {model.zone((45, y, 15)) for y in range(45, 90)}
    assert zones == {"periventricular", "deep", "juxtacortical"}
    assert not model.room[45, 45, 15], "a ventricle has no room"


def test_what_is_added_is_the_lesion_and_nothing_else(model):
    made = inject(model, STILL, seed=0)
    assert len(made.truth) == 6
    added = made.followup.data - model.scan.data
    labels = made.truth.labels.data
    for row in made.truth.table.itertuples():
        share = added[labels == row.lesion] / model.level[labels == row.lesion]
        assert 0.4 * row.contrast < share.max() < row.contrast + 0.02, "partial volume may take a part"
    near = np.linalg.norm(np.argwhere(np.abs(added) > 1)[:, None] * SPACING
                          - np.argwhere(labels > 0)[None] * SPACING, axis=-1).min(axis=1)  # fmt: skip
    assert near.max() < 6, "beyond the soft edge and a slice nothing has changed"
    assert set(made.truth.table.status) == {"new"}
    assert set(made.truth.table.zone) == {"periventricular", "juxtacortical", "deep"}


def test_partial_volume_is_kept_in_thick_slices(model):
    made = inject(model, STILL, seed=1)
    share = (made.followup.data - model.scan.data) / model.level
    partial = (share > 0.02) & (share < 0.15)
    assert partial.sum() > 20


def test_a_moved_second_visit_is_the_first_one_at_the_places_that_it_says(model):
    made = inject(model, replace(STILL, lesions=0, motion_mm=3.0, motion_deg=3.0), seed=2)
    assert np.abs(made.to_baseline - np.eye(4)).max() > 0.3
    there = move(made.followup.data, made.followup, model.scan, np.linalg.inv(made.to_baseline), order=3)
    inner = model.room & (model.surface_mm > 12) & (model.ventricle_mm > 12)
    smooth = np.abs(there - model.scan.data)[inner]
    assert np.median(smooth) < 6
    assert len(made.truth) == 0


def test_noise_and_gain_are_those_asked_for(model):
    made = inject(model, replace(STILL, lesions=0, noise=2.0), seed=3)
    difference = (made.followup.data - model.scan.data)[model.room]
    assert difference.std() == pytest.approx(2 * model.noise_sd, rel=0.05)
    louder = inject(model, replace(STILL, lesions=0, gain=0.3), seed=4).followup.data[model.room]
    ratio = louder / np.maximum(model.scan.data[model.room], 1)
    assert abs(np.median(ratio) - 1) > 0.01
    assert np.median(ratio) == pytest.approx(ratio.mean(), abs=0.01)
    assert np.array_equal(louder, np.rint(louder)), "whole numbers stay whole numbers"


def test_the_same_seed_gives_the_same_visit(model):
    first, second = (inject(model, Injection(lesions=4), seed=7) for _ in range(2))
    assert np.array_equal(first.followup.data, second.followup.data)
    assert first.truth.table.equals(second.truth.table)
    assert not np.array_equal(first.followup.data, inject(model, Injection(lesions=4), seed=8).followup.data)


def test_what_makes_no_sense_is_refused_with_what_is_wrong(head, model):
    with pytest.raises(UsageError, match="0 or more, not -1"):
        Injection(lesions=-1)
    with pytest.raises(DataError, match=r"there is room for \d+ lesions in this scan, not 300"):
        inject(model, replace(STILL, lesions=300), seed=0)
    none = head.images["flair"].like(np.zeros(SHAPE, np.float32))
    with pytest.raises(DataError, match=r"only 0 ml of a look like white matter\. Is the brain mask right"):
        ScanModel.of(head.with_(images={**head.images, "prior_wm": none}))


def test_the_pair_is_read_back_as_a_data_set_with_truth(model, tmp_path):
    made = inject(model, STILL, seed=0)
    write_injected(tmp_path / "pair", model.scan, made)
    (case,) = read_dataset(tmp_path / "pair")
    assert {"flair0", "flair"} <= set(case.images)
    assert np.array_equal(case.truth().labels.data > 0, made.truth.labels.data > 0)
    assert set(case.truth().table.status) == {"new"}


def test_recovery_is_graded_by_size_place_and_contrast(model):
    truth = inject(model, STILL, seed=0).truth
    kept = truth.numbers[:2]
    labels = np.where(np.isin(truth.labels.data, kept), truth.labels.data, 0)
    labels[0, 0, 0] = 99
    found = Lesions.from_labels(truth.labels.like(labels))
    table = recovered(truth, found)
    assert table.set_index("lesion").found.to_dict() == {n: n in kept for n in truth.numbers}
    assert false_lesions(truth, found) == 1
    grades = grade(table)
    for by in ("all", "size", "place", "contrast"):
        rows = grades[grades.by == by]
        assert (rows.lesions.sum(), rows.found.sum()) == (6, 2)
