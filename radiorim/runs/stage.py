"""Each case examined and measured once, on disk, so that folds, reports and repeated runs share the work."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from radiorim.case import Case
from radiorim.errors import DataError
from radiorim.io import nifti
from radiorim.io.files import read_json, write_json
from radiorim.io.tables import read_table, write_table
from radiorim.lesions import Lesions
from radiorim.model import Examination, find_and_tidy, native, prepared, with_truth
from radiorim.recipe import Recipe, describe
from radiorim.runs.fingerprint import inputs
from radiorim.runs.pairs import drop_outdated, read_pair, up_to_date, write_pair

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Staged", "load_examination", "stage", "stage_case", "write_examination"]

Progress = Callable[[str, int, int], None]
"""Called with a case, how many are done and how many there are."""


@dataclass(frozen=True, eq=False)
class Staged:
    """Measured lesions of a cohort: `table` has one row for each lesion, `cases` everyone who is done.

    `failed` has one row (case, reason) for each case that could not be used.
    """

    table: pd.DataFrame
    cases: tuple[Case, ...]
    failed: pd.DataFrame


def stage(
    recipe: Recipe, cases: Sequence[Case], folder: Path, *, n_jobs: int = 1, progress: Progress | None = None
) -> Staged:
    """Stage every case, `n_jobs` at a time; one that fails is a row in `failed` and the others go on."""
    import pandas as pd
    from joblib import Parallel, delayed

    # Other processes may have another current folder.
    folder = folder.absolute()
    work = Parallel(n_jobs=n_jobs, return_as="generator")(
        delayed(_attempt)(recipe, case, folder / case.id) for case in cases
    )
    tables, done, failed = [], [], []
    for count, (case, reason) in enumerate(zip(cases, work, strict=True), start=1):
        if reason:
            failed.append({"case": case.id, "reason": reason})
        else:
            done.append(case)
            tables.append(read_table(folder / case.id / "lesions.tsv"))
        if progress:
            progress(case.id, count, len(cases))
    table = pd.concat([t for t in tables if len(t)] or tables[:1] or [pd.DataFrame()], ignore_index=True)
    return Staged(table, tuple(done), pd.DataFrame(failed, columns=["case", "reason"]))


def stage_case(recipe: Recipe, case: Case, folder: Path, *, pair: Path | None = None) -> Path:
    """Examine and measure one case into `folder`; done at once if the same inputs were staged the same way.

    `pair` is the folder of the prepared case, if that was written (`shared_pairs`). Writes `lesions.tsv`
    (geometry, features, truth where known), `labels.nii.gz` (working grid), `native.nii.gz` (the scan's own
    grid), a registered pair that lies nowhere else (`write_pair`), and last `stage.json`.
    """
    key = _key(recipe, case)
    if up_to_date(folder / "stage.json", key):
        return folder
    ready = prepared(recipe, case) if pair is None else read_pair(case, pair)
    looked = find_and_tidy(recipe, recipe.find.fit((), seed=0), ready)
    looked = with_truth(looked, recipe.task)
    if recipe.judge:
        looked = replace(looked, lesions=recipe.judge.measure(looked.case, looked.lesions))
    write_examination(looked, folder, key, pair=pair)
    ready.release()
    case.release()
    return folder


def write_examination(looked: Examination, folder: Path, key: str, *, pair: Path | None = None) -> None:
    """What `stage_case` leaves of a case; `stage.json` comes last and holds the key."""
    case, lesions = looked.case, looked.lesions
    drop_outdated(folder / "stage.json", key)
    write_table(_identified(lesions.table, case), folder / "lesions.tsv")
    nifti.save(lesions.labels, folder / "labels.nii.gz")
    nifti.save(native(case, lesions).labels, folder / "native.nii.gz")
    facts = {"key": key, "skipped": list(looked.skipped), "pair": None}
    if case.placement is not None:
        if pair is None:
            write_pair(case, folder, key)
        facts["pair"] = os.path.relpath(pair or folder, folder)
    write_json(folder / "stage.json", facts)


def load_examination(recipe: Recipe, case: Case, folder: Path) -> Examination:
    """The examination that `stage_case` wrote; its table holds the measured features.

    Image, masks and truth of a registered pair are those of the working grid.
    """
    facts = read_json(folder / "stage.json")
    table = read_table(folder / "lesions.tsv").drop(columns=["case", "person"])
    lesions = Lesions(nifti.load_labels(folder / "labels.nii.gz"), table)
    if facts["pair"] is not None:
        return Examination(read_pair(case, folder / facts["pair"]), lesions, tuple(facts["skipped"]))
    for step in recipe.prepare:
        case = step(case)
    return Examination(case, lesions, tuple(facts["skipped"]))


def _attempt(recipe: Recipe, case: Case, folder: Path) -> str:
    """Stage a case; the reason if its data cannot be used. What holds for every case stops the run: a bug
    of ours, a missing extra, a recipe that makes no sense.
    """
    try:
        stage_case(recipe, case, folder)
    except DataError as error:
        return str(error)
    finally:
        case.release()
    return ""


def _key(recipe: Recipe, case: Case) -> str:
    """What a staged case depends on: the blocks before the classifier, and the case itself."""
    measures = getattr(recipe.judge, "measures", ())
    blocks = describe([recipe.task, recipe.prepare, recipe.find, recipe.tidy, measures])
    return hashlib.sha256(json.dumps([blocks, inputs(case)], sort_keys=True).encode()).hexdigest()[:16]


def _identified(table: pd.DataFrame, case: Case) -> pd.DataFrame:
    ordered = table.copy()
    ordered.insert(0, "case", case.id)
    ordered.insert(1, "person", case.person)
    return ordered
