"""Which lesions a person has: how many, which flow together, what became of them, and which have rims."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from radiorim.phantom.anatomy import Anatomy
from radiorim.phantom.lesions import Lesion
from radiorim.phantom.parameters import Params
from radiorim.phantom.places import Places
from radiorim.phantom.shapes import draw_group

__all__ = ["draw_lesions"]

_MOST_VANISHING_MM3 = 200.0
"""Only small lesions heal without a trace within a year."""


@dataclass(frozen=True)
class _Course:
    """What the lesions of one person share: how many are old and new, how large, how often with a rim."""

    old: int
    new: int
    load: float
    rim_rate: float

    @classmethod
    def draw(cls, params: Params, rng: np.random.Generator) -> _Course:
        """Old lesions: negative binomial as gamma-mixed Poisson. Rims cluster in people: beta."""
        spread = max(params.lesions_sd**2 - params.lesions_mean, 1.0)
        shape = params.lesions_mean**2 / spread
        old = int(rng.poisson(rng.gamma(shape, params.lesions_mean / shape)))
        none, more = rng.random() < params.without_new, rng.poisson(max(0.0, params.new_mean - 1))
        rate = rng.beta(params.rim_spread, params.rim_spread * (1 / params.rim_share - 1))
        load = float(np.exp(rng.normal(0, params.load_log_sd)))
        return cls(max(params.lesions_least, old), 0 if none else 1 + int(more), load, float(rate))


def draw_lesions(anatomy: Anatomy, params: Params, rng: np.random.Generator) -> list[Lesion]:
    """A person's lesions: old before new, vanished ones last, large before small.

    The earlier one owns shared voxels. Each lesion has a seed of its own, so that the same person has the
    same lesions at each level of difficulty.
    """
    course, places = _Course.draw(params, rng), Places.of(anatomy)
    count = course.old + course.new
    seeds = rng.integers(2**62, size=(count, 2))
    lesions: list[Lesion] = []
    for cluster, (first, last) in enumerate(_groups(count, params, rng), start=1):
        group = draw_group(
            places, params, course.load, seeds[first:last, 0], cluster=cluster if last > first + 1 else 0
        )
        rngs = [np.random.default_rng(int(seed)) for seed in seeds[first:last, 1]]
        group = [_changed(lesion, params, own) for lesion, own in zip(group, rngs, strict=True)]
        kinds = _kinds(group, params, course.rim_rate, rngs)
        lesions += [
            _character(replace(lesion, kind=kind), params, own)
            for lesion, kind, own in zip(group, kinds, rngs, strict=True)
        ]
    lesions = _with_new(lesions, course.new, params.new_least_mm3, rng)
    order = {"new": 1, "vanished": 2}
    return sorted(lesions, key=lambda lesion: (order.get(lesion.change, 0), -lesion.volume_mm3))


def _groups(count: int, params: Params, rng: np.random.Generator) -> list[tuple[int, int]]:
    """First and last + 1 of each group: one lesion, or 2 to 4 so that `clustered` of all are in groups."""
    chance = params.clustered / (3 - 2 * params.clustered)
    groups, first = [], 0
    while first < count:
        size = int(rng.integers(2, 5)) if rng.random() < chance else 1
        groups.append((first, min(first + size, count)))
        first += size
    return groups


def _with_new(lesions: list[Lesion], new: int, least_mm3: float, rng: np.random.Generator) -> list[Lesion]:
    """Some of them turned into new ones, in a group or alone; a rim takes longer than a year to form."""
    fit = [i for i, lesion in enumerate(lesions) if lesion.kind != "rim" and lesion.volume_mm3 >= least_mm3]
    chosen = set(rng.permutation(fit)[:new].tolist())
    return [
        replace(lesion, before=0.0, now=1.0) if number in chosen else lesion
        for number, lesion in enumerate(lesions)
    ]


def _changed(lesion: Lesion, params: Params, rng: np.random.Generator) -> Lesion:
    """An old lesion, grown, shrunken, vanished or as it was."""
    chance, small, large = rng.random(), rng.uniform(0.55, 0.8), rng.uniform(1.15, 1.35)
    if chance < params.enlarged:
        return replace(lesion, before=float(small))
    if chance < params.enlarged + params.shrunken:
        return replace(lesion, before=float(large))
    gone = chance > 1 - params.vanished and lesion.volume_mm3 < _MOST_VANISHING_MM3
    return replace(lesion, now=0.0) if gone else lesion


def _kinds(
    group: list[Lesion], params: Params, rim_rate: float, rngs: list[np.random.Generator]
) -> list[str]:
    """What each lesion of a group is on a susceptibility map.

    A mixed group has one rim, on its largest lesion (it is cut least); people with more rims have more mixed
    groups.
    """
    draws = [rng.random(3) for rng in rngs]
    kinds = [_kind(lesion, params, rim_rate, draw) for lesion, draw in zip(group, draws, strict=True)]
    if len(group) == 1:
        return kinds
    # The size of a size-matched lesion must say nothing: there it is the first one, whatever its size.
    large = range(1) if params.size_matched else range(len(group))
    carrier = max(large, key=lambda i: group[i].volume_mm3)
    mixed = draws[0][2] < params.mixed * min(2.0, rim_rate / params.rim_share)
    if mixed and group[carrier].volume_mm3 >= params.rim_least_mm3:
        others = [_kind(lesion, params, 0.0, draw) for lesion, draw in zip(group, draws, strict=True)]
        return ["rim" if i == carrier else kind for i, kind in enumerate(others)]
    return kinds


def _kind(lesion: Lesion, params: Params, rim_rate: float, draw: np.ndarray) -> str:
    chance, which = draw[:2]
    # Rims are seldom seen on small lesions; among the large ones the chance rises with the radius.
    radius = (lesion.volume_mm3 * 3 / 4 / np.pi) ** (1 / 3)
    weight = (lesion.volume_mm3 >= params.rim_least_mm3) * radius / (0.57 * params.diameter_mm)
    if chance < rim_rate * (1 if params.size_matched else weight):
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
    height = params.draw_rim_ppb(rng)
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
