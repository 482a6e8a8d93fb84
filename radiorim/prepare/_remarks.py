"""Sentences about a pair that a reader of the report should see before believing a lesion."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from radiorim.prepare._run import name_of
from radiorim.prepare.register import Registration
from radiorim.prepare.resample import field_of_view
from radiorim.volume import Volume

__all__ = ["remarks"]

_THICK_MM = 2.0
_USUAL_NCC = 0.9
_WHOLE = 0.9


def remarks(
    raw: Mapping[str, Volume], masks: Mapping[str, Volume | None], found: Registration
) -> tuple[str, ...]:
    """What was repaired on reading, one scan given twice, voxels, a weak registration, unequal heads."""
    words = {"flair0": "baseline", "flair": "follow-up"}
    notes = [f"{words[n]} ({name_of(v, n)}): {note}." for n, v in raw.items() for note in v.notes]
    if np.array_equal(raw["flair0"].data, raw["flair"].data):
        notes.append("Baseline and follow-up hold the same values: one scan was given twice.")
    notes += [*_voxels(raw), *_fit(raw, masks, found)]
    return tuple(notes)


def _voxels(raw: Mapping[str, Volume]) -> Iterator[str]:
    sizes = {name: " x ".join(f"{edge:.3g}" for edge in volume.spacing) for name, volume in raw.items()}
    thickest = max(max(volume.spacing) for volume in raw.values())
    if thickest > _THICK_MM:
        yield (
            f"Slices are {thickest:.3g} mm thick: thinner lesions are averaged with what lies beside them, "
            "and edges of cortex and ventricles can look like change."
        )
    if not np.allclose(raw["flair0"].spacing, raw["flair"].spacing, atol=0.01):
        yield f"Voxels differ: baseline {sizes['flair0']} mm, follow-up {sizes['flair']} mm."


def _fit(raw: Mapping[str, Volume], masks: Mapping[str, Volume | None], found: Registration) -> Iterator[str]:
    if found.ncc_after < _USUAL_NCC:
        yield (
            f"After registration the scans correlate with {found.ncc_after:.2f} in the brain, two visits "
            "usually with more than .9: another contrast, or a poor fit. Look at the registration picture."
        )
    if found.overlap < _WHOLE:
        yield _uncovered("baseline", found.overlap, "follow-up")
    elif masks["flair0"] is not None:
        mask = masks["flair0"]
        share = float(field_of_view(raw["flair"], mask, found.matrix)[mask.data != 0].mean())
        if share < _WHOLE:
            yield _uncovered("follow-up", share, "baseline")
    if found.scale_percent > 2:
        yield f"The sizes of the head differ by {found.scale_percent:.1f} % between the scanners."


def _uncovered(scan: str, share: float, other: str) -> str:
    return (
        f"The {scan} covers {100 * share:.0f} % of the {other}'s brain: the rest cannot be compared and is "
        "left out."
    )
