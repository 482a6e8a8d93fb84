"""Every stored output of the real tools, where the answer key lies beside the checkout."""

from __future__ import annotations

import json
import math
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest

from radiorim.metrics.anima import OUTPUTS, AnimaOptions, class_performance, segmentation_performance
from radiorim.metrics.evolution import EvolutionOptions, detected_components, lesion_evolution
from radiorim.metrics.pair import voxel_volume_mm3

ORACLE = Path(__file__).resolve().parents[2].parent / "shared" / "oracle"
pytestmark = pytest.mark.skipif(not ORACLE.is_dir(), reason="the answer key is not beside this checkout")

DISTANCES = ("HausdorffDistance", "ContourMeanDistance", "SurfaceDistance")
# The tool sorts equal overlaps by an unstable sort once there are more than 16 lesions; ours is stable.
TIED = {
    ("tie_18_equal_two_leak", "alpha05_beta05_gamma05", "SensL"),
    ("smooth_noise_01", "alpha05_beta05_gamma05", "SensL"),
    ("smooth_noise_01", "alpha05_beta05_gamma05", "F1_score"),
    ("smooth_noise_05", "alpha05_beta05_gamma05", "PPVL"),
    ("smooth_noise_05", "alpha05_beta05_gamma05", "F1_score"),
}


def read(name):
    return json.loads((ORACLE / name).read_text())


@pytest.fixture(scope="module")
def cases():
    arrays = np.load(ORACLE / "cases.npz")
    return {
        case["index"]: (
            arrays[f"{case['index']:03d}_test"],
            arrays[f"{case['index']:03d}_ref"],
            case["spacing"],
        )
        for case in read("cases.json")
    }


def measure(row, cases):
    options = AnimaOptions(row["opt_x"], row["opt_y"], row["opt_z"], row["opt_v"])
    if row["part"] == "global":
        return segmentation_performance(*cases[row["index"]], options)
    label = int(row["part"].removeprefix("cluster"))
    return class_performance(*cases[row["index"]], options)[label - 1]


def difference(expected, got):
    expected = math.nan if expected == "nan" else expected
    if expected is None or got is None:
        return 0.0 if expected is got else math.inf
    if math.isnan(expected) or math.isnan(got):
        return 0.0 if math.isnan(expected) and math.isnan(got) else math.inf
    return abs(expected - got)


def test_every_row_of_the_analyzer_is_reproduced(cases):
    rows = read("segperf.json")["rows"]
    largest, tied = defaultdict(float), set()
    for row in rows:
        out = measure(row, cases)
        assert set(out) <= set(OUTPUTS)
        for name in OUTPUTS:
            key, gap = (row["case"], row["options"], name), difference(row[name], out.get(name))
            if key in TIED and gap:
                tied.add(key)
            else:
                largest[name] = max(largest[name], gap)
    assert len(rows) == 389
    assert {row["part"] for row in rows} == {"global", "cluster1", "cluster2"}
    assert tied == TIED, "the list of tied rows is out of date"
    for name in OUTPUTS:
        assert largest[name] <= (1e-8 if name in DISTANCES else 0.0), name


def test_every_flag_of_detected_components_is_reproduced(cases):
    rows = read("detected_components.json")
    for row in rows:
        test, reference, spacing = cases[row["index"]]
        truth, flags = detected_components(test, reference, spacing, connectivity=26 if row["full"] else 6)
        assert flags.tolist() == [flag == 1 for flag in row.get("flags", [])], row["case"]
        assert (truth.sizes * voxel_volume_mm3(spacing)).tolist() == pytest.approx(row.get("volumes", []))
    assert len(rows) == 110


def test_every_image_of_lesion_evolution_is_reproduced():
    arrays, compared = np.load(ORACLE / "lesion_evolution.npz"), 0
    for case in read("lesion_evolution.json"):
        older, newer = (arrays[f"{case['index']:03d}_{side}"] for side in ("ref", "test"))
        for suffix, connectivity in (("out0", 6), ("out1", 26)):
            out = lesion_evolution(newer, older, case["spacing"], EvolutionOptions(connectivity=connectivity))
            np.testing.assert_array_equal(out, arrays[f"{case['index']:03d}_{suffix}"], err_msg=case["name"])
            compared += 1
    assert compared == 30


def test_memory_order_does_not_matter(cases):
    test, reference, spacing = cases[max(cases)]
    expected = segmentation_performance(test, reference, spacing)
    for turn in (np.asfortranarray, np.ascontiguousarray):
        assert segmentation_performance(turn(test), turn(reference), spacing) == expected
