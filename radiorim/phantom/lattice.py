"""A coarse lattice over the head: all smooth things (warps, distances, bias, texture) are made there."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from radiorim.volume import Volume

__all__ = ["Lattice"]


@dataclass(frozen=True)
class Lattice:
    """Knots every 3 mm (or 2 voxels, if more), over a grid of `shape` voxels and one knot beyond each side.

    `origin_mm` is the centre of voxel (0, 0, 0) and the grid is parallel to the RAS axes. Fields on the
    lattice have shape `knots`; `upsample` evaluates them on the grid as cubic B-splines.
    """

    shape: tuple[int, int, int]
    spacing_mm: float
    origin_mm: tuple[float, float, float]

    @property
    def step_mm(self) -> float:
        """Distance of neighbouring knots: nothing finer than twice this can live on the lattice."""
        return max(3.0, 2.0 * self.spacing_mm)

    @property
    def knots(self) -> tuple[int, int, int]:
        """Number of knots along each axis."""
        return tuple(int((n - 1) * self.spacing_mm // self.step_mm) + 4 for n in self.shape)

    def coordinates_mm(self) -> np.ndarray:
        """RAS mm of the knots, shape (3, *knots)."""
        axes = [
            o + self.step_mm * (np.arange(n) - 1) for o, n in zip(self.origin_mm, self.knots, strict=True)
        ]
        return np.stack(np.meshgrid(*axes, indexing="ij"))

    def noise(self, rng: np.random.Generator, scale_mm: float) -> np.ndarray:
        """A Gaussian random field on the knots, mean 0, sd 1, smoothed with a Gaussian of sd `scale_mm`."""
        from scipy import fft

        spectrum = fft.rfftn(rng.standard_normal(self.knots, dtype=np.float32))
        for axis, count in enumerate(self.knots):
            k = (fft.rfftfreq if axis == 2 else fft.fftfreq)(count, self.step_mm)
            smooth = np.exp(-2 * (np.pi * k * scale_mm) ** 2).astype(np.float32)
            spectrum *= smooth.reshape([-1 if a == axis else 1 for a in range(3)])
        field = fft.irfftn(spectrum, self.knots)
        return (field - field.mean()) / field.std()

    def upsample(self, field: np.ndarray) -> np.ndarray:
        """The field on the grid, float32."""
        return self._evaluate(field, [(n, 0.0, self.spacing_mm) for n in self.shape])

    def on(self, field: np.ndarray, grid: Volume) -> np.ndarray:
        """The field on another grid parallel to R, A, S; beyond the knots the last span goes on."""
        shifts = grid.affine[:3, 3] - self.origin_mm
        return self._evaluate(field, list(zip(grid.shape, shifts.tolist(), grid.spacing, strict=True)))

    def _evaluate(self, field: np.ndarray, axes: list[tuple[int, float, float]]) -> np.ndarray:
        """Number of voxels, mm from the lattice's origin and spacing of each axis."""
        from radiorim.phantom.splines import evaluate, places

        step = self.step_mm
        return evaluate(field, [places(n, step, *axis) for n, axis in zip(self.knots, axes, strict=True)])

    def at_knots(self, values: np.ndarray) -> np.ndarray:
        """What a map on the grid is at the knots (linear; beyond the grid its nearest value)."""
        from radiorim.phantom.sampling import linear

        voxels = (self.coordinates_mm() - np.reshape(self.origin_mm, (3, 1, 1, 1))) / self.spacing_mm
        return linear(values, voxels)
