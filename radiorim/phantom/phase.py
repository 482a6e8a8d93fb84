"""What a scanner and a QSM pipeline make of wrapped phase: high-pass phase, and the brain's own field."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

__all__ = ["homodyne", "local_field", "steady"]

_CUTOFF_PER_MM = 0.125
"""The central 64 lines of 256 at 1 mm."""


def homodyne(magnitude: np.ndarray, phase: np.ndarray, spacing_mm: Sequence[float]) -> np.ndarray:
    """High-pass phase in rad: the phase left after dividing by the image of central k-space, slice by slice.

    As scanners do for susceptibility-weighted imaging: a Hann window up to 0.125 cycles per mm in plane.
    """
    from scipy import fft

    signal = magnitude * np.exp(1j * phase.astype(np.complex64))
    smooth = fft.fft2(signal, axes=(0, 1))
    for axis in (0, 1):
        k = np.abs(fft.fftfreq(signal.shape[axis], spacing_mm[axis])) / _CUTOFF_PER_MM
        window = np.where(k < 1, 0.5 + 0.5 * np.cos(np.pi * k), 0).astype(np.float32)
        smooth *= window.reshape([-1 if a == axis else 1 for a in range(3)])
    smooth = fft.ifft2(smooth, axes=(0, 1), overwrite_x=True)
    return np.angle(signal * np.conj(smooth))


def local_field(
    phase: np.ndarray,
    mask: np.ndarray,
    spacing_mm: Sequence[float],
    *,
    radii_mm: Sequence[float] = (8.0, 4.0, 2.0),
) -> tuple[np.ndarray, np.ndarray]:
    """The brain's own field in rad from wrapped phase, and the mask where it is known.

    Laplacian unwrapping, then V-SHARP: what a spherical mean leaves unchanged comes from outside and goes;
    the largest sphere that fits inside the mask is taken, and the mask loses the smallest. Radii below 1.5
    voxels become that. Sources: Schofield & Zhu 2003, Opt Lett 28:1194; Wu 2012, Magn Reson Med 67:137.
    """
    from scipy import fft

    radii = sorted({max(r, 1.5 * max(spacing_mm)) for r in radii_mm}, reverse=True)
    shape = tuple(fft.next_fast_len(n + int(radii[0] / d) + 2, real=True) for n, d in zip(
        phase.shape, spacing_mm, strict=True))  # fmt: skip
    unwrapped = fft.rfftn(_laplacian(phase, mask, spacing_mm), shape) / _eigenvalues(shape, spacing_mm)
    inside = fft.rfftn(mask.astype(np.float32), shape)
    field = np.zeros(phase.shape, np.float32)
    known = np.zeros(phase.shape, dtype=bool)
    for radius in radii:
        rest = _without_mean(shape, spacing_mm, radius)
        fits = mask & ~known & (_back(inside * rest, shape, phase.shape) < 0.01)
        field[fits] = _back(unwrapped * rest, shape, phase.shape)[fits]
        known |= fits
    rest = _without_mean(shape, spacing_mm, radii[0])
    whole = fft.rfftn(field, shape) * np.where(rest > 0.05, 1 / np.maximum(rest, 0.05), 0)
    return np.where(known, _back(whole, shape, phase.shape), 0), known


def steady(phase: np.ndarray, *, limit: float = 1.5) -> np.ndarray:
    """Where phase changes by less than `limit` rad from voxel to voxel, most of each 3 x 3 x 3 considered.

    Beyond pi a difference wraps unseen, and one such place sends its error through the whole brain.
    """
    from scipy import ndimage

    steep = np.zeros(phase.shape, np.float32)
    for axis in range(3):
        first = tuple(slice(None, -1) if a == axis else slice(None) for a in range(3))
        steep[first][abs(_wrapped(np.diff(phase, axis=axis))) > limit] = 1
    return ndimage.uniform_filter(steep, 3) < 0.3


def _wrapped(angle: np.ndarray) -> np.ndarray:
    return angle - np.float32(2 * np.pi) * np.rint(angle / np.float32(2 * np.pi))


def _laplacian(phase: np.ndarray, mask: np.ndarray, spacing_mm: Sequence[float]) -> np.ndarray:
    """Sum of wrapped differences to the six neighbours, 0 where one of them lies outside the mask."""
    total = np.zeros(phase.shape, np.float32)
    whole = mask.copy()
    for axis, step in enumerate(spacing_mm):
        ahead = _wrapped(np.diff(phase, axis=axis)) / np.float32(step**2)
        first, last = (tuple(s if a == axis else slice(None) for a in range(3)) for s in (
            slice(None, -1), slice(1, None)))  # fmt: skip
        total[first] += ahead
        total[last] -= ahead
        whole[first] &= mask[last]
        whole[last] &= mask[first]
    return total * whole


def _eigenvalues(shape: tuple[int, int, int], spacing_mm: Sequence[float]) -> np.ndarray:
    """Of the same sum in k-space; 1 instead of 0 for the constant, which no Laplacian can see."""
    total = np.zeros((), np.float32)
    for k, step in zip(_frequencies(shape, spacing_mm), spacing_mm, strict=True):
        total = total + (2 * np.cos(2 * np.pi * k * step) - 2) / np.float32(step**2)
    total[0, 0, 0] = 1
    return total


def _without_mean(shape: tuple[int, int, int], spacing_mm: Sequence[float], radius_mm: float) -> np.ndarray:
    """What taking away the mean of a sphere leaves, in k-space: `1 - 3 (sin x - x cos x) / x^3`.

    `x = 2 pi k r`, in double precision: at low frequencies, where the background is, little is left of 1.
    """
    square = sum(k.astype(float) ** 2 for k in _frequencies(shape, spacing_mm))
    x = np.maximum(2 * np.pi * radius_mm * np.sqrt(square), 1e-3)
    return (1 - 3 * (np.sin(x) - x * np.cos(x)) / x**3).astype(np.float32)


def _frequencies(shape: tuple[int, int, int], spacing_mm: Sequence[float]) -> list[np.ndarray]:
    """Cycles per mm along each axis for `rfftn` arrays, for broadcasting."""
    from scipy import fft

    found = []
    for axis, (n, d) in enumerate(zip(shape, spacing_mm, strict=True)):
        k = (fft.rfftfreq if axis == 2 else fft.fftfreq)(n, d).astype(np.float32)
        found.append(k.reshape([-1 if a == axis else 1 for a in range(3)]))
    return found


def _back(spectrum: np.ndarray, shape: tuple[int, int, int], crop: tuple[int, ...]) -> np.ndarray:
    from scipy import fft

    return fft.irfftn(spectrum, shape)[: crop[0], : crop[1], : crop[2]]
