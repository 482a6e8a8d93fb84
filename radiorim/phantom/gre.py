"""A gradient echo from a susceptibility map: field of brain and air, R2*, dephasing, complex noise."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from radiorim.phantom.anatomy import HEAD_MM, Anatomy
from radiorim.phantom.qsm import box_of, dipole_field
from radiorim.phantom.susceptibility import tissue_ppb

__all__ = ["Echo", "background_field", "gradient_echo", "shim"]

AIR_PPB = 9400.0
"""Susceptibility of air over that of tissue."""

_PROTON_HZ_PER_TESLA = 42.577478e6

_AIR_CELLS = (
    ((0, 20, -34), (12, 11, 9)),
    ((0, 50, -40), (11, 20, 14)),
    ((0, 74, -14), (20, 8, 12)),
    ((50, -34, -40), (8, 12, 10)),
    ((-50, -34, -40), (8, 12, 10)),
)
"""Sphenoid sinus, nose, frontal sinus and the ear's air cells: centre and semi-axes, MNI mm."""

_R2STAR = {"gm": 16.0, "wm": 20.0, "csf": 1.5}
"""1/s at 3 T without iron."""

_R2STAR_PER_PPB = 0.12
"""1/s that 1 ppb of iron adds at 3 T."""

_DENSITY = {"gm": 1.0, "wm": 0.86, "csf": 1.05}
"""Signal at echo time 0, CSF bright as at a low flip angle."""


@dataclass(frozen=True)
class Echo:
    """One echo: time, main field, its direction along the image axes, and the signal-to-noise ratio of white
    matter's magnitude, so that the phase noise there has sd 1 / SNR.
    """

    time_ms: float = 25.0
    tesla: float = 3.0
    direction: tuple[float, float, float] = (0.0, 0.0, 1.0)
    snr: float = 28.0

    @property
    def rad_per_ppb(self) -> float:
        """Phase of a field of 1 ppb: `2 pi gamma B0 TE`."""
        return 2 * np.pi * _PROTON_HZ_PER_TESLA * self.tesla * 1e-9 * self.time_ms / 1000


def gradient_echo(
    chi: np.ndarray, lesions: np.ndarray, anatomy: Anatomy, echo: Echo, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Magnitude (white matter at echo time 0 is 0.86), wrapped phase in rad and the local field in ppb.

    `chi` is the true map in ppb, `lesions` what lesions add to FLAIR (a little of it shows here). The local
    field is the brain's own, without air, shim and noise.
    """
    field, box = np.zeros(chi.shape, np.float32), box_of(anatomy.brain, margin=2)
    field[box] = dipole_field(chi[box], anatomy.grid.spacing, direction=echo.direction)
    around = background_field(anatomy, echo.direction)
    # The coil's own phase: any constant and a ramp of up to a turn over the head.
    ramp = np.tensordot(rng.uniform(-np.pi, np.pi, 3) / 180, anatomy.lattice.coordinates_mm(), axes=1)
    phase = _sampled(echo.rad_per_ppb * around + ramp + rng.uniform(-np.pi, np.pi), anatomy)
    phase += np.float32(echo.rad_per_ppb) * field
    magnitude = _decayed(chi, lesions, anatomy, echo)
    magnitude *= anatomy.lattice.upsample(_dephasing(around, anatomy, echo))
    sd = np.float32(_typical(echo) / echo.snr)
    real = magnitude * np.cos(phase)
    real += sd * rng.standard_normal(real.shape, dtype=np.float32)
    imaginary = magnitude * np.sin(phase)
    imaginary += sd * rng.standard_normal(real.shape, dtype=np.float32)
    return np.hypot(real, imaginary), np.arctan2(imaginary, real), field


def background_field(anatomy: Anatomy, direction: tuple[float, float, float]) -> np.ndarray:
    """The field of the air around and inside the head after shimming, ppb, on the lattice.

    It is harmonic inside the brain. The head's tissue takes the place of the air (they differ by a constant),
    so that padding with nothing is right; the neck goes on below the box.
    """
    lattice, knots = anatomy.lattice, anatomy.lattice.knots
    below = 12
    tissue = np.pad(_tissue_share(anatomy), ((0, 0), (0, 0), (below, 0)), mode="edge")
    # As much again on each axis keeps the head's copies, which a discrete transform implies, away.
    wide = np.pad(-AIR_PPB * tissue, [(0, n) for n in knots])
    field = dipole_field(wide, (lattice.step_mm,) * 3, direction=direction)
    field = field[: knots[0], : knots[1], below : below + knots[2]]
    inside = anatomy.surface_at_knots_mm < 0
    return shim(field, anatomy.lattice.coordinates_mm(), inside)


def _sampled(values: np.ndarray, anatomy: Anatomy) -> np.ndarray:
    """The lattice's values on the grid, exact at the knots: smoothed, a field would not stay harmonic."""
    from scipy import ndimage

    return anatomy.lattice.upsample(ndimage.spline_filter(values, order=3))


def shim(field: np.ndarray, place_mm: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """The field minus the harmonic polynomial of second order that fits it best `inside`.

    A scanner's shim coils can make these and no others: they lie outside the head.
    """
    x, y, z = (part.astype(np.float32) / 100 for part in place_mm)
    bowl = z * z - (x * x + y * y) / 2
    terms = np.stack([np.ones_like(x), x, y, z, bowl, x * x - y * y, x * y, x * z, y * z])
    best, *_ = np.linalg.lstsq(terms[:, inside].T, field[inside], rcond=None)
    return (field - np.tensordot(best.astype(np.float32), terms, axes=1)).astype(np.float32)


def _tissue_share(anatomy: Anatomy) -> np.ndarray:
    """1 in the head, 0 in air, soft over one knot; face and neck below the brain count as tissue."""
    from scipy import ndimage

    x, y, z = anatomy.mni_mm
    step, surface_mm = anatomy.lattice.step_mm, anatomy.surface_at_knots_mm
    head = np.clip((HEAD_MM - surface_mm) / step + 0.5, 0, 1)
    body_mm = 60 * (1 - np.hypot(x / 58, (y - 5) / 85))
    head = np.maximum(head, np.clip(body_mm / step + 0.5, 0, 1) * (z < -25))
    outside_brain = np.clip((surface_mm - 3) / step, 0, 1)
    for centre, axes in _AIR_CELLS:
        offset = [(p - c) / a for p, c, a in zip((x, y, z), centre, axes, strict=True)]
        depth_mm = (1 - np.sqrt(sum(o * o for o in offset))) * min(axes)
        head = head - np.clip(depth_mm / step + 0.5, 0, 1) * outside_brain * head
    return ndimage.gaussian_filter(head.astype(np.float32), 0.7)


def _dephasing(field: np.ndarray, anatomy: Anatomy, echo: Echo) -> np.ndarray:
    """Share of the signal left where the field changes within a voxel: a sinc of the phase across it."""
    left = np.ones(field.shape, np.float32)
    for slope in np.gradient(field, anatomy.lattice.step_mm):
        left *= np.sinc(echo.rad_per_ppb * slope * anatomy.lattice.spacing_mm / (2 * np.pi))
    return np.maximum(left, 0)


def _decayed(chi: np.ndarray, lesions: np.ndarray, anatomy: Anatomy, echo: Echo) -> np.ndarray:
    """Magnitude without noise: density times `exp(-TE R2*)`, R2* rising with iron and with the main field."""
    gm, wm, csf = anatomy.tissues
    iron = np.maximum(chi - tissue_ppb(anatomy), 0)
    rate = _R2STAR["gm"] * gm + _R2STAR["wm"] * wm + _R2STAR["csf"] * csf + _R2STAR_PER_PPB * iron
    rate *= np.float32(-echo.tesla / 3 * echo.time_ms / 1000)
    density = _DENSITY["gm"] * gm + _DENSITY["wm"] * wm + _DENSITY["csf"] * csf + 0.35 * lesions
    return density * np.exp(rate, out=rate) + _scalp(anatomy)


def _scalp(anatomy: Anatomy) -> np.ndarray:
    """Skin and fat as a bright band; bone and air give nothing."""
    band = np.clip(np.minimum(anatomy.surface_mm - 6.5, HEAD_MM - 1 - anatomy.surface_mm), 0, 1)
    return np.float32(0.5) * band


def _typical(echo: Echo) -> float:
    return _DENSITY["wm"] * float(np.exp(-echo.tesla / 3 * echo.time_ms / 1000 * _R2STAR["wm"]))
