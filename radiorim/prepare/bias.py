"""Smooth intensity errors of the coil: in one scan (N4), and between two scans of one person."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from radiorim.case import Case
from radiorim.errors import DataError, UsageError
from radiorim.io.sitk import from_sitk, to_sitk
from radiorim.prepare._run import repeatable, require_finite, step
from radiorim.volume import Volume, require_same_grid

if TYPE_CHECKING:
    import SimpleITK

__all__ = ["N4", "differential_bias", "n4"]

_FITTED_MM = 4.0
"""N4 fits on voxels of about this edge: .012-.016 from a full fit at a ninth of its time (measured)."""

_LARGEST_LOG_RATIO = 0.5
"""The log ratio of two visits is clipped here, so that lesions that come or go hardly pull the bias."""


@dataclass(frozen=True)
class N4:
    """N4 of the named images, with its own numbers: as a step of its own, or as the settings of `n4`.

    `iterations` holds the most iterations of each level; `fwhm` and `wiener_noise` shape the deconvolution of
    the histogram; `tolerance` ends a level. The defaults are ITK's, but for four levels.
    """

    images: tuple[str, ...] = ("flair0", "flair")
    iterations: tuple[int, ...] = (50, 50, 50, 50)
    tolerance: float = 1e-3
    fwhm: float = 0.15
    wiener_noise: float = 0.01

    def __post_init__(self) -> None:
        if not self.iterations or min(self.iterations) < 1:
            raise UsageError(f"iterations must hold a number above 0 for each level, not {self.iterations}.")

    def __call__(self, case: Case) -> Case:
        """The case with these images corrected, each on its own grid, above Otsu's threshold."""
        made = {}
        for name in self.images:
            with step(f"N4 of {name}"):
                made[name] = n4(case.image(name), settings=self)
        return case.with_(images={**case.images, **made})


def n4(volume: Volume, mask: Volume | None = None, *, settings: N4 | None = None) -> Volume:
    """The volume divided by the multiplicative bias field that N4 (Tustison 2010) finds in it.

    The field is fitted on about 4 mm voxels (by `settings`, else by those of `N4()`) inside `mask`, or above
    Otsu's threshold when there is none, and applied at full resolution. The mean log field inside is 0, so
    the level of the image stays. The same input gives the same bytes on any number of cores.
    """
    import SimpleITK as sitk

    image = to_sitk(require_finite(volume.like(volume.data.astype(np.float32, copy=False)), "the image"))
    inside = to_sitk(_fitted_region(volume, mask))
    factors = [max(1, int(np.ceil(_FITTED_MM / edge - 1e-3))) for edge in volume.spacing]
    factors = [min(factor, max(1, n // 4)) for factor, n in zip(factors, volume.shape, strict=True)]
    with repeatable():
        small, small_mask = sitk.Shrink(image, factors), sitk.Shrink(inside, factors)
        correct = sitk.N4BiasFieldCorrectionImageFilter()
        _set_up(correct, settings or N4())
        try:
            correct.Execute(small, small_mask)
        except RuntimeError as error:
            raise DataError(f"N4 failed on {volume.source or 'the image'}: {_last_line(error)}.") from error
        field = from_sitk(correct.GetLogBiasFieldAsImage(image)).data.astype(np.float32, copy=False)
    field -= field[from_sitk(inside).data > 0].mean(dtype=float)
    return volume.like(volume.data / np.exp(field))


def _set_up(correct: SimpleITK.N4BiasFieldCorrectionImageFilter, settings: N4) -> None:
    correct.SetMaximumNumberOfIterations(list(settings.iterations))
    correct.SetConvergenceThreshold(settings.tolerance)
    correct.SetBiasFieldFullWidthAtHalfMaximum(settings.fwhm)
    correct.SetWienerFilterNoise(settings.wiener_noise)


def differential_bias(
    first: Volume, second: Volume, mask: Volume, *, sigma_mm: float = 15.0
) -> tuple[Volume, Volume]:
    """Both scans with half of their smooth ratio taken from each (Lewis and Fox 2004, with a Gaussian).

    b = G(m * clip(log(second / first) - median, -.5, .5)) / G(m), G a Gaussian of `sigma_mm`, m the voxels of
    `mask` that are positive in both; first * exp(b / 2), second * exp(-b / 2). A global factor between the
    scans is left to intensity matching. Outside the reach of the mask b is 0.
    """
    from scipy import ndimage

    require_same_grid({"the first scan": first, "the second scan": second, "the mask": mask})
    inside = (mask.data != 0) & (first.data > 0) & (second.data > 0)
    if not inside.any():
        raise DataError("no voxel of the mask is positive in both scans: their bias cannot be compared.")
    ratio = np.log(second.data[inside] / first.data[inside])
    clipped = np.clip(ratio - np.median(ratio), -_LARGEST_LOG_RATIO, _LARGEST_LOG_RATIO)
    field = np.zeros(mask.shape, dtype=np.float32)
    field[inside] = clipped
    sigmas = [sigma_mm / edge for edge in mask.spacing]
    weight = ndimage.gaussian_filter(inside.astype(np.float32), sigmas, mode="constant", truncate=3)
    field = ndimage.gaussian_filter(field, sigmas, mode="constant", truncate=3)
    field = np.where(weight > 1e-3, field / np.maximum(weight, 1e-3), np.float32(0))
    return first.like(first.data * np.exp(field / 2)), second.like(second.data * np.exp(-field / 2))


def _fitted_region(volume: Volume, mask: Volume | None) -> Volume:
    """Positive voxels inside the mask or above Otsu's threshold: N4 works on logarithms."""
    import SimpleITK as sitk

    if mask is None:
        inside = from_sitk(sitk.OtsuThreshold(to_sitk(volume), 0, 1, 200)).data > 0
    else:
        require_same_grid({volume.source or "the image": volume, mask.source or "the mask": mask})
        inside = mask.data != 0
    inside &= volume.data > 0
    if not inside.any():
        raise DataError(
            f"{volume.source or 'the image'} has no positive voxel to fit a bias to. Check image and mask."
        )
    return volume.like(inside)


def _last_line(error: RuntimeError) -> str:
    return str(error).strip().splitlines()[-1].strip()
