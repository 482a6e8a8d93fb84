"""Feature tables: lesions of one set of images or of a whole data set, measured case by case."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from radiorim import __version__
from radiorim.case import Case, Lazy
from radiorim.classic.given import Given
from radiorim.errors import DataError
from radiorim.features.sets import feature_set
from radiorim.features.table import dictionary, measure
from radiorim.io import nifti
from radiorim.io.bids import load_chi
from radiorim.io.files import existing, read_json, sha256, write_json
from radiorim.io.tables import read_table, write_table
from radiorim.metrics.truth import new_truth, rim_truth
from radiorim.recipe import Measure, describe
from radiorim.runs.fingerprint import truth_digest
from radiorim.runs.stage import Progress
from radiorim.volume import Volume

if TYPE_CHECKING:
    import pandas as pd

    from radiorim.lesions import Lesions

__all__ = ["Extracted", "Extraction", "common_images", "common_masks", "extract", "files_case"]

FIRST = ("case", "person", "lesion", "volume_mm3", "x_mm", "y_mm", "z_mm", "too_small")


@dataclass(frozen=True)
class Extraction:
    """What is measured: a named feature set on named images, and how a mask is split into lesions.

    `engine` is who computes texture; `masks` are those that every case has (such as `brain`, for depth).
    `truth` is None, "rim" or "new-lesion": whether, and for which task, the column `truth` is added.
    """

    images: tuple[str, ...]
    features: str = "basic"
    connectivity: int = 26
    masks: tuple[str, ...] = ()
    engine: str = "fast"
    truth: str | None = None

    @property
    def blocks(self) -> tuple[Measure, ...]:
        """The feature blocks, the same for every case."""
        return feature_set(self.features, self.images, masks=self.masks, engine=self.engine)


@dataclass(frozen=True, eq=False)
class Extracted:
    """What came of an extraction: the table and what its feature columns mean.

    `failed` has a row (case, reason) for each case that could not be used; `notes` are sentences on what was
    repaired in the images of those that could.
    """

    table: pd.DataFrame
    dictionary: dict[str, Any]
    failed: pd.DataFrame
    notes: tuple[str, ...]


def common_images(cases: Sequence[Case]) -> tuple[str, ...]:
    """The images that every case has; not `flair0`, which lies on the grid of the earlier visit."""
    shared = set.intersection(*(set(case.images) for case in cases)) - {"flair0"}
    if not shared:
        raise DataError(
            f"the {len(cases)} cases have no image in common. Name one that most have: --image NAME."
        )
    return tuple(sorted(shared))


def common_masks(cases: Sequence[Case]) -> tuple[str, ...]:
    """The masks that every case has, beside the lesions themselves."""
    return tuple(sorted(set.intersection(*(set(case.masks) for case in cases)) - {"lesions"}))


def files_case(images: Mapping[str, Path], labels: Path, *, brain: Path | None = None) -> Case:
    """Named image files and a label map as a case."""
    masks = {"lesions": existing(labels)} | ({} if brain is None else {"brain": existing(brain)})
    name = labels.name.removesuffix(".gz").removesuffix(".nii")
    return Case(
        id=name,
        person=name,
        images=Lazy({key: partial(_load, key, path) for key, path in images.items()}),
        masks=Lazy({key: lambda path=path: nifti.load_labels(path) for key, path in masks.items()}),
        sources={key: str(existing(path)) for key, path in {**images, **masks}.items()},
    )


def _load(name: str, path: Path) -> Volume:
    """An image; one that is named chi is brought to ppb, as in a data set."""
    return load_chi(path) if name == "chi" else nifti.load(path)


def extract(
    plan: Extraction,
    cases: Sequence[Case],
    folder: Path,
    *,
    n_jobs: int | None = 1,
    progress: Progress | None = None,
) -> Extracted:
    """Measure every case; `n_jobs` None leaves the number of workers to joblib's current backend.

    Each case is kept in `folder` as soon as it is done, and read back when the same is asked again. Raises
    `DataError` if every case fails.
    """
    import pandas as pd

    tables, failed, notes = [], [], []
    for case, reason in _attempts(plan, cases, folder.absolute(), n_jobs, progress):
        if reason:
            failed.append({"case": case.id, "reason": reason})
            continue
        path = _kept(plan, case, folder)
        tables.append(read_table(path))
        notes += read_json(path.with_suffix(".json"))["notes"]
    if not tables:
        first = failed[0]
        raise DataError(
            first["reason"]
            if len(cases) == 1
            else f"no case could be used; {first['case']}: {first['reason']}"
        )
    table = pd.concat([rows for rows in tables if len(rows)] or tables[:1], ignore_index=True)
    left_out = pd.DataFrame(failed, columns=["case", "reason"])
    return Extracted(table, dictionary(plan.blocks, table), left_out, tuple(dict.fromkeys(notes)))


def _attempts(
    plan: Extraction, cases: Sequence[Case], folder: Path, n_jobs: int | None, progress: Progress | None
) -> Iterator[tuple[Case, str]]:
    """Each case in its order with why it failed, if it did; a case that is alone shares out its lesions."""
    from joblib import Parallel, delayed

    alone = len(cases) == 1 and n_jobs is not None
    work = Parallel(n_jobs=1 if alone else n_jobs, return_as="generator")(
        delayed(_attempt)(plan, case, folder, n_jobs if alone else 1) for case in cases
    )
    for count, (case, reason) in enumerate(zip(cases, work, strict=True), start=1):
        if progress:
            progress(case.id, count, len(cases))
        yield case, reason


def _attempt(plan: Extraction, case: Case, folder: Path, n_jobs: int) -> str:
    try:
        path = _kept(plan, case, folder)
        if not path.exists():
            table = _measured(plan, case, n_jobs)
            notes = [f"{case.id}, {name}: {note}" for name in plan.images for note in case.images[name].notes]
            write_json(path.with_suffix(".json"), {"notes": notes})
            write_table(table, path)
    except DataError as error:
        return str(error)
    finally:
        case.release()
    return ""


def _measured(plan: Extraction, case: Case, n_jobs: int) -> pd.DataFrame:
    lesions = Given(connectivity=plan.connectivity)(case)
    measured = measure(case, lesions, plan.blocks, n_jobs)
    table = measured.table.assign(case=case.id, person=case.person)
    ordered = table[[*FIRST, *[name for name in table if name not in FIRST]]]
    return ordered if plan.truth is None else ordered.assign(truth=_truth(plan.truth, case, lesions))


def _truth(task: str, case: Case, lesions: Lesions) -> Any:
    if case.truth is None:
        raise DataError(f"{case.id} has no truth (derivatives/truth), so the column `truth` cannot be added.")
    return (rim_truth if task == "rim" else new_truth)(case.truth(), lesions)


def _kept(plan: Extraction, case: Case, folder: Path) -> Path:
    """Where a case's table is kept: the name holds what it depends on."""
    files = {name: sha256(Path(path)) for name, path in sorted(case.sources.items())}
    truth = truth_digest(case) if plan.truth else ""
    what = json.dumps([__version__, describe(plan), describe(plan.blocks), files, truth], sort_keys=True)
    return folder / f"{case.id}-{hashlib.sha256(what.encode()).hexdigest()[:12]}.tsv"
