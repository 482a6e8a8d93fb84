"""Axial slices through the brain with every lesion outlined and numbered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from radiorim.report.pictures import Label, Picture, picture, strokes
from radiorim.report.slices import AXIAL, Cut, Scene

__all__ = ["Mosaic", "choose_slices", "mosaic"]

MOST_SLICES = 24
FEWEST_SLICES = 12
PIXELS = 360


@dataclass(frozen=True)
class Mosaic:
    """The pictures, from the lowest slice up, and the numbers of found lesions that none of them shows."""

    pictures: tuple[Picture, ...]
    missing: tuple[int, ...]


def mosaic(
    scene: Scene, layer: str, found: Sequence[int], others: Sequence[int], z_mm: Sequence[float]
) -> Mosaic:
    """Slices of a layer that together show the found lesions, filled up with even steps through the brain.

    Found lesions are outlined with their numbers, `others` and (where known) the truth without. `z_mm` gives
    the height of each slice for its caption.
    """
    areas = _areas(scene.labels, found)
    slices, missing = choose_slices(areas, scene.inside)
    is_found = np.isin(scene.labels, found)
    masks = {"truth": scene.truth, "other": np.isin(scene.labels, others), "found": is_found}
    pictures = []
    for index in slices:
        cut = scene.whole(AXIAL, index)
        here = [number for number, area in areas.items() if area[index] > 0]
        pictures.append(
            picture(
                scene,
                layer,
                cut,
                pixels=PIXELS,
                alt=f"axial slice {index}, lesions {here}",
                caption=f"z {z_mm[index]:.0f} mm".replace("-", "−"),
                strokes=strokes(masks, scene, cut),
                labels=tuple(_number(scene, cut, number) for number in here),
            )
        )
    return Mosaic(tuple(pictures), tuple(missing))


def choose_slices(areas: dict[int, np.ndarray], inside: np.ndarray) -> tuple[list[int], list[int]]:
    """Axial slices, rising, so that as many lesions as possible are shown near their largest extent.

    `areas` gives for each lesion its voxels in each slice. A slice shows a lesion if it holds at least half
    of its largest area. Greedy: the slice that shows most lesions not yet shown, until all are shown or
    `MOST_SLICES` are used; then those furthest from the others, up to `FEWEST_SLICES`. Also gives the lesions
    left unshown.
    """
    shows = {number: 2 * area >= area.max() for number, area in areas.items()}
    left, chosen = dict(shows), []
    while left and len(chosen) < MOST_SLICES:
        gain = np.sum(list(left.values()), axis=0)
        weight = np.sum([areas[number] / areas[number].max() for number in left], axis=0)
        chosen.append(int(np.lexsort((weight, gain))[-1]))
        left = {number: shown for number, shown in left.items() if not shown[chosen[-1]]}
    unshown = [number for number in left if not any(areas[number][index] for index in chosen)]
    brain = np.flatnonzero(inside.any(axis=(0, 1)))
    low, high = np.quantile(brain, [0.2, 0.9])
    steps = np.unique(np.rint(np.linspace(low, high, 2 * FEWEST_SLICES)).astype(int))
    while len(chosen) < min(FEWEST_SLICES, len(steps)):
        away = [min((abs(index - other) for other in chosen), default=0) for index in steps]
        chosen.append(int(steps[int(np.argmax(away))]))
    return sorted(set(chosen)), unshown


def _areas(labels: np.ndarray, numbers: Sequence[int]) -> dict[int, np.ndarray]:
    from scipy import ndimage

    boxes, areas = ndimage.find_objects(labels), {}
    for number in numbers:
        box = boxes[number - 1]
        area = np.zeros(labels.shape[AXIAL], dtype=int)
        area[box[AXIAL]] = (labels[box] == number).sum(axis=(0, 1))
        areas[number] = area
    return areas


def _number(scene: Scene, cut: Cut, number: int) -> Label:
    """The lesion's number beside it, on the side where there is room."""
    i, j = np.nonzero(scene.labels[:, :, cut.index] == number)
    wide, high = scene.pixel(AXIAL)
    x_first = (scene.labels.shape[0] - 1 - i.max()) * wide - cut.left
    x_last = (scene.labels.shape[0] - i.min()) * wide - cut.left
    y = (scene.labels.shape[1] - 0.5 - j.mean()) * high - cut.top
    outwards = x_last < cut.width / 2
    return Label(
        str(number),
        round(x_first - 2 if outwards else x_last + 2, 1),
        round(y, 1),
        "number end" if outwards else "number",
    )
