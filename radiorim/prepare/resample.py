"""Moving images and lesions from one grid to another."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from radiorim.case import Case, Lazy
from radiorim.errors import DataError, UsageError
from radiorim.io.sitk import affine_to_transform, from_sitk, to_sitk
from radiorim.lesions import GEOMETRY, Lesions, components
from radiorim.prepare._run import name_of
from radiorim.volume import Volume

__all__ = ["LESIONS", "Resample", "field_of_view", "grid_around", "labels_to", "mask_to", "resample"]

LESIONS = "lesions"
"""The mask that holds lesions: none of them may get lost between the voxels of a coarser grid."""

_LOG = logging.getLogger("radiorim")


def resample(volume: Volume, grid: Volume, matrix: np.ndarray | None = None, *, order: int = 1) -> Volume:
    """The volume on the grid of another (whose data are not used), linear (`order=1`) or nearest (`order=0`).

    `matrix` takes RAS mm of the volume to RAS mm of the grid; None is the identity. Outside the volume's
    field of view the values are 0. Booleans stay booleans (nearest only). Raises `DataError` if the two do
    not overlap.
    """
    import SimpleITK as sitk

    if order not in (0, 1):
        raise UsageError(f"order must be 0 (nearest) or 1 (linear), not {order!r}.")
    matrix = np.eye(4) if matrix is None else matrix
    _require_overlap(volume, grid, matrix)
    moved = sitk.Resample(
        to_sitk(volume),
        grid.shape,
        affine_to_transform(np.linalg.inv(matrix)),
        sitk.sitkLinear if order else sitk.sitkNearestNeighbor,
        *_frame(grid),
        0.0,
        sitk.sitkFloat32 if order else sitk.sitkUnknown,
    )
    data = from_sitk(moved).data
    if not order:
        data = data.astype(volume.data.dtype, copy=False)
    return Volume(data, grid.affine, volume.notes, volume.source)


def field_of_view(volume: Volume, grid: Volume, matrix: np.ndarray | None = None) -> np.ndarray:
    """Which voxels of the grid lie between voxel centres of the volume, so that linear values are data."""
    to_voxels = np.linalg.inv(volume.affine) @ np.linalg.inv(np.eye(4) if matrix is None else matrix)
    steps = to_voxels @ grid.affine
    inside = np.ones(grid.shape, dtype=bool)
    i, j, k = np.ogrid[tuple(slice(n) for n in grid.shape)]
    for axis, last in enumerate(np.array(volume.shape) - 1):
        a, b, c, d = steps[axis]
        place = (a * i + b * j + c * k + d).astype(np.float32)
        inside &= (place >= -1e-3) & (place <= last + 1e-3)
    return inside


def grid_around(points_mm: np.ndarray, *, spacing_mm: float, margin_mm: float) -> Volume:
    """An isotropic grid along the RAS axes that covers the points, shape (n, 3), and a margin.

    Its data are a constant that takes no memory.
    """
    low = np.floor((points_mm.min(axis=0) - margin_mm) / spacing_mm) * spacing_mm
    high = points_mm.max(axis=0) + margin_mm
    affine = np.diag([spacing_mm] * 3 + [1.0])
    affine[:3, 3] = low
    # A NIfTI file keeps affines so: what is read back lies on this very grid.
    affine = affine.astype(np.float32).astype(float)
    shape = tuple(int(n) + 1 for n in np.ceil((high - low) / spacing_mm))
    return Volume(np.broadcast_to(np.zeros((), dtype=bool), shape), affine)


def labels_to(lesions: Lesions, grid: Volume, matrix: np.ndarray | None = None) -> Lesions:
    """The same lesions on another grid, by nearest neighbour; `matrix` takes their RAS mm to the grid's RAS
    mm.

    A lesion that falls between the voxels of a coarser grid is kept as the one voxel nearest to its centre of
    mass if that voxel is on the grid and free; otherwise it is dropped, and a warning is logged. Numbers, the
    order of rows and all columns but the geometry are carried over; the geometry is that of the new voxels.
    """
    matrix = np.eye(4) if matrix is None else matrix
    if not len(lesions):
        return _carried(lesions, Volume(np.zeros(grid.shape, dtype=np.int32), grid.affine))
    moved = resample(lesions.labels, grid, matrix, order=0)
    data = np.array(moved.data, dtype=np.int32, order="C")
    present = set(np.unique(data).tolist())
    lost, dropped = lesions.table[~lesions.table["lesion"].isin(present)], []
    for lesion, centre in zip(lost["lesion"], lost[list(GEOMETRY[2:])].to_numpy(), strict=True):
        voxel = np.rint(grid.to_voxels(matrix[:3, :3] @ centre + matrix[:3, 3])).astype(int)
        if ((voxel >= 0) & (voxel < grid.shape)).all() and data[tuple(voxel)] == 0:
            data[tuple(voxel)] = lesion
        else:
            dropped.append(str(lesion))
    if dropped:
        said = "%d of %d lesions have no voxel of their own on the grid of %s and are left out: %s"
        _LOG.warning(said, len(dropped), len(lesions), name_of(grid, "the target"), ", ".join(dropped))
    return _carried(lesions, Volume(data, grid.affine))


def mask_to(mask: Volume, grid: Volume, matrix: np.ndarray | None = None) -> Volume:
    """A mask of lesions on another grid, as `labels_to` brings them; untouched if it is there already.

    In a label map a lesion is a number, in a mask of one value (1, 255, ...) a 26-connected component. Values
    and their type are kept.
    """
    if mask.same_grid(grid) and (matrix is None or np.array_equal(matrix, np.eye(4))):
        return mask
    values = np.unique(mask.data[mask.data != 0])
    if not values.size:
        return resample(mask, grid, matrix, order=0)
    numbered = components(mask.data != 0, 26) if values.size == 1 else mask.data
    data = labels_to(Lesions.from_labels(mask.like(numbered)), grid, matrix).labels.data
    if values.size == 1:
        data = np.where(data > 0, values[0], 0)
    return Volume(data.astype(mask.data.dtype, copy=False), grid.affine, mask.notes, mask.source)


@dataclass(frozen=True)
class Resample:
    """Bring all other images, masks and the truth of a case onto the grid of one image.

    Images are linear, masks nearest, truth and the mask `lesions` as `labels_to` says. All must share one
    world space: nothing is registered. What is on that grid already is left alone, and nothing is read before
    it is used: so lesions that are left out are in the log, not in the case's notes.
    """

    to: str = "flair"

    def __call__(self, case: Case) -> Case:
        """The case on one grid; `DataError` for a missing image, and on use for one that does not overlap."""
        grid = case.image(self.to)
        truth = case.truth
        return case.with_(
            images=_onto(case.images, grid, 1),
            masks=_onto(case.masks, grid, 0),
            truth=None if truth is None else lambda: _same_or_moved(truth(), grid),
        )


def _onto(volumes: Mapping[str, Volume], grid: Volume, order: int) -> Lazy:
    def loader(name: str) -> Any:
        def load() -> Volume:
            volume = volumes[name]
            if volume.same_grid(grid):
                return volume
            if name == LESIONS and order == 0:
                return mask_to(volume, grid)
            return resample(volume, grid, order=order)

        return load

    return Lazy({name: loader(name) for name in volumes})


def _same_or_moved(lesions: Lesions, grid: Volume) -> Lesions:
    return lesions if lesions.labels.same_grid(grid) else labels_to(lesions, grid)


def _carried(lesions: Lesions, labels: Volume) -> Lesions:
    moved = Lesions.from_labels(labels)
    others = lesions.table.set_index("lesion").drop(columns=list(GEOMETRY[1:]))
    order = [number for number in lesions.numbers if number in set(moved.numbers)]
    table = moved.table.set_index("lesion").loc[order].reset_index()
    return Lesions(moved.labels, table).with_columns(others.loc[order])


def _frame(grid: Volume) -> tuple[list[float], list[float], list[float]]:
    """Origin, spacing and direction in ITK's terms, without copying the grid's data."""
    corner = to_sitk(Volume(np.zeros((1, 1, 1), dtype=np.uint8), grid.affine))
    return corner.GetOrigin(), corner.GetSpacing(), corner.GetDirection()


def _require_overlap(volume: Volume, grid: Volume, matrix: np.ndarray) -> None:
    to_grid = np.linalg.inv(grid.affine) @ matrix @ volume.affine
    if _any_inside(to_grid, volume.shape, grid.shape) or _any_inside(
        np.linalg.inv(to_grid), grid.shape, volume.shape
    ):
        return
    raise DataError(
        f"{name_of(volume, 'an image')} {volume.shape} and the grid of {name_of(grid, 'its target')} "
        f"{grid.shape} do not overlap: their headers place them in different parts of space. Register them, "
        "or check both headers."
    )


def _any_inside(matrix: np.ndarray, shape: tuple[int, ...], other: tuple[int, ...]) -> bool:
    """Whether any point of a 12^3 lattice over `shape` (voxels) falls inside `other`."""
    lattice = np.array(np.meshgrid(*[np.linspace(0, n - 1, 12) for n in shape])).reshape(3, -1).T
    voxels = lattice @ matrix[:3, :3].T + matrix[:3, 3]
    return bool(((voxels >= -0.5) & (voxels <= np.array(other) - 0.5)).all(axis=1).any())
