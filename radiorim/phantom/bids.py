"""One person as BIDS files: raw scans, truth, and masks as users have them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from radiorim.io import nifti
from radiorim.io.files import write_json, write_text
from radiorim.lesions import Lesions
from radiorim.phantom.descriptions import SYNTHETIC, tsv
from radiorim.phantom.person import Person
from radiorim.phantom.truth import TRUTH_COLUMNS
from radiorim.volume import Volume

__all__ = ["person_name", "truth_table_path", "write_person"]

BEFORE, NOW = "ses-01", "ses-02"

_PPM_STEP = 2.0**-13
"""Chimap files are rounded to 0.12 ppb, far below their noise: they compress to half."""

_RAW = {
    "flair0": (BEFORE, "FLAIR"),
    "flair": (NOW, "FLAIR"),
    "t1": (NOW, "T1w"),
    "t2star": (NOW, "part-mag_T2starw"),
    "wrapped": (NOW, "part-phase_T2starw"),
    "chi": (NOW, "Chimap"),
}
"""Image of a person to session and suffix of its file."""


_SIDECARS = {
    "FLAIR": {"SkullStripped": False},
    "T1w": {"SkullStripped": False},
    "Chimap": {"Units": "ppm", "SkullStripped": True},
    "part-mag_T2starw": {"Units": "arbitrary", "SkullStripped": False},
    "part-phase_T2starw": {"Units": "rad", "SkullStripped": False},
}
"""What the sidecar of each raw image says."""


def person_name(number: int, people: int) -> str:
    """`sub-07`, or `sub-007` in a cohort of 100 and more."""
    return f"sub-{number:0{max(2, len(str(people)))}d}"


def truth_table_path(out: Path, name: str) -> Path:
    """The truth table of a person. It is written last: where it is, the person is complete."""
    return _anat(out / "derivatives" / "truth", name, NOW) / f"{name}_{NOW}_label-L_dseg.tsv"


def write_person(out: Path, name: str, person: Person) -> None:
    """All files of one person."""
    _write_raw(out, name, person)
    _write_derived(out, name, person)
    _write_truth_before(out, name, person)
    _write_truth(out, name, person)


def _write_raw(out: Path, name: str, person: Person) -> None:
    for image, (session, suffix) in _RAW.items():
        if image in person.images:
            volume = person.images[image]
            stem = f"{_anat(out, name, session) / name}_{session}_{suffix}"
            _save(_ppm(volume) if image == "chi" else volume, stem, _sidecar(person, suffix))
    sessions = f"session_id\tdays_from_baseline\n{BEFORE}\t0\n{NOW}\t{person.about.days}\n"
    write_text(out / name / f"{name}_sessions.tsv", sessions)


def _sidecar(person: Person, suffix: str) -> dict[str, Any]:
    """The sidecar of a raw image; field strength and echo differ between sites."""
    params = person.params
    site = {"MagneticFieldStrength": params.tesla, "InstitutionName": f"site-{person.about.site:02d}"}
    sidecar = _SIDECARS[suffix] | site
    if suffix == "Chimap" or suffix.endswith("T2starw"):
        sidecar |= {"EchoTime": params.echo_ms / 1000, "B0Direction": list(params.b0_direction)}
    return sidecar


def _write_derived(out: Path, name: str, person: Person) -> None:
    """The lesion mask of a user, and phase as pipelines give it."""
    stem = _anat(out / "derivatives" / "lesions", name, NOW) / f"{name}_{NOW}"
    lesion = {"Type": "Lesion", "Manual": True, **_source(name, NOW, "FLAIR")}
    _save(person.given, f"{stem}_label-L_dseg", lesion)
    if "phase" in person.images:
        stem = _anat(out / "derivatives" / "qsm", name, NOW) / f"{name}_{NOW}"
        content = {"Units": "rad", "SkullStripped": False, **_source(name, NOW, "part-phase_T2starw")}
        _save(person.images["phase"], f"{stem}_part-phase_desc-homodyne_T2starw", content)


def _write_truth(out: Path, name: str, person: Person) -> None:
    stem = f"{_anat(out / 'derivatives' / 'truth', name, NOW) / name}_{NOW}"
    source, table = _source(name, NOW, "FLAIR"), person.truth.table
    labels = person.truth.labels
    new = labels.like(np.isin(labels.data, table.lesion[table.status == "new"]))
    lesion = {"Type": "Lesion", **source}
    _save(person.brain, f"{stem}_desc-brain_mask", {"Type": "Brain", **source})
    tissues = {"Levels": {"1": "grey matter", "2": "white matter", "3": "cerebrospinal fluid"}}
    _save(person.tissues, f"{stem}_desc-tissue_dseg", tissues | source)
    _save(person.rims, f"{stem}_label-rim_mask", lesion)
    if person.true_chi is not None:
        chi = {"Units": "ppm", "SkullStripped": True, **source}
        _save(_ppm(person.true_chi), f"{stem}_desc-truth_Chimap", chi)
    if person.true_field is not None:
        field = {"Units": "ppb", "Description": "field of the brain alone over the main field", **source}
        _save(person.true_field, f"{stem}_desc-truth_fieldmap", field)
    _save(new, f"{stem}_desc-new_label-L_mask", lesion)
    for number, mask in enumerate(person.raters, start=1):
        _save(mask, f"{stem}_desc-rater{number}_label-L_mask", lesion)
    _save(person.consensus, f"{stem}_desc-consensus_label-L_mask", lesion)
    _write_lesions(person.truth, f"{stem}_label-L_dseg", TRUTH_COLUMNS, lesion)


def _write_truth_before(out: Path, name: str, person: Person) -> None:
    """The lesions of visit 1 on its own grid, and the motion between the visits."""
    stem = f"{_anat(out / 'derivatives' / 'truth', name, BEFORE) / name}_{BEFORE}"
    write_json(Path(f"{stem}_from-ses02_to-ses01_mode-points_xfm.json"), _transform(person))
    meaning = TRUTH_COLUMNS | {"status": "until visit 2: stable, enlarged, shrunken or vanished"}
    columns = {column: meaning[column] for column in person.truth0.table.columns}
    lesion = {"Type": "Lesion", **_source(name, BEFORE, "FLAIR")}
    _write_lesions(person.truth0, f"{stem}_label-L_dseg", columns, lesion)


def _write_lesions(truth: Lesions, stem: str, columns: Mapping[str, str], sidecar: Mapping[str, Any]) -> None:
    meaning = {column: {"Description": words} for column, words in columns.items()}
    _save(truth.labels, stem, {**sidecar, **meaning})
    write_text(Path(f"{stem}.tsv"), tsv(truth.table))


def _transform(person: Person) -> dict[str, Any]:
    return {
        "Description": "Motion of the head: takes RAS mm at visit 2 to RAS mm of that place at visit 1. "
        "Atrophy is left out; it moves tissue by up to AtrophyMostMm.",
        "Matrix": np.round(person.to_visit1, 9).tolist(),
        "AtrophyMostMm": round(float(np.linalg.norm(person.journey.drift_mm, axis=0).max()), 3),
    }


def _ppm(ppb: Volume) -> Volume:
    return ppb.like((np.rint(ppb.data / 1000 / _PPM_STEP) * _PPM_STEP).astype(np.float32))


def _save(volume: Volume, stem: str, sidecar: Mapping[str, Any]) -> None:
    nifti.save(volume, Path(f"{stem}.nii.gz"))
    write_json(Path(f"{stem}.json"), SYNTHETIC | dict(sidecar))


def _source(name: str, session: str, suffix: str) -> dict[str, list[str]]:
    return {"Sources": [f"bids:raw:{name}/{session}/anat/{name}_{session}_{suffix}.nii.gz"]}


def _anat(root: Path, name: str, session: str) -> Path:
    return root / name / session / "anat"
