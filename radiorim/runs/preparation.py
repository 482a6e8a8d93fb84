"""A prepared pair as files that other tools can use."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from radiorim import __version__
from radiorim.case import Case
from radiorim.io import nifti
from radiorim.io.files import read_json, sha256, whole, write_json
from radiorim.io.sitk import affine_to_transform
from radiorim.prepare.halfway import halfway_matrices
from radiorim.prepare.pair import HalfWayPair
from radiorim.recipe import describe

__all__ = ["write_prepared"]


def write_prepared(step: HalfWayPair, case: Case, folder: Path) -> Path:
    """Write `flair0`, `flair` and `brain` on the half-way grid, both transforms, and last `quality.json`.

    `from-halfway_to-flair.tfm` is an ITK affine: given to a resampler with the half-way grid as reference and
    the raw follow-up as moving image it makes the prepared follow-up's geometry. A folder whose
    `quality.json` was made from the same files by the same step is left as it is.
    """
    import SimpleITK as sitk

    key, record = _key(step, case), folder / "quality.json"
    if record.exists() and read_json(record)["key"] == key:
        return folder
    prepared = step(case)
    for name in ("flair0", "flair"):
        nifti.save(prepared.images[name], folder / f"{name}.nii.gz")
    nifti.save(prepared.mask("brain"), folder / "brain.nii.gz")
    for name, matrix in halfway_matrices(prepared).items():
        with whole(folder / f"from-halfway_to-{name}.tfm") as temporary:
            sitk.WriteTransform(affine_to_transform(matrix), str(temporary))
    facts = {"quality": dict(prepared.quality), "notes": list(prepared.notes), "step": describe(step)}
    write_json(record, {"key": key, "sources": dict(case.sources), **facts})
    case.release()
    return folder


def _key(step: HalfWayPair, case: Case) -> str:
    files = {name: sha256(Path(path)) for name, path in sorted(case.sources.items())}
    what = json.dumps([__version__, describe(step), files], sort_keys=True)
    return hashlib.sha256(what.encode()).hexdigest()[:16]
