"""What of a patch belongs to its lesion: the patch, its own mask, and what is done with the rest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from radiorim.dl.patches import Place, crop

__all__ = ["AdaptiveDilation", "LesionPatch"]


@dataclass(frozen=True)
class AdaptiveDilation:
    """Everything further from the lesion than a radius that grows with it is set to `fill`.

    r = round(clip(share * rho, low, high)) voxels with rho = (3 V / (4 pi))^(1/3), V the lesion's voxels, by
    r dilations with 6 neighbours (an octahedron: r / sqrt(3) along diagonals).
    """

    share: float = 0.75
    low: float = 5.0
    high: float = 16.0
    fill: float = 0.0

    def __call__(self, images: np.ndarray, own: np.ndarray, voxels: int) -> np.ndarray:
        """The images (c, x, y, z) with the far voxels filled; `own` is the lesion's mask in the patch."""
        from scipy import ndimage

        rho = (3 * voxels / (4 * np.pi)) ** (1 / 3)
        radius = int(np.rint(np.clip(self.share * rho, self.low, self.high)))
        near = ndimage.binary_dilation(own, iterations=radius)
        return np.where(near, images, np.float32(self.fill))


@dataclass(frozen=True)
class LesionPatch:
    """The patch of `size` voxels around a lesion's centre of mass, as a network sees it.

    While training the centre moves by up to `shift` voxels along each axis. `focus` hides what is far from
    the lesion; `own_mask` adds the lesion's mask as a last channel, dilated
    `mask_dilation` times with 6 neighbours.
    """

    size: tuple[int, int, int] = (28, 28, 28)
    shift: int = 0
    focus: AdaptiveDilation | None = None
    own_mask: bool = False
    mask_dilation: int = 0

    @property
    def needs_labels(self) -> bool:
        """Whether the label map is looked at."""
        return self.own_mask or self.focus is not None

    def cut(
        self,
        images: np.ndarray,
        labels: np.ndarray | None,
        place: Place,
        rng: np.random.Generator | None = None,
    ) -> np.ndarray:
        """The patch, float32 (channels, x, y, z); shifted if a generator is given."""
        centre: Sequence[int] = place.centre
        if rng is not None and self.shift:
            centre = np.array(centre) + rng.integers(-self.shift, self.shift + 1, 3)
        patch = crop(images, centre, self.size)
        if labels is None or not self.needs_labels:
            return patch
        own = crop(labels, centre, self.size) == place.lesion
        if self.focus is not None:
            patch = self.focus(patch, own, place.voxels)
        return np.concatenate([patch, self._shown(own)]) if self.own_mask else patch

    def _shown(self, own: np.ndarray) -> np.ndarray:
        from scipy import ndimage

        if self.mask_dilation:
            own = ndimage.binary_dilation(own, iterations=self.mask_dilation)
        return own[None].astype(np.float32)

    def smoke(self) -> LesionPatch:
        """At most 24 voxels an edge, shifted by at most one: small patches leave no room for more."""
        return replace(self, size=tuple(min(edge, 24) for edge in self.size), shift=min(self.shift, 1))
