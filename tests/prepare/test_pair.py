from __future__ import annotations

import logging

import numpy as np
import pytest

from radiorim.case import Case, Lazy
from radiorim.classic.ratio import Ratio
from radiorim.errors import DataError, UnknownName, UsageError
from radiorim.lesions import Lesions
from radiorim.prepare.halfway import halfway_matrices
from radiorim.prepare.pair import HalfWayPair
from radiorim.prepare.resample import labels_to
from radiorim.volume import Volume

BLOCK = HalfWayPair(spacing_mm=2.0, transform="rigid", also=("t1",))
LESION = (slice(22, 25), slice(40, 43), slice(24, 27))


@pytest.fixture(scope="module")
def pair(followup, baseline):
    """A follow-up with one new lesion, scanned at another gain; t1 lies on a grid of its own."""
    data = followup.data * 1.7
    data[LESION] += 120
    truth = np.zeros(followup.shape, np.uint8)
    truth[LESION] = 1
    images = {
        "flair0": lambda: baseline,
        "flair": lambda: Volume(data, followup.affine, ("axes were repaired",), "later.nii.gz"),
        "t1": lambda: Volume(followup.data[::2], followup.affine @ np.diag([2.0, 1, 1, 1])),
        "chi": lambda: pytest.fail("chi was read although nobody asked for it"),
    }
    lesions = Lesions.from_mask(followup.like(truth), connectivity=26)
    return Case("a", "a", Lazy(images), truth=lambda: lesions, notes=("first note",))


@pytest.fixture(scope="module")
def prepared(pair):
    return BLOCK(pair)


def test_both_visits_lie_on_one_isotropic_ras_grid_half_way(prepared, motion):
    grid = prepared.image("flair")
    assert prepared.image("flair0").same_grid(grid)
    assert grid.affine[:3, :3] == pytest.approx(2 * np.eye(3))
    matrices = halfway_matrices(prepared)
    whole = matrices["flair0"] @ np.linalg.inv(matrices["flair"])
    middle = grid.corners_mm().mean(axis=0, keepdims=True)
    ends = [middle @ m[:3, :3].T + m[:3, 3] for m in (whole, motion)]
    assert np.linalg.norm(ends[0] - ends[1]) < 1


def test_the_visits_agree_but_for_the_lesion(prepared):
    change = prepared.image("flair").data - prepared.image("flair0").data
    lesion = prepared.truth().labels.data > 0
    rest = prepared.mask("brain").data & ~lesion
    assert change[lesion].mean() > 1.5
    assert np.abs(np.median(change[rest])) < 0.05
    assert change[rest].std() < 0.35
    assert prepared.image("flair").data[prepared.mask("brain").data].std() == pytest.approx(1, abs=0.01)


def test_the_brain_has_its_volume_and_the_figures_are_kept(prepared, heads):
    quality = prepared.quality
    assert quality["brain_ml"] == pytest.approx(heads.ml, rel=0.12)
    assert quality["ncc_after"] > 0.95 > quality["ncc_before"]
    assert quality["rotation_deg"] == pytest.approx(7.9, abs=0.7)
    assert set(quality) == {
        *("ncc_before", "ncc_after", "shift_mm", "rotation_deg", "scale_percent", "brain_ml"),
        "atlas_ncc",
    }


def test_truth_goes_to_the_half_way_grid_and_back_to_the_followups_own(prepared, pair):
    there, placement = prepared.truth(), prepared.placement
    assert there.labels.same_grid(prepared.image("flair"))
    assert placement.native.same_grid(pair.image("flair"))
    back, true = labels_to(there, placement.native, placement.to_native), pair.truth()
    assert back.table.volume_mm3.sum() == pytest.approx(true.table.volume_mm3.sum(), rel=0.3)
    for axis in ("x_mm", "y_mm", "z_mm"):
        assert back.table[axis].to_numpy() == pytest.approx(true.table[axis].to_numpy(), abs=1.5)


def test_images_that_share_the_followups_space_come_along_when_asked(prepared):
    brain = prepared.mask("brain").data
    assert prepared.image("t1").same_grid(prepared.image("flair"))
    agreement = np.corrcoef(prepared.image("t1").data[brain], prepared.image("flair").data[brain])[0, 1]
    assert agreement > 0.8
    assert "chi" not in prepared.images


def test_notes_say_what_a_reader_should_know(prepared):
    notes = " ".join(prepared.notes)
    assert prepared.notes[0] == "first note"
    for words in (
        "follow-up (later.nii.gz): axes were repaired.",
        "Slices are 4.2 mm thick",
        "Voxels differ: baseline 2.7 x 2.7 x 4.2 mm, follow-up 2.5 x 2.5 x 3.4 mm.",
        "made from the two scans",
        "Not brought to the half-way grid: chi.",
    ):
        assert words in notes


def test_a_prepared_case_is_not_prepared_again(prepared):
    with pytest.raises(UsageError, match="a was prepared before"):
        BLOCK(prepared)


@pytest.fixture(scope="module")
def on_one_grid(heads, followup):
    data = followup.data * 1.3
    data[LESION] += 120
    images = {"flair0": followup, "flair": followup.like(data)}
    return Case("b", "b", images, {"brain": heads.brain(followup)})


QUICK = HalfWayPair(registered=True, n4=False)


def test_registered_scans_keep_their_grid_and_a_given_mask_is_used(on_one_grid):
    done = QUICK(on_one_grid)
    assert done.image("flair0").same_grid(on_one_grid.image("flair"))
    assert (done.mask("brain").data == on_one_grid.mask("brain").data).all()
    assert (done.placement.to_native == np.eye(4)).all()
    change = done.image("flair").data - done.image("flair0").data
    assert change[LESION].min() > 2
    assert done.quality["ncc_after"] == done.quality["ncc_before"] > 0.9


@pytest.mark.parametrize("method", ["rma", "median", "histogram"])
def test_every_matching_leaves_the_lesion_and_little_else(on_one_grid, method):
    done = HalfWayPair(registered=True, n4=False, match=method)(on_one_grid)
    change = done.image("flair").data - done.image("flair0").data
    brain = done.mask("brain").data.copy()
    brain[LESION] = False
    assert np.abs(change[brain]).mean() < 0.1
    assert change[LESION].mean() > 1.5


def test_on_the_median_scale_values_are_shares_of_the_brains_median_and_ratios_find_the_lesion(on_one_grid):
    made = HalfWayPair(registered=True, n4=False, scale="median")(on_one_grid)
    inside = made.mask("brain").data
    assert np.median(made.image("flair").data[inside]) == pytest.approx(1, abs=1e-3)
    found = Ratio(threshold=1.3, opening_mm=0)(made)
    assert found.labels.data[LESION].all()


def test_the_same_case_gives_the_same_bytes(on_one_grid):
    one, other = QUICK(on_one_grid), QUICK(on_one_grid)
    for name in ("flair0", "flair"):
        assert one.image(name).data.tobytes() == other.image(name).data.tobytes()


def test_each_step_leaves_a_line_in_the_log(on_one_grid, caplog):
    with caplog.at_level(logging.INFO, logger="radiorim"):
        QUICK(on_one_grid)
    assert [record.getMessage().split(":")[0] for record in caplog.records] == [
        "half-way grid",
        "intensities",
    ]


def test_registered_scans_on_two_grids_are_refused_with_the_way_out(pair):
    with pytest.raises(DataError, match=r"flair0 .* and flair .* are not on one grid.*leave out registered"):
        HalfWayPair(registered=True)(pair)


def test_a_missing_visit_an_empty_mask_and_nan_are_refused_by_name(on_one_grid):
    flair = on_one_grid.image("flair")
    with pytest.raises(DataError, match="c has no image 'flair0'"):
        QUICK(Case("c", "c", {"flair": flair}))
    with pytest.raises(DataError, match="the brain mask is empty"):
        QUICK(on_one_grid.with_(masks={"brain": flair.like(np.zeros(flair.shape))}))
    broken = {"flair0": flair.like(np.full(flair.shape, np.inf)), "flair": flair}
    with pytest.raises(DataError, match="flair0 holds NaN or infinite"):
        QUICK(on_one_grid.with_(images=broken))


def test_fields_that_make_no_sense_are_usage_errors():
    with pytest.raises(UnknownName, match="no way to make a brain mask named 'ostu'"):
        HalfWayPair(brain="ostu")
    with pytest.raises(UnknownName, match="no intensity matching named 'rmaa'"):
        HalfWayPair(match="rmaa")
    with pytest.raises(UsageError, match="transform must be"):
        HalfWayPair(transform="elastic")
    with pytest.raises(UsageError, match="spacing_mm must be above 0"):
        HalfWayPair(spacing_mm=0)


def test_a_case_on_its_own_grid_has_no_half_way_matrices(on_one_grid):
    with pytest.raises(UsageError, match="prepare it with HalfWayPair first"):
        halfway_matrices(on_one_grid)


@pytest.mark.slow
@pytest.mark.parametrize("patient", ["patient01", "patient12"])
def test_a_real_thick_slice_pair_is_registered_to_a_quarter_of_a_millimetre(shared, patient):
    import SimpleITK as sitk

    from radiorim.io.nifti import load

    folder = shared / "data" / "ljubljana" / "longitudinal" / patient
    files = {"flair0": "study1_FLAIR", "flair": "study2_FLAIR"}
    done = HalfWayPair()(
        Case(patient, patient, {name: load(folder / f"{file}.nii.gz") for name, file in files.items()})
    )
    given = {name: given_matrix(sitk, folder / f"{file}_to_common_space.txt") for name, file in files.items()}
    ours = halfway_matrices(done)
    mask = load(folder / "brainmask.nii.gz")
    common = mask.to_mm(np.argwhere(mask.data)[::997])
    later = at(given["flair"], common)
    far = at(given["flair0"], common) - at(ours["flair0"], at(np.linalg.inv(ours["flair"]), later))
    assert np.linalg.norm(far, axis=1).mean() < 0.25
    assert done.quality["ncc_before"] < 0.5
    assert done.quality["ncc_after"] > 0.9
    assert done.quality["brain_ml"] == pytest.approx(
        np.count_nonzero(mask.data) * mask.voxel_mm3 / 1e3, rel=0.1
    )


def at(matrix, points):
    return points @ matrix[:3, :3].T + matrix[:3, 3]


def given_matrix(sitk, path):
    """The data set's own transform, from its common space to the scan's."""
    from radiorim.io.sitk import transform_to_affine

    numbers = {
        line.split(":")[0]: line.split(":")[1] for line in path.read_text().splitlines() if ":" in line
    }
    transform = sitk.AffineTransform(3)
    transform.SetFixedParameters([float(n) for n in numbers["FixedParameters"].split()])
    transform.SetParameters([float(n) for n in numbers["Parameters"].split()])
    return transform_to_affine(transform)
