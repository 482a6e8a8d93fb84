"""Registered pairs on disk: what a recipe's preparation made of two visits, which other recipes can share."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from radiorim.case import Case, Lazy, Placement
from radiorim.errors import DataError
from radiorim.io import nifti
from radiorim.io.files import read_json, write_json
from radiorim.io.tables import read_table, write_table
from radiorim.lesions import Lesions
from radiorim.model import require_needs
from radiorim.prepare.halfway import HalfWay
from radiorim.recipe import Prepare, Recipe, describe
from radiorim.runs.fingerprint import inputs
from radiorim.volume import Volume

__all__ = [
    "PAIR_RECORD",
    "SharedPair",
    "drop_outdated",
    "read_pair",
    "shared_pairs",
    "up_to_date",
    "write_pair",
]

PAIR_RECORD = "pair.json"


@dataclass(frozen=True, eq=False)
class SharedPair:
    """A case after the first steps of a preparation, in the folder that all who begin with them share.

    `steps` go from the pair `before` (the case itself for None) to this one.
    """

    case: Case
    steps: tuple[Prepare, ...]
    folder: Path
    before: SharedPair | None = None

    def make(self) -> None:
        """Prepare and write, unless that was done from the same inputs; `before` must be there."""
        key, record = inputs(self.case), self.folder / PAIR_RECORD
        if up_to_date(record, key):
            return
        made = self.case if self.before is None else read_pair(self.case, self.before.folder)
        for step in self.steps:
            made = step(made)
        write_pair(made, self.folder, key, before=self.before and self.before.folder)


def up_to_date(record: Path, key: str) -> bool:
    """Whether the record of a folder is there and has this key; one that cannot be read says nothing."""
    try:
        return read_json(record)["key"] == key
    except DataError:
        return False


def drop_outdated(record: Path, key: str) -> None:
    """Delete a record of another key, before any file that it vouches for is overwritten.

    One of the same key stays: whoever makes the same at the same time may be reading it.
    """
    if not up_to_date(record, key):
        record.unlink(missing_ok=True)


def shared_pairs(recipe: Recipe, case: Case, root: Path) -> list[SharedPair]:
    """The registered visits, then all that the recipe prepares, below `root`; none if it registers no pair.

    Registration takes longest, and recipes that differ in what they do to intensities have it in common.
    Raises `DataError` for a case that lacks what the recipe needs.
    """
    require_needs(recipe, case)
    steps = tuple(part for step in recipe.prepare for part in getattr(step, "steps", (step,)))
    kinds = [isinstance(step, HalfWay) for step in steps]
    if not any(kinds):
        return []
    cut = kinds.index(True) + 1
    first = SharedPair(case, steps[:cut], _folder(steps[:cut], case, root))
    return [first, SharedPair(case, steps[cut:], _folder(steps, case, root), first)]


def write_pair(case: Case, folder: Path, key: str, *, before: Path | None = None) -> None:
    """Write images, masks and truth of a prepared pair; `pair.json` comes last and holds the key.

    `before` is the folder of the pair that it was made from, if that was written. Images and masks of an
    earlier pair in the folder are deleted.
    """
    drop_outdated(folder / PAIR_RECORD, key)
    pictures = {f"image-{name}": case.images[name] for name in case.images}
    pictures |= {f"mask-{name}": case.masks[name] for name in case.masks}
    for path in (*folder.glob("image-*.nii.gz"), *folder.glob("mask-*.nii.gz")):
        if path.name.removesuffix(".nii.gz") not in pictures:
            path.unlink(missing_ok=True)
    for name, volume in pictures.items():
        nifti.save(volume, folder / f"{name}.nii.gz")
    if case.truth is not None:
        true = case.truth()
        nifti.save(true.labels, folder / "truth.nii.gz")
        write_table(true.table, folder / "truth.tsv")
    place = case.placement
    facts = {
        "notes": list(case.notes),
        "quality": {name: float(value) for name, value in case.quality.items()},
        "to_native": place.to_native.tolist(),
        "before": None if before is None else os.path.relpath(before, folder),
        "native": {"shape": list(place.native.shape), "affine": place.native.affine.tolist()},
    }
    write_json(folder / PAIR_RECORD, {"key": key, **facts})


def read_pair(case: Case, folder: Path) -> Case:
    """The case with images, masks, truth and place as `write_pair` left them; read on first use."""
    facts = read_json(folder / PAIR_RECORD)
    shape, affine = tuple(facts["native"]["shape"]), np.array(facts["native"]["affine"])
    native = Volume(np.broadcast_to(np.uint8(0), shape), affine, (), case.sources.get("flair", ""))
    return replace(
        case,
        images=_stored(folder, "image-", nifti.load),
        masks=_stored(folder, "mask-", _mask),
        truth=None if case.truth is None else partial(_truth, folder),
        placement=Placement(native, np.array(facts["to_native"])),
        notes=tuple(facts["notes"]),
        quality=facts["quality"],
    )


def _folder(steps: Sequence[Prepare], case: Case, root: Path) -> Path:
    words = json.dumps(describe(steps), sort_keys=True)
    return root / hashlib.sha256(words.encode()).hexdigest()[:12] / case.id


def _truth(folder: Path) -> Lesions:
    return Lesions(nifti.load_labels(folder / "truth.nii.gz"), read_table(folder / "truth.tsv"))


def _mask(path: Path) -> Volume:
    """A mask as booleans; a map that numbers lesions keeps its numbers."""
    labels = nifti.load_labels(path)
    return labels if labels.data.max(initial=0) > 1 else labels.like(labels.data > 0)


def _stored(folder: Path, prefix: str, load: Callable[[Path], Any]) -> Mapping[str, Any]:
    files = sorted(folder.glob(f"{prefix}*.nii.gz"))
    return Lazy({path.name[len(prefix) : -len(".nii.gz")]: lambda path=path: load(path) for path in files})
