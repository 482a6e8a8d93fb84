"""What the papers' tools do before anything is found, as steps for a recipe's `prepare`.

Numbers are those of the tools. Ours all the same, and so different from them: N4 is fitted on 4 mm voxels,
the visits meet half way on 1 mm voxels, and the brain mask is `HalfWayPair`'s own unless one is given.
"""

from __future__ import annotations

from radiorim.errors import UnknownName
from radiorim.prepare.bias import N4
from radiorim.prepare.normalise import ZScore
from radiorim.prepare.pair import HalfWayPair
from radiorim.recipe import Prepare

__all__ = ["PRESETS", "preset"]

PRESETS: dict[str, tuple[Prepare, ...]] = {
    # MSSEG-2's own scripts: N4 with an FWHM of 0.3, else Anima's defaults; rigid; intensities as they are.
    "anima": (
        N4(iterations=(50, 40, 30), tolerance=1e-4, fwhm=0.3),
        HalfWayPair(transform="rigid", n4=False, differential_bias=False, match="none"),
    ),
    # Prados and Kanber: long N4, differential bias between the visits; each scan z-scored (stage two).
    "ucl": (
        N4(iterations=(1000,), tolerance=1e-4, fwhm=0.05),
        HalfWayPair(n4=False, differential_bias=True, match="none"),
        ZScore(("flair0", "flair")),
    ),
    # Cabezas et al.: 400 iterations at three levels, each scan z-scored inside the brain.
    "snac": (
        N4(iterations=(400, 400, 400)),
        HalfWayPair(transform="rigid", n4=False, differential_bias=False, match="none"),
        ZScore(("flair0", "flair")),
    ),
}
"""Name of a tool to its steps."""


def preset(name: str) -> tuple[Prepare, ...]:
    """The steps of a tool, or an `UnknownName` with the nearest one."""
    if name not in PRESETS:
        raise UnknownName("preset", name, PRESETS)
    return PRESETS[name]
