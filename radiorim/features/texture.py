"""Texture (and, if asked, shape and first order) of each lesion, by our own kernels or by pyradiomics."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from radiorim.errors import UnknownName, UsageError
from radiorim.features.binning import check_bins
from radiorim.features.limits import limits
from radiorim.features.naming import Dictionary, chosen, entry, snake_case
from radiorim.features.regions import aligned_image, feature_frame
from radiorim.features.texturenames import FEATURES, FILTERS, column_names
from radiorim.features.texturesettings import WAVELETS, Filtering, Neighbours, Preprocessing

if TYPE_CHECKING:
    import pandas as pd

    from radiorim.case import Case
    from radiorim.lesions import Lesions

__all__ = ["ENGINES", "Texture"]

ENGINES = ("fast", "pyradiomics")
"""What computes: our kernels for all lesions at once, or the reference, extra `[pyradiomics]`, for each."""


@dataclass(frozen=True)
class Texture:
    """The named classes of features of each image after each filter, by pyradiomics' definitions.

    Filters see the whole volume. Grey levels are bins of `bin_width` image units (edges at its multiples) or,
    where that is None, `bin_count` equal bins between the lesion's own extremes. Class `shape` is computed
    once, from the mask. `leave_out` names features as `<class>_<feature>` (`glcm_sum_average`). Both engines
    give the same numbers; what `fast` cannot do it refuses. chi is in ppb.
    """

    images: tuple[str, ...] = ("chi", "flair")
    engine: str = "fast"
    classes: tuple[str, ...] = ("glcm", "glrlm", "glszm", "gldm", "ngtdm")
    filters: tuple[str, ...] = ("original",)
    bin_width: float | None = 25.0
    bin_count: int = 32
    leave_out: tuple[str, ...] = ()
    filtering: Filtering = field(default_factory=Filtering)
    preprocessing: Preprocessing = field(default_factory=Preprocessing)
    neighbours: Neighbours = field(default_factory=Neighbours)

    def __post_init__(self) -> None:
        features = [f"{kind}_{snake_case(name)}" for kind, names in FEATURES.items() for name in names]
        for kind, names, known in (
            ("engine", (self.engine,), ENGINES),
            ("feature class", self.classes, FEATURES),
            ("filter", self.filters, FILTERS),
            ("feature", self.leave_out, features),
        ):
            for name in names:
                if name not in known:
                    raise UnknownName(kind, name, known)
        if not (self.images and self.classes and self.filters):
            raise UsageError("Texture needs at least one image, one class and one filter.")
        if "log" in self.filters and not self.filtering.sigmas_mm:
            raise UsageError("the filter 'log' needs at least one of sigmas_mm.")
        check_bins(self.bin_width, self.bin_count)
        if self.engine == "fast":
            _refuse_what_only_the_reference_does(self)

    @property
    def needs(self) -> tuple[str, ...]:
        """The images that a case must have."""
        return tuple(self.images)

    def __call__(self, case: Case, lesions: Lesions) -> pd.DataFrame:
        """One row for each lesion; what a lesion is too small for is NaN."""
        return self.measure(case, lesions, n_jobs=1)

    def measure(self, case: Case, lesions: Lesions, *, n_jobs: int) -> pd.DataFrame:
        """The same on several cores, with the same result.

        Raises `MissingExtra` where the engine is not installed, and `DataError` for values that are not
        finite, for an image too small for a filter and where `bin_width` does not fit the values.
        """
        if self.engine == "fast":
            from radiorim.features.texturefast import measure_texture
        else:
            from radiorim.features.pyradiomics import measure_texture

        volumes = {name: aligned_image(case, name, lesions) for name in self.images}
        columns = list(self._known())
        if not len(lesions):
            return feature_frame([], columns, [])
        return measure_texture(self, volumes, lesions, n_jobs=n_jobs).reindex(columns=columns)

    def dictionary(self, names: Sequence[str]) -> Dictionary:
        """What each of these columns means."""
        return chosen(self._known(), names)

    def _known(self) -> Dictionary:
        columns = column_names(
            self.images,
            self.classes,
            self.filters,
            sigmas_mm=self.filtering.sigmas_mm,
            leave_out=self.leave_out,
        )
        return {
            column: entry(
                *FEATURES[kind][name],
                reference=f"{band}_{kind}_{name}",
                **limits(kind, name, one_voxel="NaN for one voxel"),
            )
            for column, (kind, name, band) in columns.items()
        }


def _refuse_what_only_the_reference_does(block: Texture) -> None:
    filtering, neighbours = block.filtering, block.neighbours
    for asked, what in (
        (block.preprocessing.resample_mm is not None, "resampling"),
        (filtering.padding_voxels is not None, "filtering on each lesion's own crop (padding_voxels)"),
        ("lbp3d" in block.filters, "the filter 'lbp3d'"),
        (
            "wavelet" in block.filters and filtering.wavelet not in WAVELETS,
            f"the wavelet {filtering.wavelet!r}",
        ),
        (neighbours != Neighbours(), "other neighbours than those at distance 1, unweighted"),
    ):
        if asked:
            raise UsageError(
                f"the engine 'fast' does not do {what}. Use --engine pyradiomics "
                "(in a recipe: Texture(engine='pyradiomics'))."
            )
