"""Texture (and, if asked, shape and first order) of each lesion by pyradiomics, the reference."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from radiorim.errors import UnknownName, UsageError, require
from radiorim.features.binning import check_bins, require_few_bins
from radiorim.features.naming import Dictionary, chosen, entry
from radiorim.features.regions import aligned_image, feature_frame, regions
from radiorim.features.texturenames import FEATURES, column_names

if TYPE_CHECKING:
    import pandas as pd

    from radiorim.case import Case
    from radiorim.features.pyradiomics import Crop
    from radiorim.lesions import Lesions

__all__ = ["ENGINES", "FILTERS", "Texture"]

ENGINES = ("pyradiomics",)
"""What computes; the extra `[pyradiomics]` brings the reference."""

FILTERS = {"original": 1, "gradient": 2, "wavelet": 6}
"""Filters and the voxels around a lesion that they need."""


@dataclass(frozen=True)
class Texture:
    """The named classes of features of each image, one call of pyradiomics for each lesion on its own crop.

    Grey levels are bins of `bin_width` image units (edges at its multiples) or, where that is None,
    `bin_count` equal bins between the lesion's own extremes. Class `shape` is computed once, from the mask. A
    crop reaches as far around the lesion as the filters need. chi is in ppb.
    """

    images: tuple[str, ...] = ("chi", "flair")
    engine: str = "pyradiomics"
    classes: tuple[str, ...] = ("glcm", "glrlm", "glszm", "gldm", "ngtdm")
    filters: tuple[str, ...] = ("original",)
    bin_width: float | None = 25.0
    bin_count: int = 32

    def __post_init__(self) -> None:
        for kind, names, known in (
            ("engine", (self.engine,), ENGINES),
            ("feature class", self.classes, FEATURES),
            ("filter", self.filters, FILTERS),
        ):
            for name in names:
                if name not in known:
                    raise UnknownName(kind, name, known)
        if not (self.images and self.classes and self.filters):
            raise UsageError("Texture needs at least one image, one class and one filter.")
        check_bins(self.bin_width, self.bin_count)

    @property
    def needs(self) -> tuple[str, ...]:
        """The images that a case must have."""
        return tuple(self.images)

    def __call__(self, case: Case, lesions: Lesions) -> pd.DataFrame:
        """One row for each lesion; a lesion of one voxel has no texture: NaN."""
        return self.measure(case, lesions, n_jobs=1)

    def measure(self, case: Case, lesions: Lesions, *, n_jobs: int) -> pd.DataFrame:
        """The same on several processes, with the same result.

        Raises `MissingExtra` without pyradiomics, and `DataError` where `bin_width` does not fit the values.
        """
        from joblib import Parallel, delayed

        from radiorim.features.pyradiomics import Settings, extract

        require("radiomics", "pyradiomics")
        settings = Settings(tuple(self.classes), tuple(self.filters), self.bin_width, self.bin_count)
        jobs = (delayed(extract)(crop, settings) for crop in self._crops(case, lesions))
        rows = Parallel(n_jobs=n_jobs, batch_size=8 if n_jobs != 1 else 1)(jobs)
        return feature_frame(lesions.numbers, list(self._known()), rows)

    def dictionary(self, names: Sequence[str]) -> Dictionary:
        """What each of these columns means."""
        return chosen(self._known(), names)

    def _known(self) -> Dictionary:
        return {
            column: entry(*FEATURES[kind][name], reference=f"{band}_{kind}_{name}")
            for column, (kind, name, band) in column_names(self.images, self.classes, self.filters).items()
        }

    def _crops(self, case: Case, lesions: Lesions) -> Iterator[Crop]:
        from radiorim.features.pyradiomics import Crop

        volumes = {name: aligned_image(case, name, lesions) for name in self.images}
        spacing = lesions.labels.spacing
        margin = max(FILTERS[name] for name in self.filters)
        for region in regions(lesions):
            box = tuple(
                slice(max(side.start - margin, 0), min(side.stop + margin, length))
                for side, length in zip(region.box, lesions.labels.shape, strict=True)
            )
            for volume in volumes.values():
                values = region.values(volume)
                if self.bin_width is not None:
                    require_few_bins(values.min(), values.max(), self.bin_width)
            images = {name: volume.data[box].astype(np.float64) for name, volume in volumes.items()}
            yield Crop(images, lesions.labels.data[box] == region.number, spacing)
