"""Intensity mappings that need more than two numbers: Nyul's landmarks, and local mean and spread."""

from __future__ import annotations

import numpy as np

__all__ = ["LANDMARKS", "local_moments", "through_landmarks"]

LANDMARKS = (1.0, *np.arange(10.0, 100.0, 10.0).tolist(), 99.0)
"""Percentiles of the brain: the deciles and 1 and 99 (Nyul, Udupa and Zhang 2000)."""

_LOCAL_MM = 15.0
"""Standard deviation of the window: far wider than a lesion, narrower than a coil."""


def through_landmarks(values: np.ndarray, own: np.ndarray, target: np.ndarray) -> np.ndarray:
    """The values after the piecewise line from landmarks `own` to `target`; the outer pieces go on straight.

    Equal landmarks are taken once, so a scan with few grey values still has a mapping.
    """
    own, first = np.unique(own, return_index=True)
    target = target[first]
    if own.size < 2:
        return values + (target[0] - own[0])
    slopes = np.diff(target) / np.diff(own)
    piece = np.clip(np.searchsorted(own, values, side="right") - 1, 0, slopes.size - 1)
    return target[piece] + slopes[piece] * (values - own[piece])


def local_moments(
    image: np.ndarray, reference: np.ndarray, inside: np.ndarray, spacing: tuple[float, float, float]
) -> np.ndarray:
    """(image - m) s_ref / s + m_ref, with mean m and SD s in a Gaussian window of 15 mm over the mask.

    Takes out a smooth gain and offset between two scans at once. Outside the mask's reach the values stay.
    """
    from scipy import ndimage

    sigmas = [_LOCAL_MM / edge for edge in spacing]

    def blurred(values: np.ndarray) -> np.ndarray:
        data = np.where(inside, values, 0).astype(np.float32)
        return ndimage.gaussian_filter(data, sigmas, mode="constant", truncate=3)

    weight = np.maximum(blurred(np.ones(image.shape)), 1e-6)
    means, spreads = [], []
    for values in (image, reference):
        # Around the brain's own mean, so that float32 squares do not cancel.
        centre = float(values[inside].mean(dtype=float))
        mean = blurred(values - centre) / weight
        variance = blurred((values - centre) ** 2) / weight - mean**2
        least = (0.05 * float(values[inside].std(dtype=float))) ** 2
        means.append(mean + centre)
        spreads.append(np.sqrt(np.maximum(variance, least)))
    matched = (image - means[0]) * (spreads[1] / spreads[0]) + means[1]
    return np.where(weight > 1e-3, matched, image)
