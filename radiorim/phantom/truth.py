"""What is true of a person's lesions at either visit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from radiorim.lesions import Lesions
from radiorim.phantom.lesions import Lesion
from radiorim.phantom.paint import Canvas, boxes, pool
from radiorim.volume import Volume

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["TRUTH_COLUMNS", "on_grid", "rims_shown", "truth_before", "truth_table"]

TRUTH_COLUMNS = {
    "lesion": "number of the lesion in the label map",
    "status": "between visit 1 and visit 2: stable (shrunken ones included), new or enlarged",
    "rim": "1 where the noise-free susceptibility, sampled finer than voxels, shows a rim, else 0",
    "ambiguous": "1 where it is no clear case: a rim was made and does not show, or something else looks "
    "like one (rim is 0)",
    "rim_reader": "rim as a reader says who errs now and then, and guesses where it is ambiguous",
    "volume_mm3": "volume at visit 2",
    "x_mm": "centre of mass, RAS mm",
    "y_mm": "centre of mass, RAS mm",
    "z_mm": "centre of mass, RAS mm",
    "change": "the same in more detail: stable, new, enlarged or shrunken",
    "zone": "where it was drawn: periventricular, juxtacortical, deep or infratentorial",
    "cluster": "number of the group that it flows together with, 0 if none",
    "kind": "what was made: rim, arc (iron at one side), solid (iron all over), isointense or hypointense",
    "rim_ppb": "height of the rim or arc over white matter as drawn",
    "core_ppb": "susceptibility of the core over white matter as drawn",
    "coverage": "share of the surface that carries the rim or arc",
    "rim_contrast_ppb": "noise-free edge (highest value, median over sectors) minus core (median)",
    "rim_edge_share": "share of the edge that exceeds the core by 15 ppb, second best of three planes",
    "flair_contrast": "FLAIR over white matter, as a share of white matter, at the middle of the lesion",
    "central_vein": "1 where a vein runs through the lesion",
}
"""The columns of the truth table and what they mean."""


def truth_table(
    labels: Volume, lesions: Sequence[Lesion], rims: Mapping[int, Mapping[str, float]]
) -> Lesions:
    """Lesions with the columns of `TRUTH_COLUMNS`; `labels` are 1..n in the order of `lesions`.

    `rims` are the columns about rims by the lesion's number (`judge_rims`).
    """
    import pandas as pd

    found = Lesions.from_labels(labels)
    rows = pd.DataFrame(
        [_row(number, lesions[number - 1]) | dict(rims[number]) for number in found.numbers],
        columns=["lesion", *(name for name in TRUTH_COLUMNS if name not in found.table.columns)],
    )
    table = found.table.merge(rows, on="lesion") if len(found) else _empty(found.table)
    return Lesions(labels, table[list(TRUTH_COLUMNS)])


def on_grid(truth: Lesions, labels: Volume) -> Lesions:
    """The same lesions as another grid shows them; those without a voxel there are left out."""
    if truth.labels.same_grid(labels):
        return truth
    rows = truth.table.set_index("lesion").drop(columns=["volume_mm3", "x_mm", "y_mm", "z_mm"])
    return Lesions(labels, Lesions.from_labels(labels).with_columns(rows).table[list(TRUTH_COLUMNS)])


def truth_before(labels: Volume, lesions: Sequence[Lesion]) -> Lesions:
    """The lesions of visit 1 with `status` (what becomes of them: `vanished`, too), `zone`, `cluster`."""
    import pandas as pd

    rows = pd.DataFrame(
        [(number, a.change, a.zone, a.cluster) for number, a in enumerate(lesions, start=1)],
        columns=["lesion", "status", "zone", "cluster"],
    )
    found = Lesions.from_labels(labels)
    return Lesions(labels, found.table.merge(rows, on="lesion"))


def rims_shown(truth: Lesions, lesions: Sequence[Lesion], canvas: Canvas, added: np.ndarray) -> np.ndarray:
    """The voxels of rims that are labelled so: within the rim's thickness of the edge, and nearer to its
    height than to the core.
    """
    shown = set(truth.table.lesion[truth.table.rim == 1])
    mask = np.zeros(canvas.grid.shape, bool)
    for number, lesion, box, depth in boxes(lesions, canvas):
        if number in shown:
            edge = pool((depth > 0) & (depth < max(lesion.thickness, canvas.grid.spacing[0]))) > 0.5
            mask[box] |= edge & (added[box] > (lesion.rim_ppb + lesion.core_ppb) / 2)
    return mask


def _row(number: int, lesion: Lesion) -> dict[str, object]:
    return {
        "lesion": number,
        "status": lesion.status,
        "change": lesion.change,
        "zone": lesion.zone,
        "cluster": lesion.cluster,
        "kind": lesion.kind,
        "rim_ppb": round(lesion.rim_ppb, 2),
        "core_ppb": round(lesion.core_ppb, 2),
        "coverage": round(lesion.coverage, 3),
        "flair_contrast": round(lesion.flair, 3),
        "central_vein": int(lesion.vein),
    }


def _empty(table: pd.DataFrame) -> pd.DataFrame:
    return table.reindex(columns=list(TRUTH_COLUMNS))
