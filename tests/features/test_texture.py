from __future__ import annotations

import importlib
import logging
import sys

import numpy as np
import pytest

from radiorim.blocks import build
from radiorim.errors import DataError, MissingExtra, UnknownName, UsageError
from radiorim.features.texture import ENGINES, Texture
from radiorim.features.texturenames import FEATURES, column_names
from radiorim.features.texturesettings import Filtering, Neighbours, Preprocessing
from radiorim.recipe import describe

TEXTURES = ("glcm", "glrlm", "glszm", "gldm", "ngtdm")
ALL = ("shape", "firstorder", *TEXTURES)


@pytest.fixture
def radiomics():
    return pytest.importorskip("radiomics")


@pytest.fixture(params=ENGINES)
def engine(request):
    if request.param == "pyradiomics":
        pytest.importorskip("radiomics")
    return request.param


def test_without_pyradiomics_the_pip_line_is_given(scene, monkeypatch):
    monkeypatch.setitem(sys.modules, "radiomics", None)
    case, lesions = scene(np.ones((3, 3, 3)), chi=np.zeros((3, 3, 3)))
    with pytest.raises(MissingExtra, match=r"pip install 'radiorim\[pyradiomics\]'"):
        Texture(("chi",), engine="pyradiomics")(case, lesions)


def test_the_list_of_features_is_the_librarys_own(radiomics):
    for kind, features in FEATURES.items():
        module = importlib.import_module(f"radiomics.{kind}")
        reference = next(value for name, value in vars(module).items() if name.lower() == f"radiomics{kind}")
        enabled = {name for name, deprecated in reference.getFeatureNames().items() if not deprecated}
        assert set(features) == enabled, kind
    assert sum(map(len, FEATURES.values())) == 107


def test_every_column_is_filled_and_equals_a_call_on_the_whole_volume(engine, scene, blobs, noise):
    library = pytest.importorskip("radiomics.featureextractor")
    from radiorim.io.sitk import to_sitk

    case, lesions = scene(blobs, (0.75, 1.0, 2.0), **noise)
    frame = Texture(("chi", "flair"), engine, classes=ALL)(case, lesions)
    assert list(frame) == list(column_names(("chi", "flair"), ALL, ("original",)))
    assert frame.loc[1:4].notna().all(axis=None)
    extractor = library.RadiomicsFeatureExtractor(minimumROIDimensions=1, additionalInfo=False, binWidth=25)
    image, mask = to_sitk(case.image("flair")), to_sitk(lesions.labels)
    columns = column_names(("flair",), ALL, ("original",))
    for lesion in (1, 2, 3, 4):
        expected = extractor.execute(image, mask, label=lesion)
        wanted = [float(expected[f"{band}_{kind}_{name}"]) for kind, name, band in columns.values()]
        np.testing.assert_allclose(frame.loc[lesion, list(columns)], wanted, rtol=1e-8, atol=1e-10)


def test_one_voxel_has_no_texture_and_keeps_its_row(engine, scene, blobs, noise):
    case, lesions = scene(blobs, **noise)
    frame = Texture(("chi",), engine, classes=ALL)(case, lesions)
    assert frame.index.tolist() == [1, 2, 3, 4, 5, 6]
    assert frame.loc[6].isna().all()


def test_a_checkerboard_has_the_contrast_worked_by_hand(engine, scene):
    image = np.where(np.indices((4, 4, 4)).sum(axis=0) % 2, 10.0, 0.0)
    case, lesions = scene(np.ones((4, 4, 4)), chi=image)
    row = Texture(("chi",), engine, classes=("glcm",), bin_width=None, bin_count=2)(case, lesions).loc[1]
    # Levels differ by one along 3 faces and 4 corners, and are equal along 6 edges.
    assert row["chi_original_glcm_contrast"] == pytest.approx(7 / 13)
    assert row["chi_original_glcm_difference_average"] == pytest.approx(7 / 13)
    # Edge neighbours come as 1-1 or 2-2, the others as 1-2 or 2-1, each half of the pairs.
    assert row["chi_original_glcm_joint_energy"] == pytest.approx(0.5)


def test_a_constant_region_has_no_contrast_and_no_undefined_value(engine, scene):
    case, lesions = scene(np.ones((4, 4, 4)), chi=np.full((4, 4, 4), 3.0))
    row = Texture(("chi",), engine, classes=ALL)(case, lesions).loc[1]
    assert row.notna().all()
    assert row["chi_original_glcm_contrast"] == 0
    assert row["chi_original_glcm_joint_energy"] == 1


def test_bands_of_filters_have_names_of_their_own(scene, noise, blobs):
    case, lesions = scene(blobs == 1, chi=noise["chi"])
    frame = Texture(("chi",), classes=("firstorder",), filters=("original", "log", "wavelet"))(case, lesions)
    assert "chi_wavelet_llh_firstorder_mean" in frame
    assert "chi_log_sigma_2_0_mm_firstorder_mean" in frame
    assert frame.shape == (1, 12 * 18)
    assert frame.notna().all(axis=None)


def test_cores_share_the_work_and_do_not_change_the_result(engine, scene, blobs, noise):
    case, lesions = scene(blobs, **noise)
    block = Texture(("chi",), engine, classes=("glcm",), filters=("original", "log", "wavelet"))
    one, two = (block.measure(case, lesions, n_jobs=jobs) for jobs in (1, 2))
    assert one.equals(two)


def test_the_librarys_log_is_quiet_and_left_as_it_was(radiomics, scene, blobs, noise, capfd):
    level, stdout = logging.getLogger("radiomics").level, sys.stdout
    Texture(("chi",), "pyradiomics", classes=ALL)(*scene(blobs, **noise))
    assert logging.getLogger("radiomics").level == level
    assert sys.stdout is stdout
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("filters", [("original",), ("square",)])
def test_a_bin_width_that_gives_thousands_of_levels_is_refused(engine, filters, scene, blobs, noise):
    case, lesions = scene(blobs, chi=noise["chi"])
    with pytest.raises(DataError, match=r"grey levels. Try bin_width="):
        Texture(("chi",), engine, bin_width=0.001, filters=filters)(case, lesions)


def test_a_bin_width_that_gives_each_lesion_one_level_is_refused(engine, scene, blobs, noise):
    case, lesions = scene(blobs, chi=0.001 * noise["chi"] + 1)
    with pytest.raises(DataError, match=r"each of 3 lesions into one grey level.*Try bin_width=0\.00\d+"):
        Texture(("chi",), engine)(case, lesions)


def test_small_or_flat_lesions_in_one_bin_are_no_reason_to_refuse(scene, blobs, noise):
    small = np.where(blobs > 3, blobs, 0)
    assert len(Texture(("chi",))(*scene(small, chi=0.001 * noise["chi"]))) == 3
    assert len(Texture(("chi",))(*scene(blobs, chi=np.full(blobs.shape, 3.0)))) == 6


def test_values_that_are_not_finite_are_refused_with_the_lesion(engine, scene, blobs, noise):
    noise["chi"][8, 8, 8] = np.nan
    with pytest.raises(DataError, match="image 'chi' holds NaN or infinite values at lesion 1"):
        Texture(("chi",), engine)(*scene(blobs, **noise))


def test_an_empty_table_has_its_columns(scene, noise):
    frame = Texture(("chi",))(*scene(np.zeros((30, 26, 24)), **noise))
    assert frame.shape == (0, 75)


@pytest.mark.parametrize(
    ("settings", "error", "words"),
    [
        ({"engine": "pyradiomic"}, UnknownName, "no engine named 'pyradiomic'. Did you mean 'pyradiomics'"),
        ({"classes": ("glrlmm",)}, UnknownName, "no feature class named 'glrlmm'. Did you mean 'glrlm'"),
        ({"filters": ("wavelets",)}, UnknownName, "Did you mean 'wavelet'"),
        ({"classes": ()}, UsageError, "at least one image, one class and one filter"),
        ({"leave_out": ("glcm_sum_averge",)}, UnknownName, "Did you mean 'glcm_sum_average'"),
        (
            {"filters": ("log",), "filtering": Filtering(sigmas_mm=())},
            UsageError,
            "at least one of sigmas_mm",
        ),
    ],
)
def test_settings_that_make_no_sense_are_refused(settings, error, words):
    with pytest.raises(error, match=words):
        Texture(("chi",), **settings)


@pytest.mark.parametrize(
    ("settings", "what"),
    [
        ({"neighbours": Neighbours(distances=(1, 2))}, "other neighbours"),
        ({"neighbours": Neighbours(weighting="euclidean")}, "other neighbours"),
        ({"preprocessing": Preprocessing(resample_mm=(1, 1, 1))}, "resampling"),
        ({"filtering": Filtering(padding_voxels=5)}, r"own crop \(padding_voxels\)"),
        ({"filters": ("wavelet",), "filtering": Filtering(wavelet="db4")}, "the wavelet 'db4'"),
        ({"filters": ("lbp3d",)}, "the filter 'lbp3d'"),
    ],
)
def test_what_the_fast_engine_cannot_do_it_refuses_and_names_the_other(settings, what):
    with pytest.raises(UsageError, match=f"'fast' does not do .*{what}.*--engine pyradiomics"):
        Texture(("chi",), **settings)
    Texture(("chi",), "pyradiomics", **settings)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"neighbours": Neighbours(distances=(1, 2))}, {"distances": [1, 2]}),
        ({"neighbours": Neighbours(weighting="euclidean")}, {"weightingNorm": "euclidean"}),
        ({"neighbours": Neighbours(symmetric=False, alpha=1)}, {"symmetricalGLCM": False, "gldm_a": 1}),
        (
            {"preprocessing": Preprocessing(normalise=True, normalise_scale=100, outliers_sd=2)},
            {"normalize": True, "normalizeScale": 100, "removeOutliers": 2},
        ),
        (
            {"preprocessing": Preprocessing(resample_mm=(1, 0, 1.5), interpolator="linear")},
            {"resampledPixelSpacing": [1, 0, 1.5], "interpolator": "sitkLinear"},
        ),
    ],
)
def test_each_setting_reaches_the_reference(settings, words, scene, blobs, noise):
    library = pytest.importorskip("radiomics.featureextractor")
    from radiorim.io.sitk import to_sitk

    case, lesions = scene(np.where(blobs < 3, blobs, 0), (0.75, 1.0, 2.0), chi=noise["chi"])
    frame = Texture(("chi",), "pyradiomics", **settings)(case, lesions)
    extractor = library.RadiomicsFeatureExtractor(minimumROIDimensions=1, additionalInfo=False, **words)
    image = case.image("chi")
    double = to_sitk(image.like(image.data.astype(float)))
    for lesion in (1, 2):
        expected = extractor.execute(double, to_sitk(lesions.labels), label=lesion)
        columns = column_names(("chi",), TEXTURES, ("original",))
        wanted = [float(expected[f"{band}_{kind}_{name}"]) for kind, name, band in columns.values()]
        np.testing.assert_allclose(frame.loc[lesion], wanted, rtol=1e-6)


def test_filtering_on_a_crop_changes_the_laplacian_and_not_the_wavelet(scene, blobs, noise):
    pytest.importorskip("radiomics")
    case, lesions = scene(np.where(blobs < 3, blobs, 0), chi=noise["chi"])
    whole, crop = (
        Texture(
            ("chi",),
            "pyradiomics",
            filters=("log", "wavelet"),
            classes=("shape", "firstorder"),
            filtering=Filtering(sigmas_mm=(3.0,), padding_voxels=padding),
        )(case, lesions)
        for padding in (None, 4)
    )
    assert list(whole) == list(crop)
    laplacian = [column for column in whole if "_log_" in column]
    np.testing.assert_allclose(crop.drop(columns=laplacian), whole.drop(columns=laplacian), rtol=1e-9)
    means = crop["chi_log_sigma_3_0_mm_firstorder_mean"], whole["chi_log_sigma_3_0_mm_firstorder_mean"]
    assert not np.allclose(*means, rtol=1e-3)


def test_normalising_is_the_same_by_both_engines(radiomics, scene, blobs, noise):
    case, lesions = scene(blobs, **noise)
    how = Preprocessing(normalise=True, normalise_scale=100, outliers_sd=1.5)
    fast, reference = (
        Texture(("chi",), engine, preprocessing=how, classes=("firstorder",))(case, lesions)
        for engine in ENGINES
    )
    np.testing.assert_allclose(fast, reference, rtol=1e-9)
    assert fast["chi_original_firstorder_maximum"].max() == 150


def test_features_that_are_left_out_have_no_column(scene, blobs, noise):
    block = Texture(("chi",), classes=("glcm",), leave_out=("glcm_sum_average",))
    frame = block(*scene(blobs, **noise))
    assert frame.shape[1] == 23
    assert "chi_original_glcm_sum_average" not in frame
    assert list(block.dictionary(list(frame))) == list(frame)


def test_settings_survive_the_way_through_json():
    block = Texture(
        ("chi",), filters=("log",), filtering=Filtering((2.0,)), preprocessing=Preprocessing(normalise=True)
    )
    assert build(describe(block)) == block
