from __future__ import annotations

import numpy as np
import pytest

from radiorim.volume import Volume

BRAIN_MM = np.array([58.0, 74.0, 54.0])
BRAIN_ML = float(4 / 3 * np.pi * BRAIN_MM.prod() / 1000)


def head(mm: np.ndarray) -> np.ndarray:
    """FLAIR-like values of positions: a bright brain with blobs and a dark slab, a dark gap, a scalp."""
    radius = np.linalg.norm(mm / BRAIN_MM, axis=-1)
    rng = np.random.default_rng(3)
    values = np.full(radius.shape, 100.0)
    for centre, size, height in zip(
        rng.uniform(-50, 50, (40, 3)), rng.uniform(4, 9, 40), rng.uniform(-60, 60, 40), strict=True
    ):
        values += height * np.exp(-((mm - centre) ** 2).sum(-1) / (2 * size**2))
    values -= 50 * np.exp(-((mm @ [0.9, 0.3, 0.3]) ** 2) / 18) * (np.abs(mm[..., 1] - 10) < 30)
    inside = 1 / (1 + np.exp((radius - 1) * 40))
    scalp = 60 * np.exp(-((radius - 1.22) ** 2) / (2 * 0.03**2))
    return np.maximum(values, 20) * inside + scalp + 2


def positions(shape: tuple[int, int, int], affine: np.ndarray) -> np.ndarray:
    voxels = np.stack(np.meshgrid(*[np.arange(n) for n in shape], indexing="ij"), axis=-1)
    return voxels @ affine[:3, :3].T + affine[:3, 3]


class Heads:
    """Samples the head on any grid after any motion, without interpolation."""

    ml = BRAIN_ML

    @staticmethod
    def affine(spacing: tuple[float, float, float], shape: tuple[int, int, int]) -> np.ndarray:
        affine = np.diag([*spacing, 1.0])
        affine[:3, 3] = -(np.array(shape) - 1) / 2 * spacing
        return affine

    @staticmethod
    def motion(degrees: tuple[float, float, float], shift_mm: tuple[float, float, float]) -> np.ndarray:
        from scipy.spatial.transform import Rotation

        matrix = np.eye(4)
        matrix[:3, :3] = Rotation.from_euler("xyz", degrees, degrees=True).as_matrix()
        matrix[:3, 3] = shift_mm
        return matrix

    @staticmethod
    def scan(affine: np.ndarray, shape: tuple[int, int, int], to_head: np.ndarray | None = None) -> Volume:
        matrix = affine if to_head is None else to_head @ affine
        noise = np.random.default_rng(0).normal(size=shape)
        return Volume((head(positions(shape, matrix)) + noise).astype(np.float32), affine)

    @staticmethod
    def brain(volume: Volume, to_head: np.ndarray | None = None) -> Volume:
        matrix = volume.affine if to_head is None else to_head @ volume.affine
        return volume.like(np.linalg.norm(positions(volume.shape, matrix) / BRAIN_MM, axis=-1) < 1)


@pytest.fixture(scope="session")
def heads() -> type[Heads]:
    return Heads


@pytest.fixture(scope="session")
def followup() -> Volume:
    shape = (64, 74, 48)
    return Heads.scan(Heads.affine((2.5, 2.5, 3.4), shape), shape)


@pytest.fixture(scope="session")
def motion() -> np.ndarray:
    """Takes the follow-up's RAS mm to the baseline's."""
    return Heads.motion((4.0, -3.0, 6.0), (5.0, -3.0, 7.0))


@pytest.fixture(scope="session")
def baseline(motion: np.ndarray) -> Volume:
    """Thicker slices, oblique to the RAS axes."""
    shape = (58, 70, 40)
    oblique = Heads.motion((-6.0, 2.0, 3.0), (4.0, 2.0, 3.0)) @ Heads.affine((2.7, 2.7, 4.2), shape)
    return Heads.scan(oblique, shape, np.linalg.inv(motion))
