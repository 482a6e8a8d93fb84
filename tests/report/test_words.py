from __future__ import annotations

import pytest

from radiorim.report import words
from radiorim.report.methods import flat, verbs


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("chi_original_glcm_contrast", "χ · texture (GLCM) · contrast"),
        ("flair_log_sigma_2_firstorder_mean", "FLAIR · log sigma 2 · intensity · mean"),
        ("flair0_layers_shell_0_1_mean", "FLAIR, baseline · layers of the rim · shell 0 1 mean"),
        ("location_location_distance_to_edge_mm", "location · distance to edge (mm)"),
        ("volume_mm3", "volume (mm³)"),
        ("shape", "shape"),
        ("odd name", "odd name"),
    ],
)
def test_a_feature_is_said_in_words(name, said):
    assert words.feature_in_words(name) == said


def test_numbers_are_short_and_missing_ones_are_a_dash():
    assert [words.number(x) for x in (2884.3, 0.12345, 3.0, None, float("nan"), "left", True)] == [
        "2884", "0.123", "3", "–", "–", "left", "True",
    ]  # fmt: skip
    assert words.fixed(0.5, 3) == "0.500"
    assert words.fixed(None, 3) == "–"


def test_a_place_names_the_sides_of_the_patient():
    assert words.place({"x_mm": -23.4, "y_mm": 41.0, "z_mm": -7.8}) == "left 23, anterior 41, inferior 8 mm"


def test_names_of_blocks_and_fields_are_said_with_units():
    assert words.camel_in_words("AwayFromBrainEdge") == "Away from brain edge"
    assert words.field_in_words("smooth_mm", 1.5) == "smooth 1.5 mm"
    assert words.field_in_words("images", ("chi", "flair")) == "images chi, flair"
    assert words.quality_in_words("ncc_after", 0.9) == ("NCC after", "0.9")
    assert words.quality_in_words("rotation_deg", 3.25) == ("Rotation", "3.25°")


def test_the_methods_say_every_step_with_its_numbers_and_its_parts(make_recipe):
    said = {verb: steps for verb, _, steps in verbs(make_recipe())}
    assert said["Prepare"] == ()
    assert said["Find"][0].says == "Spots that are brighter than before."
    assert said["Find"][0].numbers == "sigmas 3; smooth 1.5 mm"
    assert said["Judge"][0].parts[0].numbers == "2.5 mm³"


def test_provenance_is_flattened_in_order():
    rows = flat({"seed": 0, "inputs": {"a": {"sha256": "x"}}, "argv": ["detect", "a"], "many": [{"b": None}]})
    assert rows == [("seed", "0"), ("inputs · a · sha256", "x"), ("argv", "detect a"), ("many 1 · b", "–")]
