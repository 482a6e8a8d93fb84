"""Two FLAIR visits, made comparable voxel by voxel in the space half way between them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from radiorim.case import Case
from radiorim.errors import UnknownName
from radiorim.prepare._run import step
from radiorim.prepare._space import VISITS
from radiorim.prepare.bias import differential_bias
from radiorim.prepare.halfway import HalfWay
from radiorim.prepare.normalise import MATCHINGS, SCALES, brain_scale, match

__all__ = ["HalfWayPair", "PairIntensities"]


@dataclass(frozen=True)
class PairIntensities:
    """The last part of `HalfWayPair`: intensities of visits that lie on one grid."""

    differential_bias: bool
    match: str
    scale: str

    def __post_init__(self) -> None:
        if self.match not in MATCHINGS:
            raise UnknownName("intensity matching", self.match, MATCHINGS)
        if self.scale not in SCALES:
            raise UnknownName("scale", self.scale, SCALES)

    def __call__(self, case: Case) -> Case:
        """The case with both visits on one scale."""
        with step("intensities"):
            first, second, brain = case.image("flair0"), case.image("flair"), case.mask("brain")
            if self.differential_bias:
                first, second = differential_bias(first, second, brain)
            first = match(first, second, brain, method=self.match)
            centre, unit = brain_scale(second, brain, self.scale)
            made = {
                name: volume.like(((volume.data - centre) / unit).astype(np.float32))
                for name, volume in zip(VISITS, (first, second), strict=True)
            }
        others = {name: case.images[name] for name in case.images if name not in VISITS}
        return case.with_(images={**made, **others})


@dataclass(frozen=True)
class HalfWayPair:
    """Prepare raw `flair0` (baseline) and `flair` (follow-up): N4, registration, half-way grid, intensities.

    Each scan is resampled once, linearly, onto an isotropic grid of `spacing_mm` along the RAS axes half way
    between the visits, so that interpolation blurs both alike. With `registered` the scans are taken to be
    on one grid already (which is checked) and nothing is registered or resampled. Intensities: differential
    bias, then the matching `match` of baseline to follow-up, then one `scale` of the follow-up's brain for
    both: "zscore", or "median" for finders that need positive values (`Ratio`).

    A mask "brain" on the follow-up's grid is used as it is; without one each visit gets its own (`brain`:
    "otsu" or "deepbet"), and their union counts, less what lies outside the atlas (`limited_brain`). `also`
    names further images that share the follow-up's world space (t1, chi): they are brought along (linear)
    with their own intensities; images not named are left behind, with a note.
    """

    spacing_mm: float = 1.0
    transform: str = "affine"
    n4: bool = True
    differential_bias: bool = True
    match: str = "rma"
    scale: str = "zscore"
    also: tuple[str, ...] = ()
    registered: bool = False
    min_ncc: float = 0.7
    brain: str = "otsu"

    def __post_init__(self) -> None:
        # Each part refuses what it does not know: when a recipe is written, not when it runs.
        _ = self.steps

    @property
    def steps(self) -> tuple[HalfWay, PairIntensities]:
        """Registration, which takes long, and intensities; recipes that differ in these share the first."""
        where = HalfWay(
            self.spacing_mm, self.transform, self.n4, self.also, self.registered, self.min_ncc, self.brain
        )
        return where, PairIntensities(self.differential_bias, self.match, self.scale)

    def smoke(self) -> HalfWayPair:
        """A grid of at least 1 mm: half of that is eight times the work for a network."""
        return replace(self, spacing_mm=max(self.spacing_mm, 1.0))

    def __call__(self, case: Case) -> Case:
        """The case on its half-way grid, with `placement`, masks["brain"], `quality` and notes.

        quality: ncc_before, ncc_after, shift_mm, rotation_deg, scale_percent, brain_ml, and atlas_ncc where a
        mask was made. `halfway_matrices` gives the transforms of both visits. Raises `DataError` for scans
        that cannot be used or registered.
        """
        for part in self.steps:
            case = part(case)
        return case
