"""New lesions of one pair of scans, from two files to a label map, a table and what a report needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from radiorim.case import Case, Lazy
from radiorim.errors import UsageError
from radiorim.io import nifti
from radiorim.io.files import existing
from radiorim.io.provenance import write_sidecar
from radiorim.io.tables import write_table
from radiorim.lesions import Lesions
from radiorim.model import Examination, Model, find_and_tidy, native
from radiorim.prepare.pair import HalfWayPair
from radiorim.recipe import Recipe
from radiorim.runs.learners import apply_model, front, staged_folder
from radiorim.runs.stage import stage_case

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Detection", "detect", "detect_vanished", "pair_case", "registered"]


@dataclass(frozen=True, eq=False)
class Detection:
    """What was found: judged candidates on the working grid, and the found ones on the follow-up's grid."""

    examined: Examination
    found: Lesions
    contributions: pd.DataFrame | None = None


def pair_case(baseline: Path, followup: Path, *, brain_mask: Path | None = None) -> Case:
    """Two scans as a case named after the follow-up, with a mask of the brain if one is given."""
    sources = {"flair0": existing(baseline), "flair": existing(followup)}
    if sources["flair0"].resolve() == sources["flair"].resolve():
        raise UsageError(f"baseline and follow-up are the same file ({followup}). Give two visits.")
    masks = {} if brain_mask is None else {"brain": existing(brain_mask)}
    name = followup.name.removesuffix(".gz").removesuffix(".nii")
    return Case(
        id=name,
        person=name,
        images=Lazy({key: lambda path=path: nifti.load(path) for key, path in sources.items()}),
        masks=Lazy({key: lambda path=path: nifti.load_mask(path) for key, path in masks.items()}),
        sources={key: str(path) for key, path in (sources | masks).items()},
    )


def registered(recipe: Recipe) -> Recipe:
    """The recipe for scans that are on one grid already: its pair is not registered again."""
    steps = tuple(
        replace(step, registered=True) if isinstance(step, HalfWayPair) else step for step in recipe.prepare
    )
    if steps == recipe.prepare:
        raise UsageError(f"{recipe.name} registers no pair, so --registered has no meaning for it.")
    return replace(recipe, prepare=steps)


def detect(model: Model, case: Case, out: Path, *, provenance: Mapping[str, Any] | None = None) -> Detection:
    """Find new lesions and write `new_lesions_dseg.nii.gz`, `new_lesions.tsv` and `candidates.tsv` to `out`.

    The label map lies on the follow-up's own grid and holds the found lesions under the numbers that
    they have in both tables and in the report.
    """
    stage_case(front(model.recipe), case, staged_folder(model.recipe, out / "work", case))
    looked = apply_model(model, case, out / "work")
    judged = looked.lesions
    found = native(looked.case, _called(judged))
    about = {"Sources": list(case.sources.values()), "Type": "Lesion", "radiorim": dict(provenance or {})}
    write_sidecar(nifti.save(found.labels, out / "new_lesions_dseg.nii.gz"), about)
    write_sidecar(write_table(_named(found.table, case), out / "new_lesions.tsv"), COLUMNS)
    write_table(_named(judged.table, case), out / "candidates.tsv")
    shares = None
    if hasattr(model.scorer, "contributions"):
        shares = model.scorer.contributions(judged.table).set_index(judged.table["lesion"])
    return Detection(looked, found, shares)


def detect_vanished(model: Model, looked: Examination, out: Path) -> Lesions:
    """What was there and is gone or smaller: the new lesions of the same pair in reverse.

    On the follow-up's own grid. Writes `vanished_lesions_dseg.nii.gz` and `vanished_lesions.tsv`, where
    `change` (if the recipe makes it) says `vanished` or `shrinking`. The judge never saw such a lesion: it is
    asked whether, with the visits exchanged, this would be a new one.
    """
    case = looked.case
    visits = {"flair": case.image("flair0"), "flair0": case.image("flair")}
    reverse = case.with_(images={**case.images, **visits}, truth=None)
    judged = model.judge(find_and_tidy(model.recipe, model.finder, reverse))
    gone = native(reverse, _called(judged))
    if "change" in gone.table:
        words = gone.table["change"].replace({"new": "vanished", "enlarging": "shrinking"})
        gone = gone.with_columns(change=words)
    nifti.save(gone.labels, out / "vanished_lesions_dseg.nii.gz")
    write_table(_named(gone.table, case), out / "vanished_lesions.tsv")
    return gone


def _called(judged: Lesions) -> Lesions:
    """Those that were found: on a coarser grid, no other candidate may take their voxels."""
    return judged.keep(lambda table: table["found"])


def _named(table: pd.DataFrame, case: Case) -> pd.DataFrame:
    named = table.copy()
    named.insert(0, "case", case.id)
    named.insert(1, "person", case.person)
    return named


COLUMNS: Mapping[str, Mapping[str, Any]] = {
    "case": {"Description": "Session of a person, or the name of the follow-up file"},
    "person": {"Description": "Person"},
    "lesion": {"Description": "Number of the lesion in new_lesions_dseg.nii.gz"},
    "volume_mm3": {"Description": "Volume on the follow-up's own grid", "Units": "mm3"},
    "x_mm": {"Description": "Centre of mass, to the right (scanner space of the follow-up)", "Units": "mm"},
    "y_mm": {"Description": "Centre of mass, to the front", "Units": "mm"},
    "z_mm": {"Description": "Centre of mass, upwards", "Units": "mm"},
    "peak_sd": {"Description": "Highest smoothed difference of the visits, in robust SDs of the brain"},
    "contrast": {"Description": "Mean FLAIR inside minus mean in the surrounding shell, z-scores"},
    "change": {
        "Description": "Whether the place was as bright at the baseline already",
        "Levels": {"new": "it was not", "enlarging": "it was: an old lesion grew, or bright cortex is near"},
    },
    "score": {"Description": "Probability given by the judge; n/a for a recipe that learns nothing"},
    "found": {"Description": "Whether the score reaches the model's threshold"},
}
"""The data dictionary of `new_lesions.tsv` (features are described by `radiorim extract-features`)."""
