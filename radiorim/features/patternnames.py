"""What the columns of `RimPattern` mean: formula, unit, range and degenerate case of each."""

from __future__ import annotations

__all__ = ["DIPOLE_ENTRIES", "PATTERN_ENTRIES"]

Meanings = dict[str, tuple[str, str, str, str]]

_C = (
    "c the mean of the rim (first shell inward) within {cone} degrees of a direction from the lesion's "
    "centre of mass - mean of the core, in 98 directions (those without rim voxels do not count)"
)
_NO_CORE = "NaN without a core or a surround"
_ANGLE = "t the angle to B0 at the lesion's centre of mass"
_NO_ANGLE = "NaN where no voxel lies within 54.7 degrees of B0, or none beyond"

PATTERN_ENTRIES: Meanings = {
    "ring_above": (f"share of directions with c > {{sd}} SD of the surround; {_C}", "1", "0 to 1", _NO_CORE),
    "ring_below": (f"share of directions with c < -{{sd}} SD of the surround; {_C}", "1", "0 to 1", _NO_CORE),
    "ring_contrast": (f"mean of c; {_C}", "image", "any", _NO_CORE),
    "ring_contrast_to_noise": (
        f"mean of c / SD of the surround; {_C}",
        "1",
        "any",
        f"{_NO_CORE}; 0 where the surround is flat",
    ),
    "ring_variation": (
        "s / (s + |mean of c|), s the SD of c (divided by n): the coefficient of variation v as v / (1 + v), "
        f"0 for an even ring; {_C}",
        "1",
        "0 to 1",
        f"{_NO_CORE}; 0 where all c are 0",
    ),
    "ring_evenness_above": (
        f"-sum of p ln p / ln n, p = max(c, 0) / sum of max(c, 0), n directions: 1 for an even ring; {_C}",
        "1",
        "0 to 1",
        f"{_NO_CORE}; 0 where no c is above 0",
    ),
    "ring_evenness_below": (
        f"the same with max(-c, 0); {_C}",
        "1",
        "0 to 1",
        f"{_NO_CORE}; 0 where no c is below 0",
    ),
}
"""Measured on every image; `{sd}` and `{cone}` are fields of the block."""

DIPOLE_ENTRIES: Meanings = {
    "rim_equator_minus_pole": (
        f"mean of the rim where 3 cos^2 t < 1 (around the equator) - mean where it is more; {_ANGLE}",
        "image",
        "any",
        _NO_ANGLE,
    ),
    "rim_dipole": (
        f"least-squares slope of the rim's values on 3 cos^2 t - 1; {_ANGLE}. About 0 in a solid lesion; of "
        "the other sign than outside_dipole in a shell",
        "image",
        "any",
        _NO_ANGLE,
    ),
    "outside_equator_minus_pole": (
        f"mean of the first outward shell where 3 cos^2 t < 1 - mean where it is more; {_ANGLE}",
        "image",
        "any",
        _NO_ANGLE,
    ),
    "outside_dipole": (
        f"least-squares slope of the first outward shell's values on 3 cos^2 t - 1; {_ANGLE}",
        "image",
        "any",
        _NO_ANGLE,
    ),
    "dipole_agreement": (
        "2 r o / (r^2 + o^2), r = rim_dipole and o = outside_dipole: about 0 for a solid lesion, negative "
        "for a shell, whatever the sign of the phase",
        "1",
        "-1 to 1",
        f"{_NO_ANGLE}; 0 where both are 0",
    ),
}
"""Measured on the images in `dipole`.

The field of a solid sphere of radius a is 0 inside and (dchi / 3) (a / r)^3 (3 cos^2 t - 1) outside. A shell
is that sphere minus an inner one of radius i: in the shell -(dchi / 3) (i / r)^3 (3 cos^2 t - 1), of the
other sign than outside. So edges outside of the surface are no rim; what tells a shell is the dipole inside.
"""
