"""Turning and flipping image and mask together must change nothing but what is about direction."""

from __future__ import annotations

import numpy as np
import pytest

from radiorim.features.layers import RimLayers
from radiorim.features.sets import feature_set
from radiorim.features.table import feature_columns, measure
from radiorim.features.texture import Texture

TURNS = {
    "flipped along the first axis": lambda a: a[::-1],
    "flipped along all axes": lambda a: a[::-1, ::-1, ::-1],
    "turned about the third axis": lambda a: np.rot90(a, 1, (0, 1)),
    "turned about the first axis": lambda a: np.rot90(a, 1, (1, 2)),
    "axes in another order": lambda a: a.transpose(2, 0, 1),
}
DIRECTIONAL = ("_right", "_anterior", "_superior", "_lateral", "2d_diameter")


@pytest.fixture
def table_of(scene, blobs, noise):
    """A function of what is done to all arrays, of the blocks and of voxel edges, that gives the features."""

    def build(turn, blocks, spacing=(1.1, 1.1, 1.1), scale=1.0):
        brain = np.ones(blobs.shape)
        brain[:2] = 0
        images = {"chi": scale * turn(noise["chi"]), "flair": turn(noise["flair"])}
        table = measure(*scene(turn(blobs), spacing, turn(brain), **images), blocks).table
        return table[[c for c in feature_columns(table) if not any(word in c for word in DIRECTIONAL)]]

    return build


def as_it_is(array):
    return array


@pytest.fixture
def blocks():
    images = ("chi", "flair")
    return (
        *feature_set("basic", images, masks=("brain",))[:2],
        RimLayers(images),
        *feature_set("basic", images)[3:],
    )


@pytest.mark.parametrize("turn", TURNS)
def test_the_basic_features_stay(table_of, blocks, turn):
    np.testing.assert_allclose(
        table_of(TURNS[turn], blocks), table_of(as_it_is, blocks), rtol=1e-9, atol=1e-9
    )


def test_thick_slices_may_be_flipped(table_of, blocks):
    tables = [table_of(turn, blocks, (0.5, 0.5, 1.7)) for turn in (as_it_is, lambda a: a[::-1, :, ::-1])]
    np.testing.assert_allclose(*tables, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("turn", ["flipped along all axes", "axes in another order"])
def test_the_texture_stays(table_of, turn):
    pytest.importorskip("radiomics")
    block = (Texture(("chi",), classes=("shape", "glcm", "glrlm", "glszm", "gldm", "ngtdm")),)
    np.testing.assert_allclose(table_of(TURNS[turn], block), table_of(as_it_is, block), rtol=1e-6, atol=1e-9)


def test_a_factor_on_chi_is_a_factor_on_what_has_its_unit(table_of, blocks):
    once, twice = (table_of(as_it_is, blocks, scale=scale) for scale in (1.0, 2.0))
    assert once.filter(like="chi_layers_rim_minus").shape[1] == 2
    np.testing.assert_allclose(
        twice.filter(like="chi_layers_rim_minus"), 2 * once.filter(like="chi_layers_rim_minus")
    )
    same = ["chi_layers_rim_completeness_bright", "chi_original_firstorder_entropy"]
    np.testing.assert_allclose(twice[same], once[same], atol=1e-9)
    np.testing.assert_array_equal(twice.filter(like="flair"), once.filter(like="flair"))
