"""What a network sees of a case: named images, each put on a scale, stacked on one grid."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from radiorim.case import Case
from radiorim.errors import DataError, UnknownName
from radiorim.volume import Volume, require_same_grid

__all__ = ["SCALINGS", "Channel", "stacked"]


@dataclass(frozen=True)
class Channel:
    """One image on one scale.

    `zscore`: mean 0 and SD 1 in the mask. `window`: [low, high], in the image's unit, to [0, 1], clipped.
    `percentile`: the same with percentiles of the mask. `none`: as it is. `mask` names the mask that is
    measured; empty means voxels other than 0. `outside` False sets what is not in the mask to 0 afterwards.
    """

    image: str
    scale: str = "zscore"
    low: float = 0.0
    high: float = 1.0
    mask: str = "brain"
    outside: bool = True

    def __call__(self, case: Case) -> np.ndarray:
        """The scaled image, float32 (x, y, z). Raises `DataError` for an image without contrast."""
        volume = case.image(self.image)
        if self.scale not in SCALINGS:
            raise UnknownName("scale", self.scale, SCALINGS)
        inside = self._inside(case, volume)
        values = volume.data[inside]
        if not np.isfinite(values).all():
            raise DataError(f"{self.image} of {case.id} holds NaN or infinite voxels. Set them to 0.")
        centre, width, clip = SCALINGS[self.scale](self, values)
        if not width > 0:
            raise DataError(f"{self.image} of {case.id} has no contrast in the mask. Check image and mask.")
        scaled = ((np.nan_to_num(volume.data) - centre) / width).astype(np.float32)
        if clip:
            np.clip(scaled, 0, 1, out=scaled)
        if not self.outside:
            scaled[~inside] = 0
        return scaled

    def smoke(self) -> Channel:
        """A window of at most 150 units about its middle: few epochs do not find a rim of 20 ppb in 600."""
        if self.scale != "window" or self.high - self.low <= 150:
            return self
        middle = (self.low + self.high) / 2
        return replace(self, low=middle - 75, high=middle + 75)

    def _inside(self, case: Case, volume: Volume) -> np.ndarray:
        if not self.mask:
            inside = volume.data != 0
        else:
            mask = case.mask(self.mask)
            require_same_grid({f"{self.image} of {case.id}": volume, f"the mask {self.mask}": mask})
            inside = mask.data != 0
        if not inside.any():
            raise DataError(f"the mask {self.mask!r} of {case.id} is empty. Check it.")
        return inside


def stacked(case: Case, channels: Sequence[Channel], *, out: np.ndarray | None = None) -> np.ndarray:
    """The channels of a case, float32 (channels, x, y, z), written into `out` if it is given.

    Raises `DataError` naming an image that is missing or on another grid.
    """
    grid = case.image(channels[0].image)
    require_same_grid({f"{each.image} of {case.id}": case.image(each.image) for each in channels})
    if out is None:
        out = np.empty((len(channels), *grid.shape), dtype=np.float32)
    for index, channel in enumerate(channels):
        out[index] = channel(case)
    return out


Scaling = tuple[float, float, bool]


def _zscore(_channel: Channel, values: np.ndarray) -> Scaling:
    return float(values.mean(dtype=np.float64)), float(values.std(dtype=np.float64)), False


def _window(channel: Channel, _values: np.ndarray) -> Scaling:
    return channel.low, channel.high - channel.low, True


def _percentile(channel: Channel, values: np.ndarray) -> Scaling:
    low, high = np.percentile(values, [channel.low, channel.high])
    return float(low), float(high - low), True


def _none(_channel: Channel, _values: np.ndarray) -> Scaling:
    return 0.0, 1.0, False


SCALINGS: dict[str, Callable[[Channel, np.ndarray], Scaling]] = {
    "zscore": _zscore,
    "window": _window,
    "percentile": _percentile,
    "none": _none,
}
"""Name of a scale to what gives (number to subtract, number to divide by, whether to clip to [0, 1])."""
