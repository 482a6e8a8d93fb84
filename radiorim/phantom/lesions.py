"""What one lesion is: its place, shape and fate between the visits, its brightness and its iron."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

__all__ = ["KINDS", "ZONES", "Lesion"]

KINDS = ("rim", "arc", "solid", "isointense", "hypointense")
"""What a lesion is on a susceptibility map: a rim, iron at one side only, solid iron, nothing, less than
WM.
"""

ZONES = ("periventricular", "juxtacortical", "deep", "infratentorial")
"""Where lesions lie, in the words of the diagnostic criteria."""


@dataclass(frozen=True)
class Lesion:
    """One lesion as an ellipsoid. Lengths in mm (RAS at visit 2), susceptibilities in ppb over white matter.

    `axes` are the semi-axes along the rows of `rotation` (row-major, 9 numbers). `before` and `now` are the
    size at either visit as a share of `axes`: 0 is absent. `cluster` is 0 for a lesion that was drawn alone,
    else the number of the group that it flows together with. `coverage` is the share of the surface that
    carries the rim. `flair` and `t1` are intensity over white matter; `seed` draws what is uneven about
    its rim.
    """

    centre: tuple[float, float, float]
    axes: tuple[float, float, float]
    rotation: tuple[float, ...]
    zone: str
    cluster: int
    before: float
    now: float
    kind: str
    rim_ppb: float
    core_ppb: float
    thickness: float
    coverage: float
    flair: float
    t1: float
    vein: bool
    seed: int

    @property
    def change(self) -> str:
        """`stable`, `new`, `enlarged`, `shrunken` or `vanished`."""
        if not self.now:
            return "vanished"
        if not self.before:
            return "new"
        return "stable" if self.before == self.now else "enlarged" if self.before < self.now else "shrunken"

    @property
    def status(self) -> str:
        """`stable`, `new` or `enlarged`, as the tasks ask at visit 2: what has shrunk is not active."""
        return self.change if self.change in ("new", "enlarged") else "stable"

    @property
    def volume_mm3(self) -> float:
        """Of the whole ellipsoid, before tissue borders cut it."""
        return float(4 / 3 * np.pi * np.prod(self.axes))
