"""Lesions to voxels: fractions and instance labels, each lesion in its own small box."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from radiorim.phantom.anatomy import Anatomy
from radiorim.phantom.lattice import Lattice
from radiorim.phantom.lesions import Lesion
from radiorim.volume import Volume

__all__ = [
    "SOFT_MM", "Canvas", "Painted", "along", "boxes", "offsets", "paint", "paint_labels", "pool", "scaled",
]  # fmt: skip

FINE = 2
"""Each voxel is evaluated at 2 x 2 x 2 points, so that thin rims and small lesions keep their partial
volume.
"""

SOFT_MM = 1.6
"""Over this depth a lesion's intensity and its core's susceptibility rise from nothing to full."""

HALO = 0.2
"""Of a lesion's intensity, what its surroundings have at its edge: it fades over some mm."""

_UNEVEN = 0.25
"""Standard deviation of the edge, as a share of the thinnest semi-axis."""

Box = tuple[slice, slice, slice]


@dataclass(frozen=True, eq=False)
class Canvas:
    """Where lesions are painted.

    `room` is the share of each voxel that can hold a lesion (tissue inside the brain); `wobble` is a
    random field of sd 1 that makes edges uneven, as a share of the lesion's thinnest semi-axis.
    """

    lattice: Lattice
    grid: Volume
    room: np.ndarray
    wobble: np.ndarray

    @classmethod
    def of(cls, anatomy: Anatomy, rng: np.random.Generator) -> Canvas:
        """The canvas of one person: lesions stop at CSF and at the brain's surface."""
        room = (1 - anatomy.tissues[2]) * anatomy.brain
        wobble = 0.8 * anatomy.lattice.noise(rng, 3.5) + 0.6 * anatomy.lattice.noise(rng, 1.8)
        return cls(anatomy.lattice, anatomy.grid, room, anatomy.lattice.upsample(wobble))

    def redrawn(self, rng: np.random.Generator, amount: float) -> Canvas:
        """Edges as another hand would draw them."""
        return replace(
            self, wobble=self.wobble + amount * self.lattice.upsample(self.lattice.noise(rng, 2.0))
        )

    def below(self, lesion: Lesion, box: Box) -> np.ndarray:
        """Depth below a lesion's uneven surface in mm at the fine points of its box.

        Kept: the same lesions are painted, judged and labelled.
        """
        if lesion not in self._depths:
            from radiorim.phantom.ellipsoids import depth_below

            edge = _UNEVEN * min(lesion.axes) * self.wobble[box]
            for axis in range(3):
                edge = edge.repeat(FINE, axis)
            place, rows = offsets(lesion, self.grid, box), np.reshape(lesion.rotation, (3, 3))
            self._depths[lesion] = depth_below(place, rows, np.array(lesion.axes)) + edge
        return self._depths[lesion]

    @cached_property
    def _depths(self) -> dict[Lesion, np.ndarray]:
        return {}


@dataclass(frozen=True, eq=False)
class Painted:
    """Lesions on a grid: instance `labels` (1..n in the order given) and two intensity changes.

    `flair` and `t1` are what the lesions add to the intensity of white matter (fraction x contrast).
    """

    labels: np.ndarray
    flair: np.ndarray
    t1: np.ndarray


def paint(lesions: Sequence[Lesion], canvas: Canvas) -> Painted:
    """Labels and intensities. Intensity fades over `SOFT_MM`, the label ends where half of it is reached."""
    shape = canvas.grid.shape
    painted = Painted(np.zeros(shape, np.uint16), np.zeros(shape, np.float32), np.zeros(shape, np.float32))
    for number, lesion, box, depth in boxes(lesions, canvas):
        _claim(painted.labels[box], number, _share(depth, canvas, box))
        halo = HALO * np.exp(np.minimum(depth, 0) / 1.5)
        soft = pool(np.maximum(np.clip(depth / SOFT_MM + 0.5, 0, 1), halo)) * canvas.room[box]
        soft *= 1 + 0.12 * np.clip(canvas.wobble[box], -2, 2)
        np.maximum(painted.flair[box], soft * lesion.flair, out=painted.flair[box])
        np.minimum(painted.t1[box], soft * lesion.t1, out=painted.t1[box])
    return painted


def paint_labels(lesions: Sequence[Lesion], canvas: Canvas) -> np.ndarray:
    """Instance labels alone, uint16, 1..n in the order given."""
    labels = np.zeros(canvas.grid.shape, np.uint16)
    for number, _, box, depth in boxes(lesions, canvas):
        _claim(labels[box], number, _share(depth, canvas, box))
    return labels


def boxes(lesions: Sequence[Lesion], canvas: Canvas) -> Iterator[tuple[int, Lesion, Box, np.ndarray]]:
    """Number, lesion, box and the depth below its surface in mm at the fine points of the box."""
    for number, lesion in enumerate(lesions, start=1):
        box = _box(lesion, canvas.grid)
        if min(lesion.axes) and all(part.stop > part.start for part in box):
            yield number, lesion, box, canvas.below(lesion, box)


def _share(depth: np.ndarray, canvas: Canvas, box: Box) -> np.ndarray:
    """How much of each voxel the lesion fills."""
    return pool(np.clip(depth * FINE / canvas.grid.spacing[0] + 0.5, 0, 1)) * canvas.room[box]


def _claim(labels: np.ndarray, number: int, share: np.ndarray) -> None:
    """Give the voxels that are more than half filled, and not taken, to a lesion."""
    labels[(share > 0.5) & (labels == 0)] = number


def _box(lesion: Lesion, grid: Volume) -> Box:
    edge = grid.spacing[0]
    reach = (max(lesion.axes) * 1.4 + 1.5 * edge + 1.5) / edge
    centre = grid.to_voxels(np.array([lesion.centre]))[0]
    low = np.maximum(np.floor(centre - reach), 0).astype(int)
    high = np.minimum(np.ceil(centre + reach) + 1, grid.shape).astype(int)
    return tuple(slice(int(a), int(b)) for a, b in zip(low, high, strict=True))


def offsets(lesion: Lesion, grid: Volume, box: Box) -> list[np.ndarray]:
    """RAS mm from the lesion's centre along R, A and S at the fine points of a box, for broadcasting.

    The grid's axes are parallel to R, A, S.
    """
    offsets = []
    for axis, part in enumerate(box):
        fine = (np.arange(part.start * FINE, part.stop * FINE) + 0.5) / FINE - 0.5
        mm = grid.affine[axis, 3] + fine * grid.affine[axis, axis] - lesion.centre[axis]
        offsets.append(mm.astype(np.float32).reshape([-1 if a == axis else 1 for a in range(3)]))
    return offsets


def along(offsets: list[np.ndarray], direction: np.ndarray) -> np.ndarray:
    """Component of the offsets along a direction."""
    x, y, z = (o * np.float32(d) for o, d in zip(offsets, direction, strict=True))
    return x + y + z


def pool(fine: np.ndarray) -> np.ndarray:
    """Mean over the fine points of each voxel, float32.

    Added up as eight sparse copies: a mean over axes of two points takes twenty times as long.
    """
    fine = fine.astype(np.float32, copy=False)
    pairs = fine[..., 0::2] + fine[..., 1::2]
    total = pairs[0::2, 0::2] + pairs[0::2, 1::2] + pairs[1::2, 0::2] + pairs[1::2, 1::2]
    return total / np.float32(FINE**3)


def scaled(lesion: Lesion, factor: float) -> Lesion:
    """The lesion with its axes multiplied."""
    return replace(lesion, axes=tuple(axis * factor for axis in lesion.axes))
