from __future__ import annotations

import importlib
import logging
import sys

import numpy as np
import pytest

from radiorim.errors import DataError, MissingExtra, UnknownName, UsageError
from radiorim.features.texture import Texture
from radiorim.features.texturenames import FEATURES, column_names

ALL = ("shape", "firstorder", "glcm", "glrlm", "glszm", "gldm", "ngtdm")


@pytest.fixture
def radiomics():
    return pytest.importorskip("radiomics")


def test_without_pyradiomics_the_pip_line_is_given(scene, monkeypatch):
    monkeypatch.setitem(sys.modules, "radiomics", None)
    case, lesions = scene(np.ones((3, 3, 3)), chi=np.zeros((3, 3, 3)))
    with pytest.raises(MissingExtra, match=r"pip install 'radiorim\[pyradiomics\]'"):
        Texture(("chi",))(case, lesions)


def test_the_list_of_features_is_the_librarys_own(radiomics):
    for kind, features in FEATURES.items():
        module = importlib.import_module(f"radiomics.{kind}")
        reference = next(value for name, value in vars(module).items() if name.lower() == f"radiomics{kind}")
        enabled = {name for name, deprecated in reference.getFeatureNames().items() if not deprecated}
        assert set(features) == enabled, kind
    assert sum(map(len, FEATURES.values())) == 107


def test_every_column_is_filled_and_equals_a_call_on_the_whole_volume(radiomics, scene, blobs, noise):
    from radiomics.featureextractor import RadiomicsFeatureExtractor

    from radiorim.io.sitk import to_sitk

    case, lesions = scene(blobs, (0.75, 1.0, 2.0), **noise)
    frame = Texture(("chi", "flair"), classes=ALL)(case, lesions)
    assert list(frame) == list(column_names(("chi", "flair"), ALL, ("original",)))
    assert frame.loc[1:4].notna().all(axis=None)
    extractor = RadiomicsFeatureExtractor(minimumROIDimensions=1, additionalInfo=False, binWidth=25)
    image, mask = to_sitk(case.image("flair")), to_sitk(lesions.labels)
    columns = column_names(("flair",), ALL, ("original",))
    for lesion in (1, 2, 3, 4):
        expected = extractor.execute(image, mask, label=lesion)
        wanted = [float(expected[f"{band}_{kind}_{name}"]) for kind, name, band in columns.values()]
        np.testing.assert_allclose(frame.loc[lesion, list(columns)], wanted, rtol=1e-9, atol=1e-12)


def test_one_voxel_has_no_texture_and_keeps_its_row(radiomics, scene, blobs, noise):
    case, lesions = scene(blobs, **noise)
    frame = Texture(("chi",), classes=ALL)(case, lesions)
    assert frame.index.tolist() == [1, 2, 3, 4, 5, 6]
    assert frame.loc[6].isna().all()


def test_a_checkerboard_has_the_contrast_worked_by_hand(radiomics, scene):
    image = np.where(np.indices((4, 4, 4)).sum(axis=0) % 2, 10.0, 0.0)
    case, lesions = scene(np.ones((4, 4, 4)), chi=image)
    row = Texture(("chi",), classes=("glcm",), bin_width=None, bin_count=2)(case, lesions).loc[1]
    # Levels differ by one along 3 faces and 4 corners, and are equal along 6 edges.
    assert row["chi_original_glcm_contrast"] == pytest.approx(7 / 13)
    assert row["chi_original_glcm_difference_average"] == pytest.approx(7 / 13)
    # Edge neighbours come as 1-1 or 2-2, the others as 1-2 or 2-1, each half of the pairs.
    assert row["chi_original_glcm_joint_energy"] == pytest.approx(0.5)


def test_a_constant_region_has_no_contrast_and_no_undefined_value(radiomics, scene):
    case, lesions = scene(np.ones((4, 4, 4)), chi=np.full((4, 4, 4), 3.0))
    row = Texture(("chi",), classes=ALL)(case, lesions).loc[1]
    assert row.notna().all()
    assert row["chi_original_glcm_contrast"] == 0
    assert row["chi_original_glcm_joint_energy"] == 1


def test_bands_of_the_wavelet_have_names_of_their_own(radiomics, scene, noise, blobs):
    case, lesions = scene(blobs == 1, chi=noise["chi"])
    frame = Texture(("chi",), classes=("firstorder",), filters=("original", "wavelet"))(case, lesions)
    assert "chi_wavelet_llh_firstorder_mean" in frame
    assert frame.shape == (1, 9 * 18)
    assert frame.notna().all(axis=None)


def test_processes_share_the_work_and_not_the_result(radiomics, scene, blobs, noise):
    case, lesions = scene(blobs, **noise)
    block = Texture(("chi",), classes=("glcm",))
    one, two = (block.measure(case, lesions, n_jobs=jobs) for jobs in (1, 2))
    assert one.equals(two)


def test_the_librarys_log_is_quiet_and_left_as_it_was(radiomics, scene, blobs, noise, capfd):
    level, stdout = logging.getLogger("radiomics").level, sys.stdout
    Texture(("chi",), classes=ALL)(*scene(blobs, **noise))
    assert logging.getLogger("radiomics").level == level
    assert sys.stdout is stdout
    assert capfd.readouterr() == ("", "")


def test_a_bin_width_made_for_another_unit_is_refused(radiomics, scene, blobs, noise):
    case, lesions = scene(blobs, chi=noise["chi"])
    with pytest.raises(DataError, match="Try bin_width="):
        Texture(("chi",), bin_width=0.01)(case, lesions)


@pytest.mark.parametrize(
    ("settings", "error", "words"),
    [
        ({"engine": "pyradiomic"}, UnknownName, "no engine named 'pyradiomic'. Did you mean 'pyradiomics'"),
        ({"classes": ("glrlmm",)}, UnknownName, "no feature class named 'glrlmm'. Did you mean 'glrlm'"),
        ({"filters": ("wavelets",)}, UnknownName, "Did you mean 'wavelet'"),
        ({"classes": ()}, UsageError, "at least one image, one class and one filter"),
    ],
)
def test_settings_that_make_no_sense_are_refused(settings, error, words):
    with pytest.raises(error, match=words):
        Texture(("chi",), **settings)
