from __future__ import annotations

import numpy as np
import pytest

from radiorim.errors import DataError
from radiorim.metrics.evolution import EvolutionOptions, detected_components, lesion_evolution
from radiorim.metrics.longitudinal import STATUSES, ChangeOptions, longitudinal_table

MM = (1.0, 1.0, 1.0)


def bars(*spans):
    """Bars of 2 x 5 voxels in cross-section along x, one row of y for each list of spans."""
    image = np.zeros((40, 8 * len(spans), 8), dtype=np.uint8)
    for row, own in enumerate(spans):
        for start, stop in own:
            image[start:stop, 8 * row + 2 : 8 * row + 4, 2:7] = 1
    return image


def test_every_fate_of_a_lesion():
    older = bars(
        [], [(2, 8)], [(2, 12)], [(2, 22)], [(2, 12)], [(2, 8), (9, 15)], [(2, 30)], [(2, 9), (10, 20)]
    )
    newer = bars(
        [(2, 8)], [], [(2, 22)], [(2, 12)], [(2, 13)], [(2, 15)], [(2, 8), (9, 30)], [(2, 6), (7, 20)]
    )
    table = longitudinal_table(newer, older, MM).set_index("status")
    fates = {"new", "vanished", "enlarging", "shrinking", "stable", "merged", "split", "regrouped"}
    assert set(table.index) == fates == set(STATUSES)
    assert table.loc["new", ["older_mm3", "newer_mm3", "change_mm3"]].tolist() == [0.0, 60.0, 60.0]
    assert table.loc["vanished", "change_mm3"] == -60.0
    assert table.loc["enlarging", ["older_mm3", "newer_mm3", "shared_mm3"]].tolist() == [100.0, 200.0, 100.0]
    assert table.loc["merged", "older"].count(",") == 1
    assert table.loc["split", "newer"].count(",") == 1
    assert table.loc["regrouped", "shared_mm3"] == 160.0
    assert table["newer_mm3"].sum() == newer.sum(), "no voxel is lost or counted twice"
    assert table["older_mm3"].sum() == older.sum()


@pytest.mark.parametrize(
    ("stop", "status"), [(14, "stable"), (15, "enlarging"), (10, "stable"), (9, "shrinking")]
)
def test_change_counts_above_the_share_and_the_volume(stop, status):
    table = longitudinal_table(
        bars([(2, stop)]), bars([(2, 12)]), MM, ChangeOptions(change_share=0.2, change_mm3=6)
    )
    assert table.status.tolist() == [status]
    large = ChangeOptions(change_share=0.2, change_mm3=60)
    assert longitudinal_table(bars([(2, stop)]), bars([(2, 12)]), MM, large).status.tolist() == ["stable"]


def test_no_lesion_gives_no_row_and_small_ones_are_left_out():
    nothing = bars([])
    assert longitudinal_table(nothing, nothing, MM).empty
    speck = nothing.copy()
    speck[3:8, 3, 3] = 1
    assert longitudinal_table(speck, nothing, MM).empty, "5 mm3 are below the minimum of 6"
    speck[8, 3, 3] = 1
    assert longitudinal_table(speck, nothing, MM).status.tolist() == ["new"]


def test_evolution_labels_by_hand():
    older = bars([(2, 12)], [], [(2, 12)], [(2, 32)])
    newer = bars([(2, 12)], [(2, 8)], [(2, 22)], [(2, 36)])
    out = lesion_evolution(newer, older, MM)
    assert np.unique(out[:, 0:8]).tolist() == [0, 1], "already there"
    assert np.unique(out[:, 8:16]).tolist() == [0, 2], "new"
    assert np.unique(out[:, 16:24]).tolist() == [0, 2], "grown by more than half and 12 mm3 counts as new"
    assert out[[31, 33], 26, 3].tolist() == [1, 3], "growth of 40 over 300"
    tight = EvolutionOptions(beta=0.2)
    assert np.unique(lesion_evolution(newer, older, MM, tight)[:, 24:]).tolist() == [0, 1]


def test_a_new_lesion_of_exactly_the_minimum_is_labelled_as_there_before():
    speck = bars([])
    speck[3:9, 3, 3] = 1
    assert np.unique(lesion_evolution(speck, speck * 0, MM)).tolist() == [0, 1], "the tool's oddity, kept"


def test_detected_components_keeps_a_lesion_of_exactly_the_minimum():
    speck = bars([])
    speck[3:6, 3, 3] = 1
    truth, flags = detected_components(speck, speck, MM)
    assert (truth.count, flags.tolist()) == (1, [True])
    assert detected_components(speck, speck * 0, MM)[1].size == 0


def test_grids_must_agree():
    for rule in (lesion_evolution, detected_components, longitudinal_table):
        with pytest.raises(DataError, match="one grid"):
            rule(np.zeros((2, 2, 2)), np.zeros((3, 3, 3)), MM)
