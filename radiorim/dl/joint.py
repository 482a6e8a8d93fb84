"""Different segmenters that answer as one: the mean of all their networks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from radiorim.case import Case
from radiorim.dl.loop import Run, own_run
from radiorim.dl.persist import load_networks, save_networks
from radiorim.dl.segmenter import Segmenter, SegmentFinder, marked
from radiorim.errors import UsageError
from radiorim.lesions import Lesions

__all__ = ["JointFinder", "JointSegmenter"]


@dataclass(frozen=True)
class JointSegmenter:
    """Several `Segmenter` fitted one after the other; each of their networks counts alike in the mean.

    Each part sees its own channels and patches. The rules by which the mean becomes lesions (threshold,
    connectivity, smallest volume, mask) are those of the first part. Raises `UsageError` without parts.
    """

    parts: tuple[Segmenter, ...]

    def __post_init__(self) -> None:
        if not self.parts:
            raise UsageError("JointSegmenter needs at least one Segmenter in parts.")

    def fit(self, cases: Sequence[Case], *, seed: int, run: Run = Run()) -> JointFinder:
        """Learn from prepared cases with truth; each part keeps its run in a folder of its own."""
        fitted = [
            part.fit(cases, seed=seed + 100_003 * index, run=own_run(run, index))
            for index, part in enumerate(self.parts)
        ]
        return JointFinder(self, tuple(fitted))

    def load(self, folder: Path) -> JointFinder:
        """Read what `JointFinder.save` wrote."""
        fitted = [
            SegmentFinder(part, tuple(load_networks(part.net, folder, f"find-{index}")[0]))
            for index, part in enumerate(self.parts)
        ]
        return JointFinder(self, tuple(fitted))


@dataclass(frozen=True, eq=False)
class JointFinder:
    """A fitted `JointSegmenter`."""

    find: JointSegmenter
    finders: tuple[SegmentFinder, ...]

    @property
    def threshold(self) -> float:
        """The probability from which a voxel is marked."""
        return self.find.parts[0].threshold

    @property
    def parameters(self) -> int:
        """How many numbers the networks learned."""
        return sum(finder.parameters for finder in self.finders)

    def __call__(self, case: Case) -> Lesions:
        """The lesions with `score`, the mean probability inside, and `found`, which is true of all."""
        return marked(self.find.parts[0], case, self.probability(case)[0])

    def probability(self, case: Case) -> np.ndarray:
        """The probability of each map, float32 (outputs, x, y, z): the mean over all networks."""
        total, count = np.float32(0), sum(len(finder.nets) for finder in self.finders)
        for finder in self.finders:
            total = total + finder.probability(case) * np.float32(len(finder.nets) / count)
        return total

    def save(self, folder: Path) -> None:
        """Write `find-0.safetensors`, `find-0.json` and so on, one pair for each part."""
        for index, finder in enumerate(self.finders):
            save_networks(finder.nets, folder, f"find-{index}", {"threshold": finder.threshold})
