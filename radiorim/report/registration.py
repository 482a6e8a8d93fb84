"""Are the two visits aligned? The pair in turn, and as a checkerboard, in the three main directions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from radiorim.report.pictures import Picture, encode, picture, sample
from radiorim.report.slices import AXIAL, CORONAL, SAGITTAL, SIDES, Cut, Scene

__all__ = ["Pair", "pairs"]

PIXELS = 440
TILE_MM = 16.0


@dataclass(frozen=True)
class Pair:
    """One cut of both visits, their difference and their checkerboard, all of one size."""

    name: str
    baseline: Picture
    follow_up: Picture
    checkerboard: Picture
    difference: Picture


def pairs(scene: Scene, *, centre: np.ndarray | None = None) -> list[Pair]:
    """Axial, sagittal and coronal cuts through a voxel position (the middle of the brain by default).

    The sagittal cut lies 12 mm beside the middle, where there is cortex and not the falx.
    """
    if centre is None:
        centre = np.array([_middle(scene.inside, axis) for axis in range(3)])
        centre[SAGITTAL] += round(12.0 / scene.spacing[SAGITTAL])
    index = np.clip(np.rint(centre).astype(int), 0, np.array(scene.labels.shape) - 1)
    cuts = {
        name: scene.whole(axis, int(index[axis]))
        for name, axis in (("axial", AXIAL), ("sagittal", SAGITTAL), ("coronal", CORONAL))
    }
    return [_pair(scene, name, cut) for name, cut in cuts.items()]


def checkerboard(one: np.ndarray, other: np.ndarray, *, tile: int) -> np.ndarray:
    """Squares of `tile` pixels from one and the other array in turn; the upper left is from the first."""
    rows, columns = np.indices(one.shape) // max(tile, 1)
    return np.where((rows + columns) % 2 == 0, one, other)


def _pair(scene: Scene, name: str, cut: Cut) -> Pair:
    grey = {visit: sample(scene.layers[visit], scene, cut, pixels=PIXELS) for visit in ("flair0", "flair")}
    tile = round(TILE_MM * PIXELS / max(cut.width, cut.height))
    return Pair(
        name,
        picture(scene, "flair0", cut, pixels=PIXELS, alt=f"baseline, {name}"),
        picture(scene, "flair", cut, pixels=PIXELS, alt=f"follow-up, {name}"),
        Picture(
            encode(checkerboard(grey["flair0"], grey["flair"], tile=tile)),
            round(cut.width, 2),
            round(cut.height, 2),
            f"checkerboard, {name}",
            sides=SIDES[cut.axis],
        ),
        picture(scene, "difference", cut, pixels=PIXELS, alt=f"difference, {name}"),
    )


def _middle(inside: np.ndarray, axis: int) -> float:
    found = np.flatnonzero(inside.any(axis=tuple({0, 1, 2} - {axis})))
    return float((found[0] + found[-1]) / 2)
