"""From susceptibility to the field it makes, and back: the dipole kernel and a closed-form inversion."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

__all__ = ["PHASE_PER_PPB", "Box", "Reconstruction", "box_of", "dipole_field", "dipole_kernel", "qsm_image"]

PHASE_PER_PPB = 2 * np.pi * 127.74e6 * 1e-9 * 0.025
"""Phase in rad at 3 T and an echo time of 25 ms for a field of 1 ppb."""

Box = tuple[slice, slice, slice]

_MARGIN = 12
"""Voxels added to each axis: the discrete Fourier transform repeats space."""


def dipole_kernel(
    shape: tuple[int, int, int],
    spacing_mm: Sequence[float],
    direction: Sequence[float] = (0, 0, 1),
) -> np.ndarray:
    """The unit dipole in k-space, `D(k) = 1/3 - (k.b)^2 / |k|^2`, D(0) = 0, for `rfftn` arrays.

    `b` is the direction of the main field along the array axes. Source: Liu 2012, IEEE Trans Med Imaging
    31:816.
    """
    from scipy import fft

    k = [fft.fftfreq(n, d).astype(np.float32) for n, d in zip(shape[:2], spacing_mm[:2], strict=True)]
    k.append(fft.rfftfreq(shape[2], spacing_mm[2]).astype(np.float32))
    x, y, z = np.meshgrid(*k, indexing="ij", sparse=True)
    unit = np.asarray(direction, dtype=np.float32) / np.float32(np.linalg.norm(direction))
    square = x * x + y * y + z * z
    square[0, 0, 0] = 1
    kernel = np.float32(1 / 3) - (x * unit[0] + y * unit[1] + z * unit[2]) ** 2 / square
    kernel[0, 0, 0] = 0
    return kernel


def dipole_field(
    chi: np.ndarray, spacing_mm: Sequence[float], *, direction: Sequence[float] = (0, 0, 1)
) -> np.ndarray:
    """The relative field change of a susceptibility map (same unit), Lorentz sphere removed."""
    from scipy import fft

    shape = _padded(chi.shape)
    spectrum = fft.rfftn(np.asarray(chi, dtype=np.float32), shape)
    spectrum *= dipole_kernel(shape, spacing_mm, direction)
    return _cut(fft.irfftn(spectrum, shape), chi.shape)


@dataclass(frozen=True)
class Reconstruction:
    """A QSM scan: signal to noise of the magnitude and the weight of the gradient penalty, in mm^2.

    The inversion minimises `|D chi - field|^2 + weight |grad chi|^2`, whose solution in k-space is
    `D field / (D^2 + weight (2 pi k)^2)`. Larger weights mean fewer streaks and lower, smoother rims.
    """

    phase_snr: float
    weight: float = 0.006
    direction: tuple[float, float, float] = (0.0, 0.0, 1.0)

    def invert(self, field: np.ndarray, spacing_mm: Sequence[float]) -> np.ndarray:
        """The susceptibility map that explains a field."""
        from scipy import fft

        shape = _padded(field.shape)
        kernel = dipole_kernel(shape, spacing_mm, self.direction)
        square = 0
        for axis, (n, d) in enumerate(zip(shape, spacing_mm, strict=True)):
            k = (fft.rfftfreq if axis == 2 else fft.fftfreq)(n, d).astype(np.float32)
            square = square + (2 * np.pi * k.reshape([-1 if a == axis else 1 for a in range(3)])) ** 2
        square[0, 0, 0] = 1
        spectrum = fft.rfftn(np.asarray(field, dtype=np.float32), shape)
        spectrum *= kernel / (kernel * kernel + np.float32(self.weight) * square)
        return _cut(fft.irfftn(spectrum, shape), field.shape)


def qsm_image(
    chi: np.ndarray,
    mask: np.ndarray,
    spacing_mm: Sequence[float],
    scan: Reconstruction,
    rng: np.random.Generator,
) -> np.ndarray:
    """What a QSM pipeline would give for a true map in ppb: forward field, phase noise, inversion, inside
    `mask`.

    Phase noise has sd 1 / SNR. The background field of air and its removal are not simulated.
    """
    noise_ppb = 1 / scan.phase_snr / PHASE_PER_PPB
    image = np.zeros(chi.shape, np.float32)
    box = box_of(mask)
    field = dipole_field(chi[box], spacing_mm, direction=scan.direction)
    field += noise_ppb * rng.standard_normal(field.shape, dtype=np.float32)
    image[box] = np.where(mask[box], scan.invert(np.where(mask[box], field, 0), spacing_mm), 0)
    return image


def box_of(mask: np.ndarray, *, margin: int = 0) -> Box:
    """The smallest box that holds a mask, and `margin` voxels more where the grid has them."""
    box = []
    for axis in range(3):
        there = np.flatnonzero(mask.any(axis=tuple(a for a in range(3) if a != axis)))
        low, high = (int(there[0]), int(there[-1]) + 1) if there.size else (0, 0)
        box.append(slice(max(0, low - margin), min(mask.shape[axis], high + margin)))
    return tuple(box)


def _padded(shape: tuple[int, ...]) -> tuple[int, int, int]:
    from scipy import fft

    return tuple(fft.next_fast_len(n + _MARGIN, real=True) for n in shape)


def _cut(data: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    return data[: shape[0], : shape[1], : shape[2]]
