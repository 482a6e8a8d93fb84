"""What is true of a person's lesions, what a user's mask makes of them, and what raters would mark as new."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from radiorim.lesions import Lesions
from radiorim.phantom.lesions import Lesion
from radiorim.phantom.paint import Canvas, paint_labels
from radiorim.phantom.parameters import Params
from radiorim.volume import Volume

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["TRUTH_COLUMNS", "jittered", "rated", "truth_table"]

TRUTH_COLUMNS = {
    "lesion": "number of the lesion in the label map",
    "status": "between visit 1 and visit 2: stable, new or enlarged",
    "rim": "1 where the noise-free susceptibility shows a rim, else 0",
    "ambiguous": "1 where a rim was made but noise-free susceptibility does not show it (rim is 0)",
    "volume_mm3": "volume at visit 2",
    "x_mm": "centre of mass, RAS mm",
    "y_mm": "centre of mass, RAS mm",
    "z_mm": "centre of mass, RAS mm",
    "kind": "what was made: rim, arc (iron at one side), solid (iron all over), isointense or hypointense",
    "rim_ppb": "height of the rim or arc over white matter as drawn",
    "core_ppb": "susceptibility of the core over white matter as drawn",
    "coverage": "share of the surface that carries the rim or arc",
    "rim_contrast_ppb": "noise-free edge (highest value, median over directions) minus core (median)",
    "flair_contrast": "FLAIR over white matter, as a share of white matter, at the middle of the lesion",
    "central_vein": "1 where a vein runs through the lesion",
}
"""The columns of the truth table and what they mean."""


def truth_table(labels: Volume, lesions: Sequence[Lesion], added: np.ndarray, params: Params) -> Lesions:
    """Lesions with the columns of `TRUTH_COLUMNS`; `labels` are 1..n in the order of `lesions`.

    `added` is what the lesions add to the noise-free susceptibility, ppb. A lesion is `rim` when it was
    given one and in half of all directions its edge exceeds the core by 15 ppb.
    """
    import pandas as pd
    from scipy import ndimage

    found = Lesions.from_labels(labels)
    boxes = ndimage.find_objects(labels.data)
    rows = pd.DataFrame(
        [
            _row(number, lesions[number - 1], _contrast(labels, number, added, boxes[number - 1]))
            for number in found.numbers
        ],
        columns=["lesion", *(name for name in TRUTH_COLUMNS if name not in found.table.columns)],
    )
    shown = rows.rim_contrast_ppb.astype(float) >= params.label_contrast_ppb
    made = rows.kind == "rim"
    rows = rows.assign(rim=(made & shown).astype(int), ambiguous=(made & ~shown).astype(int))
    table = found.table.merge(rows, on="lesion") if len(found) else _empty(found.table)
    return Lesions(labels, table[list(TRUTH_COLUMNS)])


def jittered(lesions: Sequence[Lesion], canvas: Canvas, params: Params, rng: np.random.Generator) -> Volume:
    """A label map as a user brings it: borders off by a voxel here and there, own numbers by falling
    volume.
    """
    shift, scale = 0.35 * params.mask_jitter, 0.06 * params.mask_jitter
    order = np.argsort([-lesion.volume_mm3 for lesion in lesions], kind="stable")
    moved = [_moved(lesions[i], shift, scale, rng) for i in order]
    labels = paint_labels(moved, canvas.redrawn(rng, 0.5 * params.mask_jitter))
    return canvas.grid.like(labels.astype(np.int32))


def rated(
    lesions: Sequence[Lesion], canvas: Canvas, count: int, rng: np.random.Generator
) -> tuple[Volume, ...]:
    """Masks of new lesions by raters who draw borders differently and miss small and faint ones."""
    new = [lesion for lesion in lesions if lesion.status == "new"]
    masks = []
    for _ in range(count):
        seen = [lesion for lesion in new if rng.random() > 0.35 * np.exp(-lesion.volume_mm3 / 120)]
        drawn = [_moved(lesion, 0.3, 0.08, rng) for lesion in seen]
        masks.append(canvas.grid.like(paint_labels(drawn, canvas.redrawn(rng, 0.5)) > 0))
    return tuple(masks)


def _row(number: int, lesion: Lesion, contrast_ppb: float) -> dict[str, object]:
    return {
        "lesion": number,
        "status": lesion.status,
        "kind": lesion.kind,
        "rim_ppb": round(lesion.rim_ppb, 2),
        "core_ppb": round(lesion.core_ppb, 2),
        "coverage": round(lesion.coverage, 3),
        "rim_contrast_ppb": round(contrast_ppb, 2),
        "flair_contrast": round(lesion.flair, 3),
        "central_vein": int(lesion.vein),
    }


def _contrast(labels: Volume, number: int, added: np.ndarray, box: tuple[slice, ...]) -> float:
    """How far the edge stands above the core, ppb: the median over 26 directions of the edge's highest value
    (in its first 1.5 mm or one voxel) minus the median of the core.
    """
    from scipy import ndimage

    mask = np.pad(labels.data[box] == number, 1)
    depth = ndimage.distance_transform_edt(mask, labels.spacing)[1:-1, 1:-1, 1:-1]
    limit = max(1.5, 1.01 * labels.spacing[0])
    edge, core = (depth > 0) & (depth <= limit), depth > limit
    if not core.any():
        core = depth >= depth.max()
    sector = _sector(np.argwhere(edge) - np.argwhere(depth > 0).mean(axis=0))
    highest = ndimage.maximum(added[box][edge], sector, np.unique(sector))
    return float(np.median(highest) - np.median(added[box][core]))


def _sector(offsets: np.ndarray) -> np.ndarray:
    """Which of the 26 neighbours' directions is nearest, for offsets of shape (n, 3)."""
    steps = np.array([step for step in np.ndindex(3, 3, 3) if step != (1, 1, 1)]) - 1.0
    return np.argmax(offsets @ (steps / np.linalg.norm(steps, axis=1, keepdims=True)).T, axis=1)


def _moved(lesion: Lesion, shift_mm: float, scale: float, rng: np.random.Generator) -> Lesion:
    centre = np.array(lesion.centre) + rng.normal(0, shift_mm, 3)
    axes = np.array(lesion.axes) * np.exp(rng.normal(0, scale))
    return replace(lesion, centre=tuple(centre.tolist()), axes=tuple(axes.tolist()))


def _empty(table: pd.DataFrame) -> pd.DataFrame:
    return table.reindex(columns=list(TRUTH_COLUMNS))
