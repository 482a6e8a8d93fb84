"""Which lesions a person has: where, how large, how bright, stable, enlarged or new, with a rim or
without.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from radiorim.phantom.anatomy import Anatomy
from radiorim.phantom.nuclei import nearest_nucleus
from radiorim.phantom.parameters import Params

__all__ = ["KINDS", "Lesion", "draw_lesions"]

KINDS = ("rim", "arc", "solid", "isointense", "hypointense")
"""What a lesion is on a susceptibility map: a rim, iron at one side only, solid iron, nothing, less than
WM.
"""


@dataclass(frozen=True)
class Lesion:
    """One lesion as an ellipsoid. Lengths in mm (RAS at visit 2), susceptibilities in ppb over white matter.

    `axes` are the semi-axes along the rows of `rotation` (row-major, 9 numbers). `growth` is the size at
    visit 1 as a share of that at visit 2: 1 stable, 0 new. `coverage` is the share of the surface that
    carries the rim. `flair` and `t1` are intensity over white matter; `seed` draws what is uneven about
    its rim.
    """

    centre: tuple[float, float, float]
    axes: tuple[float, float, float]
    rotation: tuple[float, ...]
    growth: float
    kind: str
    rim_ppb: float
    core_ppb: float
    thickness: float
    coverage: float
    flair: float
    t1: float
    vein: bool
    seed: int

    @property
    def status(self) -> str:
        """`stable`, `new` or `enlarged`."""
        return "new" if self.growth == 0 else "stable" if self.growth == 1 else "enlarged"

    @property
    def volume_mm3(self) -> float:
        """Of the whole ellipsoid, before tissue borders cut it."""
        return float(4 / 3 * np.pi * np.prod(self.axes))


def draw_lesions(anatomy: Anatomy, params: Params, rng: np.random.Generator) -> list[Lesion]:
    """A person's lesions, old before new and large before small: the earlier one owns shared voxels."""
    old = _count(params, rng)
    new = 0 if rng.random() < params.without_new else 1 + rng.poisson(max(0.0, params.new_mean - 1))
    rim_rate = rng.beta(2.0, 2.0 * (1 / params.rim_share - 1))
    places = _Places.of(anatomy)
    lesions: list[Lesion] = []
    for number in range(old + new):
        lesion = _shape(places, lesions, params, rng)
        growth = 0.0 if number >= old else 1.0
        if growth and rng.random() < params.enlarged:
            growth = rng.uniform(0.55, 0.8)
        kind = _kind(lesion, params, rim_rate, rng)
        lesions.append(_character(replace(lesion, growth=growth, kind=kind), params, rng))
    return sorted(lesions, key=lambda lesion: (lesion.growth == 0, -lesion.volume_mm3))


def _count(params: Params, rng: np.random.Generator) -> int:
    """Lesions at visit 1: negative binomial as gamma-mixed Poisson."""
    spread = max(params.lesions_sd**2 - params.lesions_mean, 1.0)
    shape = params.lesions_mean**2 / spread
    return max(params.lesions_least, int(rng.poisson(rng.gamma(shape, params.lesions_mean / shape))))


@dataclass(frozen=True, eq=False)
class _Places:
    """Where lesions may lie: lattice knots in mm, their probabilities and the way to the ventricles."""

    mm: np.ndarray
    chance: np.ndarray
    outward: np.ndarray

    @classmethod
    def of(cls, anatomy: Anatomy) -> _Places:
        """Periventricular first, then juxtacortical and deep white matter, little below the tentorium."""
        from scipy import ndimage

        mm = anatomy.lattice.coordinates_mm()
        voxels = (mm - np.reshape(anatomy.lattice.origin_mm, (3, 1, 1, 1))) / anatomy.lattice.spacing_mm
        gm, wm, csf = (ndimage.map_coordinates(t, voxels, order=1) for t in anatomy.tissues)
        depth = -ndimage.map_coordinates(anatomy.surface_mm, voxels, order=1)
        distance = anatomy.ventricle_mm
        weight = 6.0 * np.exp(-distance / 6) + 1.0 * (gm > 0.15) * (depth < 14) + 0.6
        weight = weight * (wm > 0.55) * (csf < 0.1) * (depth > 3)
        weight *= np.where(anatomy.mni_mm[2] < -18, 0.12, 1.0)
        slope = np.stack(np.gradient(distance))
        use = (weight > 0) & (nearest_nucleus(anatomy.mni_mm)[0] < -3)
        outward = slope[:, use].T + 1e-6
        outward /= np.linalg.norm(outward, axis=1, keepdims=True)
        return cls(mm[:, use].T, weight[use] / weight[use].sum(), outward)


def _shape(places: _Places, earlier: list[Lesion], params: Params, rng: np.random.Generator) -> Lesion:
    """An ovoid along the vein that leads away from the ventricle, alone or beside an earlier lesion."""
    knot = rng.choice(len(places.mm), p=places.chance)
    if earlier and rng.random() < params.clustered:
        partner = earlier[rng.integers(len(earlier))]
        near = np.linalg.norm(places.mm - partner.centre, axis=1) - 1.3 * max(partner.axes)
        candidates = np.flatnonzero(abs(near) < 3)
        knot = rng.choice(candidates) if candidates.size else knot
    diameter = params.diameter_mm * np.exp(rng.normal(0, params.diameter_log_sd))
    if params.size_matched:
        # Large enough for any rim to show: else the label itself would tell large from small.
        diameter = 1.6 * params.diameter_mm * np.exp(rng.normal(0, 0.6 * params.diameter_log_sd))
    diameter = np.clip(diameter, 1.2 * params.diameter_mm if params.size_matched else 3.0, 25.0)
    long = rng.uniform(1.0, 1.9)
    axes = diameter / 2 * np.array([long, long**-0.5, long**-0.5]) * np.exp(rng.normal(0, 0.08, 3))
    centre = places.mm[knot] + rng.uniform(-1.5, 1.5, 3)
    frame = _frame(places.outward[knot] + rng.normal(0, 0.35, 3), rng)
    return Lesion(
        tuple(centre.tolist()), tuple(axes.tolist()), tuple(frame.ravel().tolist()),
        1.0, "isointense", 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, False, int(rng.integers(2**31)),
    )  # fmt: skip


def _kind(lesion: Lesion, params: Params, rim_rate: float, rng: np.random.Generator) -> str:
    chance, which = rng.random(), rng.random()
    if params.size_matched:
        rim = chance < rim_rate
    else:
        # Rims are seldom seen on small lesions; among the large ones the chance rises with the radius.
        radius = (lesion.volume_mm3 * 3 / 4 / np.pi) ** (1 / 3)
        rim = lesion.volume_mm3 >= params.rim_least_mm3 and chance < rim_rate * radius / (
            0.57 * params.diameter_mm
        )
    if rim:
        return "rim"
    if which < params.mimic_share:
        return "arc" if which < 0.5 * params.mimic_share else "solid"
    return "hypointense" if which > 0.92 else "isointense"


def _character(lesion: Lesion, params: Params, rng: np.random.Generator) -> Lesion:
    """Brightness and susceptibility of a lesion of known kind."""
    uniform, rim = rng.uniform(size=8), lesion.kind == "rim"
    low, high = params.rim_completeness if rim else (0.10, 0.35)
    core = {
        "solid": (15, 45),
        "rim": (0, 25),
        "arc": (0, 25),
        "isointense": (-5, 8),
        "hypointense": (-20, -10),
    }
    bottom, top = core[lesion.kind]
    height = float(np.clip(params.rim_ppb * np.exp(rng.normal(0, 0.35)), *params.rim_ppb_range))
    core_ppb = bottom + (top - bottom) * uniform[0]
    thin, thick = params.rim_thickness_mm
    return replace(
        lesion,
        rim_ppb=height if lesion.kind in ("rim", "arc") else 0.0,
        core_ppb=float(max(0.0, min(core_ppb, height - 27)) if rim else core_ppb),
        thickness=float(thin + (thick - thin) * uniform[1]),
        coverage=float(low + (high - low) * uniform[2]),
        flair=float(params.flair_contrast * (0.65 + 0.7 * uniform[3])),
        t1=float(-0.20 - 0.22 * uniform[4] - (0.06 if rim else 0.0)),
        vein=bool(uniform[5] < params.central_vein),
    )


def _frame(direction: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A rotation matrix whose first row is along `direction`."""
    first = direction / np.linalg.norm(direction)
    second = np.cross(first, rng.normal(size=3))
    second /= np.linalg.norm(second)
    return np.stack([first, second, np.cross(first, second)])
