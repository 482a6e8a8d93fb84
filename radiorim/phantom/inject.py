"""Known new lesions put into a scan of one's own: a second visit that differs from the first by them.

The idea is that of synthetic new lesions (LaBRI, MSSEG-2 2021): the anatomy, the contrast and the scanner
are real, and so is what a recipe recovers on them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from radiorim.errors import DataError, UsageError
from radiorim.lesions import Lesions
from radiorim.phantom.render import move
from radiorim.phantom.scanmodel import ScanModel
from radiorim.volume import Volume

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Injected", "Injection", "Spot", "inject"]

_FINE_MM = 0.8
_SOFT_MM = 1.2
_TRIES = 400


@dataclass(frozen=True)
class Injection:
    """What is put in, and how the second visit differs otherwise.

    Diameters are log-normal (median, sd of the log), cut to `diameter_range_mm`; `contrast` is the range of
    intensity over white matter as a share of it. `noise` is the noise added, in SDs of the scan's own. The
    head moves by at most `motion_mm` and `motion_deg`; the gain changes by at most the share `gain`.
    """

    lesions: int = 12
    diameter_mm: float = 6.0
    diameter_log_sd: float = 0.45
    diameter_range_mm: tuple[float, float] = (2.5, 20.0)
    contrast: tuple[float, float] = (0.2, 0.8)
    noise: float = 1.0
    motion_mm: float = 2.0
    motion_deg: float = 2.0
    gain: float = 0.1

    def __post_init__(self) -> None:
        if self.lesions < 0:
            raise UsageError(f"the number of lesions is 0 or more, not {self.lesions}.")


@dataclass(frozen=True)
class Spot:
    """One lesion in RAS mm of the first visit: an ellipsoid whose edge bulges by a few waves."""

    centre: tuple[float, float, float]
    axes_mm: tuple[float, float, float]
    rotation: tuple[float, ...]
    contrast: float
    zone: str
    waves: tuple[tuple[float, ...], ...]

    def depth_mm(self, points: np.ndarray) -> np.ndarray:
        """Below its surface (first order), negative outside; `points` are RAS mm, shape (..., 3)."""
        local = (points - np.array(self.centre)) @ np.array(self.rotation).reshape(3, 3).T
        scaled = local / np.array(self.axes_mm)
        radius = np.linalg.norm(scaled, axis=-1)
        direction = scaled / np.maximum(radius, 1e-6)[..., None]
        bulge = sum(0.08 * np.sin(direction @ np.array(wave[:3]) + wave[3]) for wave in self.waves)
        return (1 + bulge - radius) * min(self.axes_mm)


@dataclass(frozen=True, eq=False)
class Injected:
    """The follow-up, and the truth on its grid with `status` (new), `zone` and `contrast`.

    `to_baseline` takes RAS mm at the follow-up to RAS mm of that place in the scan that was given.
    """

    followup: Volume
    truth: Lesions
    to_baseline: np.ndarray


def inject(model: ScanModel, options: Injection, *, seed: int) -> Injected:
    """A second visit of the scan with new lesions in it; the same seed gives the same visit.

    Raises `DataError` if the scan has no room for so many lesions.
    """
    rng = np.random.default_rng(seed)
    scan, to_baseline = model.scan, _motion(model, options, rng)
    grid = Volume(np.broadcast_to(np.uint8(0), scan.shape), scan.affine, (), scan.source)
    level, tissue = (move(part, scan, grid, to_baseline) for part in (model.level, model.tissue))
    added = np.zeros(scan.shape, np.float32)
    labels, spots = np.zeros(scan.shape, np.int32), []
    for spot in _spots(model, options, rng):
        box, share = _painted(spot, grid, to_baseline)
        share = share * tissue[box]
        free = (share > 0.5) & (labels[box] == 0)
        if free.sum() < (share > 0.5).sum() or not free.any():
            continue
        spots.append(spot)
        labels[box][free] = len(spots)
        np.maximum(added[box], share * spot.contrast * level[box], out=added[box])
        if len(spots) == options.lesions:
            break
    if len(spots) < options.lesions:
        raise DataError(
            f"there is room for {len(spots)} lesions in this scan, not {options.lesions}. Ask for fewer."
        )
    moved = move(scan.data.astype(np.float32), scan, grid, to_baseline, order=3) + added
    return Injected(_as_scanned(model, moved, options, rng), _truth(grid.like(labels), spots), to_baseline)


def _spots(model: ScanModel, options: Injection, rng: np.random.Generator) -> Iterator[Spot]:
    """Lesions that may be tried one after another, a third for each zone that has room."""
    places = np.argwhere(model.room)
    zones = np.array([model.zone(tuple(place)) for place in places]) if len(places) else np.zeros(0, str)
    for number in range(_TRIES if options.lesions else 0):
        kinds = sorted(set(zones))
        if not kinds:
            return
        own = np.flatnonzero(zones == kinds[number % len(kinds)])
        place = places[rng.choice(own)]
        low, high = options.diameter_range_mm
        diameter = np.clip(options.diameter_mm * np.exp(rng.normal(0, options.diameter_log_sd)), low, high)
        stretch = np.exp(rng.normal(0, 0.2, 3))
        axes = diameter / 2 * stretch / np.prod(stretch) ** (1 / 3)
        waves = np.column_stack([rng.normal(0, 2.5, (4, 3)), rng.uniform(0, 2 * np.pi, 4)])
        yield Spot(
            tuple(model.scan.to_mm(place + rng.uniform(-0.5, 0.5, 3))),
            tuple(axes),
            tuple(_rotation(rng.normal(size=4)).ravel()),
            float(rng.uniform(*options.contrast)),
            str(zones[own[0]]),
            tuple(map(tuple, waves)),
        )


def _painted(
    spot: Spot, grid: Volume, to_baseline: np.ndarray
) -> tuple[tuple[slice, slice, slice], np.ndarray]:
    """The box of a lesion and the share of each of its voxels that it fills, from points within the voxel."""
    reach = 1.4 * max(spot.axes_mm) + _SOFT_MM
    here = (np.linalg.inv(to_baseline) @ [*spot.centre, 1.0])[:3]
    middle = grid.to_voxels(here[None])[0]
    half = reach / np.array(grid.spacing) + 1
    low = np.maximum(np.floor(middle - half), 0).astype(int)
    high = np.minimum(np.ceil(middle + half) + 1, grid.shape).astype(int)
    box = tuple(slice(a, max(a, b)) for a, b in zip(low, high, strict=True))
    counts = [max(1, round(edge / _FINE_MM)) for edge in grid.spacing]
    steps = [(np.arange(n) + 0.5) / n - 0.5 for n in counts]
    corner = np.stack(np.meshgrid(*[np.arange(s.start, s.stop) for s in box], indexing="ij"), axis=-1)
    share = np.zeros(corner.shape[:3], np.float32)
    for offset in np.stack(np.meshgrid(*steps, indexing="ij"), axis=-1).reshape(-1, 3):
        points = grid.to_mm((corner + offset).reshape(-1, 3)) @ to_baseline[:3, :3].T + to_baseline[:3, 3]
        share += np.clip(spot.depth_mm(points).reshape(share.shape) / _SOFT_MM + 0.5, 0, 1)
    return box, share / np.prod(counts)


def _as_scanned(model: ScanModel, image: np.ndarray, options: Injection, rng: np.random.Generator) -> Volume:
    """Gain and noise of another day; whole numbers where the scan has whole numbers."""
    scan = model.scan
    noise = options.noise * model.noise_sd * rng.standard_normal(image.shape, dtype=np.float32)
    image = np.where(image > 0, image + noise, 0) * np.float32(1 + rng.uniform(-options.gain, options.gain))
    image = np.maximum(image, 0)
    if np.array_equal(scan.data, np.rint(scan.data)):
        image = np.rint(image)
    return scan.like(image.astype(np.float32))


def _truth(labels: Volume, spots: list[Spot]) -> Lesions:
    lesions = Lesions.from_labels(labels)
    zones = np.array([spots[number - 1].zone for number in lesions.numbers], dtype=object)
    contrast = np.array([spots[number - 1].contrast for number in lesions.numbers], dtype=float)
    status = np.full(len(lesions), "new", dtype=object)
    return lesions.with_columns(status=status, zone=zones, contrast=contrast)


def _motion(model: ScanModel, options: Injection, rng: np.random.Generator) -> np.ndarray:
    """A rigid motion about the middle of the white matter, 4x4, RAS mm."""
    angles = np.deg2rad(rng.uniform(-options.motion_deg, options.motion_deg, 3)) / 2
    turn = _rotation(np.array([1.0, *angles]))
    centre = model.scan.to_mm(np.argwhere(model.room).mean(axis=0)) if model.room.any() else np.zeros(3)
    matrix = np.eye(4)
    matrix[:3, :3] = turn
    matrix[:3, 3] = centre - turn @ centre + rng.uniform(-options.motion_mm, options.motion_mm, 3)
    return matrix


def _rotation(quaternion: np.ndarray) -> np.ndarray:
    from scipy.spatial.transform import Rotation

    return Rotation.from_quat(np.roll(quaternion, -1)).as_matrix()
