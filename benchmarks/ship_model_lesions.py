"""A person's own lesions, some of which were not there before or were fainter: change as real as it gets."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from radiorim.lesions import Lesions
from radiorim.phantom.inject import Injected
from radiorim.phantom.scanmodel import ScanModel
from radiorim.prepare.resample import labels_to
from radiorim.volume import Volume

__all__ = ["Earlier", "all_new", "before_some"]

CHANGED = 0.5
"""Share of a person's lesions that differ; of these half were not there at all."""
FAINTEST = 0.6
"""The others had at most this share of what they stand out by now."""
HALO_MM, SOFT_MM = 1.0, 0.7
"""What lies around an outlined lesion belongs to it, fading outwards."""
LEAST = 0.05
"""Change below this share of white matter cannot be seen and is no truth."""


@dataclass(frozen=True, eq=False)
class Earlier:
    """The scan as it was before, and the lesions that have changed since, both on the scan's grid."""

    scan: Volume
    changed: Lesions


def before_some(model: ScanModel, outlined: Volume, rng: np.random.Generator) -> Earlier:
    """Take some of the outlined lesions back to the level of white matter, wholly or in part."""
    scan, lesions = model.scan, Lesions.from_mask(outlined, connectivity=26)
    rising = np.maximum(scan.data - model.level, 0)
    taken, labels = np.zeros(scan.shape, np.float32), np.zeros(scan.shape, np.int32)
    for number in lesions.numbers:
        if rng.random() > CHANGED:
            continue
        kept = rng.choice([0.0, rng.uniform(0, FAINTEST)])
        lost = ((1 - kept) * soft(lesions.labels, number) * rising).astype(np.float32)
        np.maximum(taken, lost, out=taken)
        labels[(lesions.labels.data == number) & (lost > LEAST * model.level)] = number
    return Earlier(scan.like(scan.data - taken), Lesions.from_labels(scan.like(labels)))


def soft(labels: Volume, number: int) -> np.ndarray:
    """The share of each voxel that belongs to a lesion and its halo."""
    away = ndimage.distance_transform_edt(labels.data != number, labels.spacing)
    return ndimage.gaussian_filter((away <= HALO_MM).astype(np.float32), SOFT_MM / np.array(labels.spacing))


def all_new(made: Injected, changed: Lesions) -> Lesions:
    """The lesions that were put in and those that have changed, on the follow-up's grid, all called new."""
    put_in = made.truth.labels
    own = labels_to(changed, put_in, np.linalg.inv(made.to_baseline)).labels.data
    labels = np.where((put_in.data == 0) & (own > 0), own + put_in.data.max(), put_in.data)
    lesions = Lesions.from_labels(put_in.like(labels.astype(np.int32)))
    return lesions.with_columns(status=np.full(len(lesions), "new", dtype=object))
