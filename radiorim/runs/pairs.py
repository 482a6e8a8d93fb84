"""Registered pairs on disk: what a recipe's preparation made of two visits, which other recipes can share."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from radiorim.case import Case, Lazy, Placement
from radiorim.io import nifti
from radiorim.io.files import read_json, write_json
from radiorim.io.tables import read_table, write_table
from radiorim.lesions import Lesions
from radiorim.model import prepared
from radiorim.prepare.pair import HalfWayPair
from radiorim.recipe import Recipe, describe
from radiorim.runs.fingerprint import inputs
from radiorim.volume import Volume

__all__ = ["PAIR_RECORD", "pair_folder", "read_pair", "share_pair", "write_pair"]

PAIR_RECORD = "pair.json"


def pair_folder(recipe: Recipe, case: Case, root: Path) -> Path | None:
    """Where below `root` the prepared case is for every recipe that prepares alike; None for no pair."""
    if not any(isinstance(step, HalfWayPair) for step in recipe.prepare):
        return None
    steps = json.dumps(describe(recipe.prepare), sort_keys=True)
    return root / hashlib.sha256(steps.encode()).hexdigest()[:12] / case.id


def share_pair(recipe: Recipe, case: Case, folder: Path) -> Path:
    """Prepare the case into its `pair_folder`, unless that was done from the same inputs."""
    key, record = inputs(case), folder / PAIR_RECORD
    if not (record.exists() and read_json(record)["key"] == key):
        write_pair(prepared(recipe, case), folder, key)
    return folder


def write_pair(case: Case, folder: Path, key: str) -> None:
    """Write images, masks and truth of a prepared pair; `pair.json` comes last and holds the key."""
    pictures = {f"image-{name}": case.images[name] for name in case.images}
    pictures |= {f"mask-{name}": case.masks[name] for name in case.masks}
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
        "native": {"shape": list(place.native.shape), "affine": place.native.affine.tolist()},
    }
    write_json(folder / PAIR_RECORD, {"key": key, **facts})


def read_pair(case: Case, folder: Path) -> Case:
    """The case with images, masks, truth and place as `write_pair` left them; read on first use."""
    facts = read_json(folder / PAIR_RECORD)
    shape, affine = tuple(facts["native"]["shape"]), np.array(facts["native"]["affine"])
    native = Volume(np.broadcast_to(np.uint8(0), shape), affine)
    return replace(
        case,
        images=_stored(folder, "image-", nifti.load),
        masks=_stored(folder, "mask-", nifti.load_mask),
        truth=None if case.truth is None else partial(_truth, folder),
        placement=Placement(native, np.array(facts["to_native"])),
        notes=tuple(facts["notes"]),
        quality=facts["quality"],
    )


def _truth(folder: Path) -> Lesions:
    return Lesions(nifti.load_labels(folder / "truth.nii.gz"), read_table(folder / "truth.tsv"))


def _stored(folder: Path, prefix: str, load: Callable[[Path], Any]) -> Mapping[str, Any]:
    files = sorted(folder.glob(f"{prefix}*.nii.gz"))
    return Lazy({path.name[len(prefix) : -len(".nii.gz")]: lambda path=path: load(path) for path in files})
