"""Shapes of lesions: ovoids along veins, caps and bands on the ventricle walls, groups that flow together."""

from __future__ import annotations

import numpy as np

from radiorim.phantom.lesions import ZONES, Lesion
from radiorim.phantom.parameters import Params
from radiorim.phantom.places import Places

__all__ = ["draw_group"]


def draw_group(
    places: Places, params: Params, load: float, seeds: np.ndarray, *, cluster: int = 0
) -> list[Lesion]:
    """One lesion for each seed: the first anywhere, the others beside it so that they flow together.

    `load` multiplies diameters; `cluster` is the number of the group, 0 for a lesion alone.
    """
    group: list[Lesion] = []
    for seed in seeds:
        rng = np.random.default_rng(int(seed))
        zone = str(rng.choice(ZONES, p=np.array(params.zones) / sum(params.zones)))
        knot, diameter = places.draw(zone, rng), _diameter(params, load, rng)
        if group:
            mate = group[rng.integers(len(group))]
            # Ellipsoids of mean radius r overlap below r1 + r2. Size-matched ones only touch: each keeps
            # the size that it was drawn with.
            reach = (mate.volume_mm3 * 3 / 4 / np.pi) ** (1 / 3) + diameter / 2
            knot = places.beside(mate.centre, (1.0 if params.size_matched else 0.75) * reach, rng)
            zone = mate.zone
        flat = zone == "periventricular" and not group and rng.random() < params.caps
        shape = _cap if flat else _ovoid
        group.append(_lesion(shape(places, knot, diameter, rng), zone, cluster, rng))
    return group


_Ellipsoid = tuple[np.ndarray, np.ndarray, np.ndarray]
"""Centre, semi-axes and frame (rows)."""


def _ovoid(places: Places, knot: int, diameter: float, rng: np.random.Generator) -> _Ellipsoid:
    """Long along the vein that leads away from the ventricle (Dawson's finger)."""
    long = rng.uniform(1.0, 1.9)
    axes = diameter / 2 * np.array([long, long**-0.5, long**-0.5]) * np.exp(rng.normal(0, 0.08, 3))
    frame = _frame(places.outward[knot] + rng.normal(0, 0.35, 3), rng)
    return places.mm[knot] + rng.uniform(-1.5, 1.5, 3), axes, frame


def _cap(places: Places, knot: int, diameter: float, rng: np.random.Generator) -> _Ellipsoid:
    """Thin across the wall of the ventricle, wide along it; it lies on the wall."""
    thin, wide = rng.uniform(0.4, 0.7), rng.uniform(1.0, 1.6)
    axes = diameter / 2 * np.array([thin, wide * thin**-0.5, thin**-0.5 / wide])
    outward = places.outward[knot]
    shift = 0.8 * axes[0] + 0.7 - places.ventricle_mm[knot]
    along = rng.uniform(-1.5, 1.5, 3)
    centre = places.mm[knot] + shift * outward + along - (along @ outward) * outward
    return centre, axes, _frame(outward, rng)


def _diameter(params: Params, load: float, rng: np.random.Generator) -> float:
    """Of the ball with the lesion's volume, mm."""
    if params.size_matched:
        # Large enough for any rim to show: else the label itself would tell large from small.
        drawn = params.matched_mm * np.exp(rng.normal(0, params.matched_log_sd))
        return float(np.clip(drawn, *params.matched_range_mm))
    drawn = load * params.diameter_mm * np.exp(rng.normal(0, params.diameter_log_sd))
    return float(np.clip(drawn, *params.diameter_range_mm))


def _lesion(shape: _Ellipsoid, zone: str, cluster: int, rng: np.random.Generator) -> Lesion:
    centre, axes, frame = (tuple(part.ravel().tolist()) for part in shape)
    return Lesion(
        centre=centre, axes=axes, rotation=frame, zone=zone, cluster=cluster, before=1.0, now=1.0,
        kind="isointense", rim_ppb=0.0, core_ppb=0.0, thickness=1.0, coverage=0.0, flair=0.0, t1=0.0,
        vein=False, seed=int(rng.integers(2**31)),
    )  # fmt: skip


def _frame(direction: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A rotation matrix whose first row is along `direction`."""
    first = direction / np.linalg.norm(direction)
    second = np.cross(first, rng.normal(size=3))
    second /= np.linalg.norm(second)
    return np.stack([first, second, np.cross(first, second)])
