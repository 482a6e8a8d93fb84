"""Images in layers around the lesion's surface: the rim, the core and the surround."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from radiorim.features.naming import Dictionary, chosen, entry
from radiorim.features.regions import aligned_image, feature_frame, regions
from radiorim.features.rim import NEIGHBOURS, RIM_ENTRIES, Rim
from radiorim.features.shells import Shells

if TYPE_CHECKING:
    import pandas as pd

    from radiorim.case import Case
    from radiorim.lesions import Lesions

__all__ = ["RimLayers"]


@dataclass(frozen=True)
class RimLayers:
    """Each image in shells of `width_mm`, `inward` and `outward` of the lesion's surface, and around the rim.

    A voxel's depth is the distance of its centre from the nearest face between lesion and not-lesion. The
    shell from a to b holds a < depth <= b. The rim is the first shell inward, the core all of the lesion that
    lies deeper, the surround all outward shells. Voxels of other lesions are in no outward shell.
    """

    images: tuple[str, ...] = ("chi", "flair")
    width_mm: float = 1.0
    inward: int = 3
    outward: int = 3

    def __post_init__(self) -> None:
        Shells(self.width_mm, self.inward, self.outward)

    @property
    def needs(self) -> tuple[str, ...]:
        """The images that a case must have."""
        return tuple(self.images)

    def __call__(self, case: Case, lesions: Lesions) -> pd.DataFrame:
        """One row for each lesion; what needs a shell or a core that the lesion does not have is NaN.

        Raises `DataError` where voxels are so large that no lesion of the grid can have a rim.
        """
        spacing = lesions.labels.spacing
        shells = Shells(self.width_mm, self.inward, self.outward)
        shells.require_fitting_voxels(spacing)
        volumes = {name: aligned_image(case, name, lesions) for name in self.images}
        rows = []
        for region in regions(lesions, margin_mm=shells.margin_mm):
            layers = shells.number(region, spacing)
            rim = Rim.of(region.inside, layers == 1, spacing, NEIGHBOURS)
            row: dict[str, float] = {}
            for name, volume in volumes.items():
                values = region.values(volume, layers != 0)
                features = self._measure(values, layers[layers != 0], rim)
                row |= {f"{name}_layers_{key}": value for key, value in features.items()}
            rows.append(row)
        return feature_frame(lesions.numbers, list(self._known()), rows)

    def dictionary(self, names: Sequence[str]) -> Dictionary:
        """What each of these columns means; the unit `image` is that of the image (chi: ppb)."""
        return chosen(self._known(), names)

    def _known(self) -> Dictionary:
        entries = {**self._shell_entries(), **_PART_ENTRIES, **RIM_ENTRIES}
        return {f"{image}_layers_{key}": meaning for image in self.images for key, meaning in entries.items()}

    def _shell_entries(self) -> Dictionary:
        entries: Dictionary = {}
        for layer, name in self._shells().items():
            low, high = ((abs(layer) - 1) * self.width_mm, abs(layer) * self.width_mm)
            where = f"shell {low:g}-{high:g} mm {'inward' if layer > 0 else 'outward'} of the surface"
            empty = "NaN where the shell holds no voxel"
            entries[f"{name}_mean"] = entry(f"mean in the {where}", "image", span="any", degenerate=empty)
            entries[f"{name}_sd"] = entry(
                f"SD (divided by n) in the {where}", "image", span="0 or more", degenerate=empty
            )
            if layer != 1:
                entries[f"{name}_minus_core"] = entry(
                    f"mean in the {where} - core_mean", "image", span="any", degenerate=f"{empty}, or no core"
                )
        return entries

    def _shells(self) -> dict[int, str]:
        """Layer number (1.. inward, -1.. outward) to name, the innermost shell first."""
        inward = {k: f"shell_in_{self._span(k)}" for k in range(self.inward, 0, -1)}
        return inward | {-k: f"shell_out_{self._span(k)}" for k in range(1, self.outward + 1)}

    def _span(self, shell: int) -> str:
        return "_".join(f"{edge * self.width_mm:g}".replace(".", "p") for edge in (shell - 1, shell))

    def _measure(self, values: np.ndarray, layers: np.ndarray, rim: Rim) -> dict[str, float]:
        means, sds = _by_layer(values, layers + self.outward, self.outward + self.inward + 2)
        core, core_sd = _mean_sd(values[layers > 1])
        surround, surround_sd = _mean_sd(values[layers < 0])
        features: dict[str, float] = {}
        for layer, name in self._shells().items():
            mean = means[layer + self.outward]
            features |= {f"{name}_mean": mean, f"{name}_sd": sds[layer + self.outward]}
            if layer != 1:
                features[f"{name}_minus_core"] = mean - core
        edge, outside = means[self.outward + 1], means[self.outward - 1]
        return features | {
            "core_mean": core,
            "core_sd": core_sd,
            "surround_mean": surround,
            "surround_sd": surround_sd,
            "lesion_minus_surround": values[layers > 0].mean() - surround,
            "rim_minus_core": edge - core,
            "rim_minus_outside": edge - outside,
            **rim.measure(values[layers == 1], core, outside),
        }


_NO_CORE, _NO_SURROUND = "NaN without a core", "NaN where other lesions leave no surround"
_PART_ENTRIES = {
    name: entry(formula, "image", span="0 or more" if name.endswith("_sd") else "any", degenerate=degenerate)
    for name, formula, degenerate in (
        ("core_mean", "mean of the core: the lesion deeper than its first inward shell", _NO_CORE),
        ("core_sd", "SD (divided by n) of the core", _NO_CORE),
        ("surround_mean", "mean of all outward shells together, other lesions excluded", _NO_SURROUND),
        ("surround_sd", "SD (divided by n) of all outward shells together", _NO_SURROUND),
        ("lesion_minus_surround", "mean of the lesion - surround_mean", _NO_SURROUND),
        ("rim_minus_core", "mean of the rim (first inward shell) - core_mean", _NO_CORE),
        ("rim_minus_outside", "mean of the rim - mean of the first outward shell", _NO_SURROUND),
    )
}


def _by_layer(values: np.ndarray, layers: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Mean and SD in each of the layers 0..count-1, NaN where a layer has no voxel."""
    voxels = np.bincount(layers, minlength=count).astype(float)
    voxels[voxels == 0] = np.nan
    means = np.bincount(layers, values, minlength=count) / voxels
    squares = np.bincount(layers, (values - means[layers]) ** 2, minlength=count)
    return means, np.sqrt(squares / voxels)


def _mean_sd(values: np.ndarray) -> tuple[float, float]:
    return (float(values.mean()), float(values.std())) if values.size else (np.nan, np.nan)
