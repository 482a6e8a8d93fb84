"""Each case examined and measured once, on disk, so that folds, reports and repeated runs share the work."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from radiorim import __version__
from radiorim.case import Case, Lazy, Placement
from radiorim.errors import DataError
from radiorim.io import nifti
from radiorim.io.files import read_json, sha256, write_json
from radiorim.io.tables import read_table, write_table
from radiorim.lesions import Lesions
from radiorim.model import Examination, examine, native, with_truth
from radiorim.recipe import Recipe, describe

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Staged", "load_examination", "stage", "stage_case", "truth_digest", "write_examination"]

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


def stage_case(recipe: Recipe, case: Case, folder: Path) -> Path:
    """Examine and measure one case into `folder`; done at once if the same inputs were staged the same way.

    Writes `lesions.tsv` (geometry, features, truth where known), `labels.nii.gz` (working grid),
    `native.nii.gz` (the scan's own grid), the prepared images and truth of a registered pair, and last
    `stage.json`.
    """
    key, record = _key(recipe, case), folder / "stage.json"
    if record.exists() and read_json(record)["key"] == key:
        return folder
    looked = with_truth(examine(recipe, recipe.find.fit((), seed=0), case), recipe.task)
    if recipe.judge:
        looked = replace(looked, lesions=recipe.judge.measure(looked.case, looked.lesions))
    write_examination(looked, folder, key)
    case.release()
    return folder


def write_examination(looked: Examination, folder: Path, key: str) -> None:
    """What `stage_case` leaves of a case; `stage.json` comes last and holds the key."""
    prepared, lesions = looked.case, looked.lesions
    write_table(_identified(lesions.table, prepared), folder / "lesions.tsv")
    nifti.save(lesions.labels, folder / "labels.nii.gz")
    nifti.save(native(prepared, lesions).labels, folder / "native.nii.gz")
    if prepared.placement is not None:
        for name, volume in _pictures(prepared).items():
            nifti.save(volume, folder / f"{name}.nii.gz")
        if prepared.truth is not None:
            true = prepared.truth()
            nifti.save(true.labels, folder / "truth.nii.gz")
            write_table(true.table, folder / "truth.tsv")
    write_json(folder / "stage.json", {"key": key, **_facts(prepared, looked.skipped)})


def load_examination(recipe: Recipe, case: Case, folder: Path) -> Examination:
    """The examination that `stage_case` wrote; its table holds the measured features.

    Image, masks and truth of a registered pair are those of the working grid.
    """
    facts = read_json(folder / "stage.json")
    table = read_table(folder / "lesions.tsv").drop(columns=["case", "person"])
    lesions = Lesions(nifti.load_labels(folder / "labels.nii.gz"), table)
    if facts["to_native"] is None:
        for step in recipe.prepare:
            case = step(case)
        return Examination(case, lesions, tuple(facts["skipped"]))
    grid = nifti.load_labels(folder / "native.nii.gz")
    prepared = replace(
        case,
        images=_stored(folder, "image-", nifti.load),
        masks=_stored(folder, "mask-", nifti.load_mask),
        truth=None if case.truth is None else partial(_stored_truth, folder),
        placement=Placement(grid, np.array(facts["to_native"])),
        notes=tuple(facts["notes"]),
        quality=facts["quality"],
    )
    return Examination(prepared, lesions, tuple(facts["skipped"]))


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
    """What a staged case depends on: the blocks before the classifier, the bytes of its files, its truth."""
    measures = getattr(recipe.judge, "measures", ())
    blocks = describe([recipe.task, recipe.prepare, recipe.find, recipe.tidy, measures])
    files = {name: sha256(Path(path)) for name, path in sorted(case.sources.items())}
    what = [__version__, blocks, files, truth_digest(case)]
    return hashlib.sha256(json.dumps(what, sort_keys=True).encode()).hexdigest()[:16]


def truth_digest(case: Case) -> str:
    """A fingerprint of the true lesions of a case: `sources` names what the recipe reads, not the truth."""
    if case.truth is None:
        return ""
    truth = case.truth()
    labels = np.ascontiguousarray(truth.labels.data, dtype=np.int32).tobytes()
    return hashlib.sha256(labels + truth.table.to_csv(index=False).encode()).hexdigest()


def _identified(table: pd.DataFrame, case: Case) -> pd.DataFrame:
    ordered = table.copy()
    ordered.insert(0, "case", case.id)
    ordered.insert(1, "person", case.person)
    return ordered


def _pictures(case: Case) -> dict[str, Any]:
    images = {f"image-{name}": case.images[name] for name in case.images}
    return images | {f"mask-{name}": case.masks[name] for name in case.masks}


def _facts(case: Case, skipped: Sequence[str]) -> dict[str, Any]:
    return {
        "notes": list(case.notes),
        "quality": {name: float(value) for name, value in case.quality.items()},
        "skipped": list(skipped),
        "to_native": None if case.placement is None else case.placement.to_native.tolist(),
    }


def _stored_truth(folder: Path) -> Lesions:
    return Lesions(nifti.load_labels(folder / "truth.nii.gz"), read_table(folder / "truth.tsv"))


def _stored(folder: Path, prefix: str, load: Callable[[Path], Any]) -> Mapping[str, Any]:
    files = sorted(folder.glob(f"{prefix}*.nii.gz"))
    return Lazy({path.name[len(prefix) : -len(".nii.gz")]: lambda path=path: load(path) for path in files})
