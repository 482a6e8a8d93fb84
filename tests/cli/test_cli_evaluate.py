"""`evaluate` on two masks: the figures, what is undefined, what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from radiorim.io import nifti
from radiorim.volume import Volume


@pytest.fixture
def two_masks(tmp_path) -> tuple[Path, Path]:
    """A truth of two bars; found are one of them and one more."""

    def bars(name: str, *places: int) -> Path:
        data = np.zeros((24, 12, 12), np.uint8)
        for place in places:
            data[place : place + 3, 3:9, 3:9] = 1
        return nifti.save(Volume(data, np.eye(4)), tmp_path / f"{name}.nii.gz")

    return bars("truth", 2, 10), bars("found", 2, 18)


def test_evaluate_prints_the_figures_of_the_analyzer_as_json(radiorim, two_masks):
    done = radiorim("evaluate", "--truth", two_masks[0], "--found", two_masks[1], "--json")
    assert done.code == 0
    figures = json.loads(done.out)
    assert set(figures) == {
        *("Jaccard", "Dice", "Sensitivity", "Specificity", "PPV", "NPV", "RelativeVolumeError"),
        *("HausdorffDistance", "ContourMeanDistance", "SurfaceDistance"),
        *("PPVL", "SensL", "F1_score", "NbTestedLesions", "VolTestedLesions"),
    }
    assert (figures["SensL"], figures["PPVL"], figures["Dice"]) == (0.5, 0.5, 0.5)
    assert figures["NbTestedLesions"] is None


def test_what_is_undefined_is_null_and_not_a_number(radiorim, two_masks, tmp_path):
    empty = nifti.load_labels(two_masks[0])
    path = nifti.save(empty.like(np.zeros_like(empty.data)), tmp_path / "empty.nii.gz")
    done = radiorim("evaluate", "--truth", path, "--found", two_masks[1], "--json")
    figures = json.loads(done.out)
    assert figures["SensL"] is None
    assert figures["NbTestedLesions"] == 2
    assert "NaN" not in done.out


def test_evaluate_refuses_two_grids_with_both_shapes(radiorim, two_masks, tmp_path):
    other = nifti.save(Volume(np.zeros((24, 12, 11), np.uint8), np.eye(4)), tmp_path / "other.nii.gz")
    done = radiorim("evaluate", "--truth", two_masks[0], "--found", other)
    assert done.code == 3
    assert "(24, 12, 12)" in done.sentence
    assert "(24, 12, 11)" in done.sentence


def test_evaluate_refuses_a_mask_against_a_folder_and_a_data_set_without_truth(radiorim, two_masks, tmp_path):
    done = radiorim("evaluate", "--truth", two_masks[0], "--found", tmp_path)
    assert (done.code, done.sentence) == (
        2,
        "radiorim: --truth and --found must be two masks or two folders.",
    )
    done = radiorim("evaluate", "--truth", tmp_path, "--found", tmp_path)
    assert done.code == 3
    assert "holds no sub-* folder, so it is not a BIDS data set" in done.sentence


@pytest.mark.parametrize(
    ("rule", "figure"), [("iou", "PQ"), ("any", "LTPR"), ("brats", "lesion_dice"), ("anima", "SensL")]
)
def test_every_rule_judges_a_data_set_in_two_groups_and_says_its_name(
    radiorim, dataset, recipes, rule, figure
):
    radiorim("classify", dataset, "--recipe", recipes["little-new"], "-o", "out")
    done = radiorim("evaluate", "--truth", dataset, "--found", "out", "--rule", rule)
    assert done.code == 0
    assert figure in done.out
    assert "cases with true lesions (4)" in done.out
    assert "cases without true lesions (1)" in done.out
    assert rule == "anima" or f"{rule}, " in done.out


def test_another_rule_gives_its_counts_and_connectivity_in_json(radiorim, write_nifti):
    truth = np.zeros((9, 9, 9), np.uint8)
    truth[1:3, 1:3, 1:3] = truth[5:8, 5:8, 5:8] = 1
    found = truth.copy()
    found[:4] = 0
    paths = [write_nifti(f"{name}.nii.gz", array) for name, array in (("t", truth), ("f", found))]
    done = radiorim("evaluate", "--truth", paths[0], "--found", paths[1], "--rule", "iou", "--json")
    figures = json.loads(done.out)
    assert (figures["rule"], figures["connectivity"]) == ("iou", 26)
    assert (figures["truths"], figures["finds"], figures["sensitivity"]) == (2, 1, 0.5)
