"""The way into the compiled kernels: which features, which bins, how many threads."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from radiorim.errors import DataError, UnknownName, UsageError
from radiorim.features.fast.threads import in_threads, thread_count
from radiorim.features.fast.voxels import Voxels, locate, values_at

if TYPE_CHECKING:
    from radiorim.features.fast import grey

__all__ = ["CLASSES", "MOST_LEVELS", "Asked", "Bins", "measure", "measure_values"]

CLASSES = ("shape", "firstorder", "glcm", "glrlm", "glszm", "gldm", "ngtdm")
"""The classes that can be asked for."""

MOST_LEVELS = 65_535
"""More grey levels in one lesion are refused: tables of their sums and differences would fill the memory."""

_HALF = [(x, y, z) for x in (0, 1) for y in (-1, 0, 1) for z in (-1, 0, 1)]
WAYS = np.array([way for way in _HALF if way > (0, 0, 0)], dtype=np.int64)
"""The 13 directions to half of a voxel's 26 neighbours."""

Features = dict[tuple[str, str], np.ndarray]
"""(class, feature) to one value for each lesion."""


@dataclass(frozen=True)
class Bins:
    """How values become grey levels, by pyradiomics' edges, counted from 1.

    Bins of `width` image units with edges at its multiples, or, where that is None, `count` equal bins
    between the lesion's own extremes. With a count, a flat lesion lies in the middle bin, as the reference
    has it.
    """

    width: float | None = 25.0
    count: int = 32

    def edges(self, lowest: np.ndarray, highest: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Of each lesion, from its extremes: the lowest edge, the step between edges, the largest level."""
        if self.width is None:
            flat = lowest == highest
            low, high = lowest - 0.5 * flat, highest + 0.5 * flat
            return low, (high - low) / self.count, np.full(len(low), self.count)
        low = lowest - np.mod(lowest, self.width)
        # numpy.arange steps by the difference of its first two values, which the edges must share.
        return (
            low,
            (low + self.width) - low,
            np.ceil((highest + 2 * self.width - low) / self.width).astype(int),
        )


@dataclass(frozen=True)
class Asked:
    """Classes of features, the bins that they need and the number of threads (-1: all cores).

    Lesions of fewer than `fewest_voxels` are not measured: pyradiomics refuses those of one voxel, though its
    size, its values and most of its texture are defined.
    """

    classes: tuple[str, ...] = CLASSES
    bins: Bins = Bins()
    n_jobs: int = 1
    fewest_voxels: int = 2

    def __post_init__(self) -> None:
        for name in self.classes:
            if name not in CLASSES:
                raise UnknownName("feature class", name, CLASSES)


def measure(
    data: np.ndarray | None, labels: np.ndarray, numbers: np.ndarray, spacing: Sequence[float], what: Asked
) -> Features:
    """pyradiomics' default features of each numbered lesion of a label volume, one value for each number.

    `data` (the image on the grid of `labels`) may be None if only class `shape` is asked for. A lesion of
    fewer than `what.fewest_voxels` is NaN throughout; of others NaN is only what has no value: the robust
    deviation of two values, ratios of axes of one voxel, GLCM of voxels that do not touch (but MCC is 1 if
    they are flat), GLRLM of voxels of which no two share a line. The skewness and kurtosis of a flat lesion
    are 0, also where the reference has the rounding of its mean.
    Raises `DataError` for values that are not finite and for more than `MOST_LEVELS` grey levels.
    """
    voxels = locate(labels, numbers)
    values = None if data is None else values_at(data, voxels)
    return measure_values(values, voxels, spacing, what)


def measure_values(
    values: np.ndarray | None, voxels: Voxels, spacing: Sequence[float], what: Asked
) -> Features:
    """The same from the values in the located voxels (float64), such as those of one filter's band."""
    textures = [name for name in what.classes if name != "shape"]
    if textures and values is None:
        raise UsageError(f"class {textures[0]!r} needs an image. Give its data, or ask for 'shape' alone.")
    found: Features = {}
    if "shape" in what.classes:
        found |= _shape(voxels, np.asarray(spacing, dtype=np.float64), what.n_jobs)
    if textures and values is not None:
        found |= _textures(values, voxels, float(np.prod(spacing)), what)
    for column in found.values():
        column[voxels.sizes < max(what.fewest_voxels, 1)] = np.nan
    return found


def _shape(voxels: Voxels, spacing: np.ndarray, n_jobs: int) -> Features:
    from radiorim.features.fast import cubes, mesh
    from radiorim.features.fast.shape import shape_features

    boxes = np.zeros(voxels.box_first[-1], dtype=np.int32)
    boxes[np.repeat(voxels.box_first[:-1], voxels.sizes) + voxels.at] = 1
    given = (np.array(cubes.CORNERS)[:, ::-1].copy(), (*cubes.pieces(tuple(spacing)), spacing))
    lists = (voxels.first, voxels.at, voxels.box_first, voxels.dims, voxels.index)

    raw = np.full((len(voxels.numbers), mesh.COLUMNS), np.nan)
    _on_threads(lambda rows: mesh.measure_rows(rows, lists, boxes, given, raw), voxels, n_jobs)
    features = shape_features(raw, voxels.sizes.astype(float), spacing)
    return {("shape", name): column for name, column in features.items()}


def _textures(values: np.ndarray, voxels: Voxels, voxel_mm3: float, what: Asked) -> Features:
    from radiorim.features.fast import grey

    levels, edges = grey.Grey.blank(values, voxels), _edges(values, voxels, what.bins)
    kernels = [kernel for kernel in _kernels(voxels, levels) if kernel.kind in what.classes]
    tables = [np.full((len(voxels.numbers), len(kernel.names)), np.nan) for kernel in kernels]

    def work(rows: np.ndarray) -> None:
        grey.cut_rows(rows, values, (voxels.first, voxels.at, voxels.box_first), edges, tuple(levels))
        for kernel, table in zip(kernels, tables, strict=True):
            kernel.fill(rows, table)

    _on_threads(work, voxels, what.n_jobs)
    found: Features = {}
    for kernel, table in zip(kernels, tables, strict=True):
        found |= {(kernel.kind, name): of for name, of in zip(kernel.names, table.T, strict=True) if name}
    if "firstorder" in what.classes:
        found["firstorder", "total_energy"] = voxel_mm3 * found["firstorder", "energy"]
    return found


def _edges(values: np.ndarray, voxels: Voxels, bins: Bins) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    present = voxels.sizes > 0
    lowest, highest = np.zeros(len(present)), np.zeros(len(present))
    if present.any():
        starts = voxels.first[:-1][present]
        lowest[present] = np.minimum.reduceat(values, starts)
        highest[present] = np.maximum.reduceat(values, starts)
    edges = bins.edges(lowest, highest)
    if edges[2].max(initial=0) > MOST_LEVELS:
        k = int(edges[2].argmax())
        raise DataError(
            f"these bins cut lesion {voxels.numbers[k]}, with values from {lowest[k]:g} to {highest[k]:g}, "
            f"into {edges[2][k]} grey levels. Try a bin width of {(highest[k] - lowest[k]) / 32:.2g}."
        )
    return edges


class _Kernel(NamedTuple):
    """A class of features, the names of its columns, and what fills given rows of its table."""

    kind: str
    names: tuple[str, ...]
    fill: Callable[[np.ndarray, np.ndarray], None]


def _kernels(voxels: Voxels, levels: grey.Grey) -> Iterator[_Kernel]:
    from radiorim.features.fast import firstorder, glcm, ngtdm, sizes

    lists = (voxels.first, voxels.at, voxels.box_first, voxels.dims)
    tones = (levels.levels, levels.present, levels.rank, levels.boxes)
    values, histogram = (levels.ordered, voxels.first), (levels.counts, levels.present)
    yield _Kernel(
        "firstorder", firstorder.NAMES, lambda r, out: firstorder.measure_rows(r, values, histogram, out)
    )
    n = np.arange(2 * voxels.sizes.max(initial=1) + 1)
    pairs = (WAYS, n * np.log2(np.maximum(n, 1)))
    yield _Kernel("glcm", glcm.NAMES, lambda r, out: glcm.measure_rows(r, lists, tones, pairs, out))
    yield _Kernel("glrlm", sizes.GLRLM, lambda r, out: sizes.runs(r, lists, tones, WAYS, out))
    yield _Kernel("glszm", sizes.GLSZM, lambda r, out: sizes.zones(r, lists, tones, WAYS, out))
    yield _Kernel("gldm", sizes.GLDM, lambda r, out: sizes.dependences(r, lists, tones, WAYS, out))
    yield _Kernel("ngtdm", ngtdm.NAMES, lambda r, out: ngtdm.measure_rows(r, lists, tones, WAYS, out))


def _on_threads(work: Callable[[np.ndarray], None], voxels: Voxels, n_jobs: int) -> None:
    """Give `work` the rows of the lesions that have voxels, in shares; large lesions are dealt out first."""
    rows = np.argsort(-voxels.sizes, kind="stable")
    rows = rows[voxels.sizes[rows] > 0]
    # More shares than threads: a thread that is held up leaves the rest to the others.
    shares = 4 * thread_count(n_jobs) if n_jobs != 1 else 1
    in_threads(lambda k: work(rows[k::shares]), range(shares), n_jobs=n_jobs)
