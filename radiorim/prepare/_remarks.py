"""Sentences about a pair that a reader of the report should see before believing a lesion."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from radiorim.prepare._run import name_of
from radiorim.prepare.register import Registration
from radiorim.volume import Volume

__all__ = ["remarks"]

_THICK_MM = 2.0
_WEAK_NCC = 0.8
_WHOLE = 0.9


def remarks(raw: Mapping[str, Volume], found: Registration) -> tuple[str, ...]:
    """What was repaired on reading, slice thickness, unequal voxels, a weak registration, unequal heads."""
    words = {"flair0": "baseline", "flair": "follow-up"}
    notes = [f"{words[n]} ({name_of(v, n)}): {note}." for n, v in raw.items() for note in v.notes]
    sizes = {name: " x ".join(f"{edge:.3g}" for edge in volume.spacing) for name, volume in raw.items()}
    thickest = max(max(volume.spacing) for volume in raw.values())
    if thickest > _THICK_MM:
        notes.append(
            f"Slices are {thickest:.3g} mm thick: thinner lesions are averaged with what lies beside them, "
            "and edges of cortex and ventricles can look like change."
        )
    if not np.allclose(raw["flair0"].spacing, raw["flair"].spacing, atol=0.01):
        notes.append(f"Voxels differ: baseline {sizes['flair0']} mm, follow-up {sizes['flair']} mm.")
    if found.ncc_after < _WEAK_NCC:
        notes.append(
            f"The scans agree poorly after registration (correlation {found.ncc_after:.2f}; usual: > .9): "
            "look at the registration picture first."
        )
    if found.overlap < _WHOLE:
        notes.append(
            f"The baseline covers {100 * found.overlap:.0f} % of the follow-up's brain: the rest cannot be "
            "compared and is left out."
        )
    if found.scale_percent > 2:
        notes.append(f"The sizes of the head differ by {found.scale_percent:.1f} % between the scanners.")
    return tuple(notes)
