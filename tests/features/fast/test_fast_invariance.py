"""Signed permutations of the axes leave all but seven features as they are.

Three are the 2-D diameters, which are named after an axis. Four come from the reference's mesh: its table
cuts some patterns of eight voxels differently when they are turned, so area and volume change, most where
voxels touch by edges or corners.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from radiorim.features.fast import measure

DIAMETERS = {f"maximum_2d_diameter_{plane}" for plane in ("slice", "row", "column")}
MESH = {"mesh_volume", "surface_area", "surface_volume_ratio", "sphericity"}
TURNS = {
    "flipped along one axis": lambda a: a[:, ::-1],
    "flipped along all axes": lambda a: a[::-1, ::-1, ::-1],
    "turned about the third axis": lambda a: np.rot90(a, 1, (0, 1)),
    "turned about the first axis": lambda a: np.rot90(a, 3, (1, 2)),
    "axes in another order": lambda a: a.transpose(2, 0, 1),
    "two axes changed": lambda a: a.swapaxes(0, 2),
    "turned and flipped": lambda a: np.rot90(a, 1, (0, 2))[:, :, ::-1],
}


@pytest.fixture
def scan():
    rng = np.random.default_rng(11)
    field = ndimage.gaussian_filter(rng.normal(size=(26, 24, 22)), 1.3)
    labels, n = ndimage.label(field > np.quantile(field, 0.9), structure=np.ones((3, 3, 3)))
    assert n > 5
    return rng.normal(100, 60, labels.shape), labels


@pytest.mark.parametrize("turn", TURNS)
def test_turning_image_and_mask_together_changes_only_named_axes_and_a_little_of_the_mesh(scan, asked, turn):
    data, labels = scan
    numbers = np.unique(labels)[1:]
    as_it_is = measure(data, labels, numbers, (1.1, 1.1, 1.1), asked())
    turned = measure(TURNS[turn](data), TURNS[turn](labels), numbers, (1.1, 1.1, 1.1), asked())
    changed = {
        key[1]
        for key, column in as_it_is.items()
        if not np.allclose(turned[key], column, rtol=1e-8, atol=1e-9, equal_nan=True)
    }
    assert changed <= DIAMETERS | MESH
    # Two voxels that touch by a corner change most; from twenty voxels on it is little.
    large = as_it_is["shape", "voxel_volume"] > 20 * 1.1**3
    for name in MESH:
        ours, theirs = (found["shape", name][large] for found in (turned, as_it_is))
        np.testing.assert_allclose(ours, theirs, rtol=0.05, err_msg=name)


def test_the_diameters_turn_with_the_axes(scan, asked):
    data, labels = scan
    numbers = np.unique(labels)[1:]
    as_it_is = measure(data, labels, numbers, (1.0, 1.0, 1.0), asked())
    turned = measure(data.swapaxes(0, 2), labels.swapaxes(0, 2), numbers, (1.0, 1.0, 1.0), asked())
    for ours, theirs in (("slice", "row"), ("row", "slice"), ("column", "column")):
        np.testing.assert_allclose(
            turned["shape", f"maximum_2d_diameter_{ours}"], as_it_is["shape", f"maximum_2d_diameter_{theirs}"]
        )


def test_thick_slices_may_be_turned_with_their_edges(scan, asked):
    data, labels = scan
    numbers = np.unique(labels)[1:]
    as_it_is = measure(data, labels, numbers, (0.5, 0.7, 3.0), asked())
    turned = measure(data.transpose(2, 0, 1), labels.transpose(2, 0, 1), numbers, (3.0, 0.5, 0.7), asked())
    for key, column in as_it_is.items():
        if key[1] not in DIAMETERS | MESH:
            np.testing.assert_allclose(turned[key], column, rtol=1e-8, atol=1e-9, err_msg=str(key))
