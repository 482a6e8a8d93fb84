"""One person's gradient echo: magnitude, phase as scanners give it, and QSM by the whole pipeline."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from radiorim.phantom.anatomy import Anatomy
from radiorim.phantom.gre import Echo, gradient_echo
from radiorim.phantom.phase import homodyne, local_field, steady
from radiorim.phantom.qsm import Reconstruction, box_of

__all__ = ["Echoes", "scan"]

_PHASE_STEPS, _GAIN = 4096, 1000
"""Whole numbers that scanners store: phase steps in a turn, magnitude units for a signal of 1."""


@dataclass(frozen=True, eq=False)
class Echoes:
    """Images on one grid: `magnitude` (uint16), `wrapped` and `highpass` phase in rad, `chi` in ppb (0
    outside where phase is steady), and the true `field` of the brain in ppb (0 outside it).
    """

    magnitude: np.ndarray
    wrapped: np.ndarray
    highpass: np.ndarray
    chi: np.ndarray
    field: np.ndarray


def scan(
    chi: np.ndarray, lesions: np.ndarray, anatomy: Anatomy, echo: Echo, rng: np.random.Generator
) -> Echoes:
    """Scan a true map (ppb) and reconstruct it; `lesions` is what lesions add to FLAIR."""
    spacing = anatomy.grid.spacing
    magnitude, phase, field = gradient_echo(chi, lesions, anatomy, echo, rng)
    step = np.float32(2 * np.pi / _PHASE_STEPS)
    wrapped = np.rint(phase / step) * step
    brain = anatomy.brain
    box = box_of(brain, margin=2)
    highpass, qsm = np.zeros_like(wrapped), np.zeros_like(wrapped)
    highpass[box] = np.rint(homodyne(magnitude[box], wrapped[box], spacing) / step) * step
    mask = brain[box] & steady(wrapped[box])
    local, known = local_field(wrapped[box], mask, spacing)
    image = Reconstruction(echo.snr, direction=echo.direction).invert(local / echo.rad_per_ppb, spacing)
    qsm[box] = np.where(known, image, 0)
    units = np.clip(np.rint(magnitude * _GAIN), 0, 65535).astype(np.uint16)
    return Echoes(units, wrapped, highpass, qsm, field)
