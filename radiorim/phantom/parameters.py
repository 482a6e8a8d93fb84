"""Every number of the phantom in one place, and what the levels of difficulty do to them."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from radiorim.errors import UnknownName, UsageError

if TYPE_CHECKING:
    import numpy as np

__all__ = ["CONTRASTS", "DIFFICULTIES", "Params"]

DIFFICULTIES = {"easy": 0.0, "medium": 0.5, "hard": 1.0}
"""The named levels of difficulty as numbers; any number from 0 to 1 may stand in their place."""


CONTRASTS = ("flair", "t1", "chi")
"""What can be scanned. The FLAIR pair is always made; without `chi` no susceptibility scan is."""


@dataclass(frozen=True)
class Params:
    """What a cohort is made of. Lengths in mm, susceptibilities in ppb relative to CSF.

    Sources of the susceptibilities, rim geometry, sizes and counts: Chen 2014 (Radiology 271:183), Hemond
    2022 (AJR), Liu 2015 (J Magn Reson Imaging 42:224). Rims are more frequent here than in life (5-10 %
    of lesions). The defaults are the medium level; `at` gives the others.
    """

    spacing_mm: float = 1.0
    cropped_mm: float = 0.0
    size_matched: bool = False
    contrasts: tuple[str, ...] = CONTRASTS
    sites: int = 1
    site_spread: float = 1.0
    thick_slices: bool = False
    # lesions
    lesions_mean: float = 27.0
    lesions_sd: float = 20.0
    lesions_least: int = 3
    zones: tuple[float, float, float, float] = (0.55, 0.17, 0.22, 0.06)
    diameter_mm: float = 4.3
    diameter_log_sd: float = 0.50
    diameter_range_mm: tuple[float, float] = (2.6, 25.0)
    load_log_sd: float = 0.2
    matched_mm: float = 11.0
    matched_log_sd: float = 0.24
    matched_range_mm: tuple[float, float] = (8.5, 18.0)
    caps: float = 0.35
    clustered: float = 0.26
    mixed: float = 0.5
    enlarged: float = 0.12
    shrunken: float = 0.08
    vanished: float = 0.05
    without_new: float = 0.30
    new_mean: float = 2.5
    new_least_mm3: float = 30.0
    # rims
    rim_share: float = 0.24
    rim_spread: float = 2.0
    rim_least_mm3: float = 75.0
    rim_ppb: float = 42.0
    rim_log_sd: float = 0.35
    rim_ppb_range: tuple[float, float] = (20.0, 100.0)
    rim_thickness_mm: tuple[float, float] = (1.0, 2.0)
    rim_completeness: tuple[float, float] = (0.7, 1.0)
    label_contrast_ppb: float = 15.0
    reader_misses: float = 0.10
    reader_invents: float = 0.02
    mimic_share: float = 0.50
    central_vein: float = 0.5
    vein_beside: float = 0.4
    vein_ppb: float = 130.0
    # scans
    atrophy_mm: float = 0.25
    flair_contrast: float = 0.46
    flair_gm: float = 1.14
    t1_gm: float = 0.70
    fat: float = 0.6
    blur_mm: float = 0.45
    flair_snr: float = 26.0
    t1_snr: float = 24.0
    phase_snr: float = 20.0
    gre: bool = False
    echo_ms: float = 25.0
    tesla: float = 3.0
    b0_direction: tuple[float, float, float] = (0.0, 0.0, 1.0)
    bias: float = 0.12
    motion_mm: float = 3.0
    motion_degrees: float = 3.0
    mask_jitter: float = 1.3
    rater_jitter: float = 1.0
    rater_misses: float = 0.45
    rater_false: float = 0.08

    def at(self, difficulty: str | float) -> Params:
        """These parameters at a level of difficulty: a name of `DIFFICULTIES` or a number from 0 to 1.

        Rising difficulty lowers rims, their completeness and the contrast of new lesions, adds mimics, noise,
        bias and errors of the given masks. Raises `UsageError` for another name or number.
        """
        hard = _number(difficulty) - 0.5
        return replace(
            self,
            rim_ppb=self.rim_ppb * (1 - 0.4 * hard),
            rim_completeness=(min(0.95, self.rim_completeness[0] - 0.25 * hard), self.rim_completeness[1]),
            mimic_share=self.mimic_share + 0.3 * hard,
            central_vein=max(0.0, self.central_vein + 0.4 * hard),
            vein_beside=max(0.0, self.vein_beside + 0.4 * hard),
            flair_contrast=self.flair_contrast * (1 - 0.4 * hard),
            flair_snr=self.flair_snr * (1 - 0.7 * hard),
            t1_snr=self.t1_snr * (1 - 0.5 * hard),
            phase_snr=self.phase_snr * (1 - 1.0 * hard),
            bias=self.bias * (1 + 0.8 * hard),
            mask_jitter=self.mask_jitter * (1 + 1.2 * hard),
        )

    def draw_rim_ppb(self, rng: np.random.Generator) -> float:
        """How far above the tissue around it one rim is: log-normal, cut to `rim_ppb_range`."""
        height = self.rim_ppb * math.exp(rng.normal(0, self.rim_log_sd))
        return min(max(height, self.rim_ppb_range[0]), self.rim_ppb_range[1])

    def as_in_life(self) -> Params:
        """With rims as rare as in patients: 5-10 % of lesions, and half of the people without any.

        The default has more, because a method cannot be ranked on a handful of rims.
        """
        return replace(self, rim_share=0.11, rim_spread=0.35)

    def small(self) -> Params:
        """A variant for tests: 2 mm voxels, less air around, fewer and larger lesions, rims thick and
        high enough for these.

        Fewer mimics and better masks too: a handful of people must show that something was learned.
        """
        return replace(
            self,
            spacing_mm=2.0,
            cropped_mm=7.0,
            lesions_mean=12.0,
            lesions_sd=4.0,
            diameter_mm=15.0,
            diameter_log_sd=0.2,
            load_log_sd=0.0,
            caps=0.0,
            rim_share=0.35,
            # A handful of people has to do: hardly anyone without a rim.
            rim_spread=12.0,
            rim_ppb=1.533 * self.rim_ppb,
            rim_ppb_range=(self.rim_ppb_range[0], 1.4 * self.rim_ppb_range[1]),
            rim_completeness=(min(0.95, self.rim_completeness[0] + 0.25), 1.0),
            rim_thickness_mm=(2.0, 2.8),
            mimic_share=self.mimic_share - 0.1,
            mask_jitter=self.mask_jitter / 1.3,
        )


def _number(difficulty: str | float) -> float:
    if isinstance(difficulty, str):
        if difficulty not in DIFFICULTIES:
            raise UnknownName("difficulty", difficulty, DIFFICULTIES)
        return DIFFICULTIES[difficulty]
    if not 0 <= difficulty <= 1:
        raise UsageError(f"difficulty is a number from 0 (easy) to 1 (hard), not {difficulty}.")
    return float(difficulty)
