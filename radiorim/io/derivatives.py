"""Lesions as a BIDS derivative: label map, table and sidecars, where other tools look for them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from radiorim import __version__
from radiorim.case import Case
from radiorim.errors import UsageError
from radiorim.io.entities import entity_value
from radiorim.io.files import write_json
from radiorim.io.nifti import save
from radiorim.io.provenance import write_sidecar
from radiorim.io.tables import table_path, write_table
from radiorim.lesions import Lesions
from radiorim.recipe import Recipe

__all__ = ["Derivative", "describe_derivative", "write_derivative"]

BIDS_VERSION = "1.10.0"

_COLUMNS = {
    "volume_mm3": {"Description": "Volume", "Units": "mm3"},
    "x_mm": {"Description": "Centre of mass, to the right (RAS)", "Units": "mm"},
    "y_mm": {"Description": "Centre of mass, to the front (RAS)", "Units": "mm"},
    "z_mm": {"Description": "Centre of mass, upwards (RAS)", "Units": "mm"},
}


@dataclass(frozen=True)
class Derivative:
    """A derived data set: its folder, the recipe that made it, the data set that it was made from."""

    root: Path
    recipe: Recipe
    dataset: Path

    @property
    def link(self) -> str:
        """The way from the derivative to its data set, so that both can move together."""
        return Path(os.path.relpath(self.dataset.absolute(), self.root.absolute())).as_posix()


def describe_derivative(derivative: Derivative) -> Path:
    """Write its `dataset_description.json`."""
    recipe, link = derivative.recipe, derivative.link
    maker = {
        "Name": "radiorim",
        "Version": __version__,
        "Description": f"recipe {recipe.name} ({recipe.digest})",
    }
    content = {
        "Name": f"radiorim {recipe.name}",
        "BIDSVersion": BIDS_VERSION,
        "DatasetType": "derivative",
        "GeneratedBy": [maker],
        "DatasetLinks": {"raw": link},
        "SourceDatasets": [{"URL": link}],
    }
    return write_json(derivative.root / "dataset_description.json", content)


def write_derivative(
    derivative: Derivative,
    case: Case,
    lesions: Lesions,
    *,
    provenance: Mapping[str, Any],
    columns: Mapping[str, Mapping[str, str]] | None = None,
) -> dict[str, Path]:
    """Write the lesions of one case in the derivative's `sub-XX/[ses-YY/]anat`, and what describes it.

    `lesions` must lie on the grid of the scan they belong to: no `space-` is written. `columns` describes the
    columns of their table that are not geometry. The files by key: `labels`
    (`seg-<recipe>_desc-lesions_dseg.nii.gz`), `table` (`.tsv`: index, name, then our columns), `sidecar`, and
    for the task new-lesion `mask` (`label-L_desc-new_mask.nii.gz`) with `mask_sidecar`. Raises `UsageError`
    if the case does not come from a BIDS data set.
    """
    recipe = derivative.recipe
    stem = _folder(derivative.root, case) / case.id
    numbered = _named(stem, f"seg-{entity_value(recipe.name)}_desc-lesions_dseg.nii.gz")
    describe_derivative(derivative)
    sidecar = _sidecar(case, derivative.dataset) | {"radiorim": dict(provenance)}
    written = {"labels": save(lesions.labels, numbered)}
    written["table"] = write_table(_label_table(lesions), table_path(numbered))
    written["sidecar"] = write_sidecar(numbered, sidecar | _COLUMNS | dict(columns or {}))
    if recipe.task == "new-lesion":
        inside = lesions.labels.like(lesions.labels.data > 0)
        written["mask"] = save(inside, _named(stem, "label-L_desc-new_mask.nii.gz"))
        written["mask_sidecar"] = write_sidecar(written["mask"], sidecar)
    return written


def _folder(root: Path, case: Case) -> Path:
    parts = case.id.split("_")
    if parts[0] != case.person or not all(
        part.startswith(start) for part, start in zip(parts, ("sub-", "ses-"), strict=False)
    ):
        raise UsageError(
            f"{case.id!r} is not sub-XX or sub-XX_ses-YY: only cases of a BIDS data set are written as one."
        )
    return root.joinpath(*parts, "anat")


def _named(stem: Path, ending: str) -> Path:
    return stem.with_name(f"{stem.name}_{ending}")


def _label_table(lesions: Lesions) -> Any:
    table = lesions.table.drop(columns=["index", "name"], errors="ignore").rename(columns={"lesion": "index"})
    table.insert(1, "name", [f"lesion {number}" for number in table["index"]])
    return table


def _sidecar(case: Case, dataset: Path) -> dict[str, Any]:
    """BIDS fields. Images of the data set are `bids:raw:` links; a file from elsewhere is named only."""
    sources = []
    for path in case.sources.values():
        absolute = Path(path).absolute()
        inside = absolute.is_relative_to(dataset.absolute())
        sources.append(
            f"bids:raw:{absolute.relative_to(dataset.absolute()).as_posix()}" if inside else absolute.name
        )
    return {"Type": "Lesion", "Sources": sorted(set(sources))}
