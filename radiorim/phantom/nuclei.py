"""Deep grey nuclei as ellipsoids in the template: where they are and how much iron they hold."""

from __future__ import annotations

import numpy as np

__all__ = ["NUCLEI", "near_nuclei", "nearest_nucleus"]

NUCLEI = (
    ("caudate", (12, 13, 8), (5, 8, 8), 10, 55),
    ("caudate body", (16, -6, 21), (3.5, 14, 4), -8, 50),
    ("putamen", (26, 2, 0), (4.5, 14, 9), -12, 65),
    ("pallidum", (19, -4, -1), (4, 8.5, 5), -28, 140),
    ("thalamus", (11, -18, 8), (7, 12, 8), -25, 15),
    ("substantia nigra", (10, -17, -12), (3, 7, 4), -40, 130),
    ("red nucleus", (5, -20, -9), (3, 3, 3.5), 0, 100),
    ("dentate", (15, -58, -34), (4, 8, 6), -30, 100),
)
"""Name, centre (right side, mirrored for the left; MNI mm), semi-axes mm, yaw in degrees, ppb."""


def near_nuclei(mni_mm: np.ndarray, margin_mm: float) -> np.ndarray:
    """Whether places lie in the box about all nuclei or at most so far from it; shape (3, ...) to (...)."""
    centres, axes = (np.array([nucleus[i] for nucleus in NUCLEI]) for i in (1, 2))
    # A nucleus may be turned about the vertical axis.
    reach = np.column_stack([axes[:, :2].max(axis=1), axes[:, :2].max(axis=1), axes[:, 2]]) + margin_mm
    low, high = (centres - reach).min(axis=0), (centres + reach).max(axis=0)
    low[0] = -high[0]
    return np.all([(a <= part) & (part <= b) for part, a, b in zip(mni_mm, low, high, strict=True)], axis=0)


def nearest_nucleus(mni_mm: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Depth inside the nearest nucleus in mm (negative outside) and its index in `NUCLEI`.

    `mni_mm` has shape (3, ...). A signed distance is
    smooth, so the lattice carries it although edges are sharp.
    """
    depth = np.full(mni_mm.shape[1:], -np.inf, dtype=np.float32)
    which = np.zeros(depth.shape, dtype=int)
    x, y, z = mni_mm.astype(np.float32)
    for index, (_, centre, axes, yaw, _) in enumerate(NUCLEI):
        for side in (-1, 1):
            cosine, sine = np.cos(np.radians(yaw * side)), np.sin(np.radians(yaw * side))
            right, ahead = x - side * centre[0], y - centre[1]
            square = ((right * cosine + ahead * sine) / axes[0]) ** 2
            square += ((ahead * cosine - right * sine) / axes[1]) ** 2 + ((z - centre[2]) / axes[2]) ** 2
            inside = (1 - np.sqrt(square)) * np.float32(np.mean(axes))
            which[inside > depth] = index
            np.maximum(depth, inside, out=depth)
    return depth, which
