"""One person, and what is said of the whole cohort, as BIDS files: raw scans, truth, and masks as users
have.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from radiorim import __version__
from radiorim.io import nifti
from radiorim.io.files import write_json, write_text
from radiorim.phantom.person import Person
from radiorim.phantom.template import NOTICE
from radiorim.phantom.truth import TRUTH_COLUMNS
from radiorim.volume import Volume

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["person_name", "truth_table_path", "write_description", "write_participants", "write_person"]

BEFORE, NOW = "ses-01", "ses-02"

_PPM_STEP = 2.0**-13
"""Chimap files are rounded to 0.12 ppb, far below their noise: they compress to half."""


def person_name(number: int, people: int) -> str:
    """`sub-07`, or `sub-007` in a cohort of 100 and more."""
    return f"sub-{number:0{max(2, len(str(people)))}d}"


def truth_table_path(out: Path, name: str) -> Path:
    """The truth table of a person. It is written last: where it is, the person is complete."""
    return _anat(out / "derivatives" / "truth", name, NOW) / f"{name}_{NOW}_label-L_dseg.tsv"


def write_person(out: Path, name: str, person: Person) -> None:
    """All files of one person."""
    _write_raw(out, name, person)
    _write_given(out, name, person)
    _write_truth(out, name, person)


def write_description(out: Path, settings: Mapping[str, Any]) -> None:
    """What says of the data set what it is: descriptions, README, sidecars that hold for everybody."""
    made_by = {"Name": "radiorim", "Version": __version__, "Description": "radiorim demo", **settings}
    common = {
        "BIDSVersion": "1.10.0",
        "License": "CC0",
        "Authors": ["radiorim (generated)"],
        "GeneratedBy": [made_by],
        "HowToAcknowledge": NOTICE,
    }
    title = "radiorim phantom: synthetic people with multiple sclerosis"
    write_json(out / "dataset_description.json", {"Name": title, "DatasetType": "raw", **common})
    for folder, what in (("truth", "the truth"), ("lesions", "lesion masks as a user has them")):
        content = {"Name": f"{title}, {what}", "DatasetType": "derivative", **common}
        root = out / "derivatives" / folder
        write_json(root / "dataset_description.json", content | {"SourceDatasets": [{"URL": "../../"}]})
        # BIDS wants label before desc, gives dseg no label and knows no xfm; the names of the contract stay.
        write_text(root / ".bidsignore", "*_xfm.json\n*_label-L_mask.*\n*_label-L_dseg.*\n")
    write_text(out / "README", _README)
    for suffix, content in _SIDECARS.items():
        write_json(out / f"{suffix}.json", _SYNTHETIC | content)


def write_participants(out: Path, rows: pd.DataFrame) -> None:
    """participants.tsv and its dictionary."""
    write_text(out / "participants.tsv", _tsv(rows))
    meaning = {
        "age": {"Description": "age at visit 1", "Units": "year"},
        "sex": {"Description": "sex", "Levels": {"F": "female", "M": "male"}},
    }
    write_json(out / "participants.json", meaning)
    write_json(out / "sessions.json", {"days_from_baseline": {"Description": "time", "Units": "day"}})


def _write_raw(out: Path, name: str, person: Person) -> None:
    chi = person.images["chi"]
    ppm = chi.like((np.rint(chi.data / 1000 / _PPM_STEP) * _PPM_STEP).astype(np.float32))
    files = {
        (BEFORE, "FLAIR"): person.images["flair0"],
        (NOW, "FLAIR"): person.images["flair"],
        (NOW, "T1w"): person.images["t1"],
        (NOW, "Chimap"): ppm,
    }
    for (session, suffix), volume in files.items():
        nifti.save(volume, _anat(out, name, session) / f"{name}_{session}_{suffix}.nii.gz")
    sessions = f"session_id\tdays_from_baseline\n{BEFORE}\t0\n{NOW}\t365\n"
    write_text(out / name / f"{name}_sessions.tsv", sessions)


def _write_given(out: Path, name: str, person: Person) -> None:
    stem = _anat(out / "derivatives" / "lesions", name, NOW) / f"{name}_{NOW}"
    source = _source(name, NOW, "FLAIR")
    _save(person.given, f"{stem}_label-L_dseg", {"Type": "Lesion", "Manual": True, **source})


def _write_truth(out: Path, name: str, person: Person) -> None:
    root = out / "derivatives" / "truth"
    stem = f"{_anat(root, name, NOW) / name}_{NOW}"
    source, table = _source(name, NOW, "FLAIR"), person.truth.table
    labels = person.truth.labels
    new = labels.like(np.isin(labels.data, table.lesion[table.status == "new"]))
    lesion = {"Type": "Lesion", **source}
    _save(person.brain, f"{stem}_desc-brain_mask", {"Type": "Brain", **source})
    _save(new, f"{stem}_desc-new_label-L_mask", lesion)
    for number, mask in enumerate(person.raters, start=1):
        _save(mask, f"{stem}_desc-rater{number}_label-L_mask", lesion)
    before = f"{_anat(root, name, BEFORE) / name}_{BEFORE}"
    write_json(Path(f"{before}_from-ses02_to-ses01_mode-points_xfm.json"), _transform(person))
    _save(labels, f"{stem}_label-L_dseg", lesion)
    write_json(
        Path(f"{stem}_label-L_dseg.json"),
        lesion | {column: {"Description": meaning} for column, meaning in TRUTH_COLUMNS.items()},
    )
    write_text(truth_table_path(out, name), _tsv(table))


def _transform(person: Person) -> dict[str, Any]:
    return {
        "Description": "Motion of the head: takes RAS mm at visit 2 to RAS mm of that place at visit 1.",
        "Matrix": np.round(person.to_visit1, 9).tolist(),
    }


def _save(volume: Volume, stem: str, sidecar: Mapping[str, Any]) -> None:
    nifti.save(volume, Path(f"{stem}.nii.gz"))
    write_json(Path(f"{stem}.json"), dict(sidecar))


def _source(name: str, session: str, suffix: str) -> dict[str, Sequence[str]]:
    return {"Sources": [f"bids:raw:{name}/{session}/anat/{name}_{session}_{suffix}.nii.gz"]}


def _anat(root: Path, name: str, session: str) -> Path:
    return root / name / session / "anat"


def _tsv(table: pd.DataFrame) -> str:
    return table.to_csv(sep="\t", index=False, na_rep="n/a", float_format="%.6g", lineterminator="\n")


_SYNTHETIC = {"Synthetic": True, "Manufacturer": "radiorim phantom", "MagneticFieldStrength": 3}

_SIDECARS = {
    "FLAIR": {"SkullStripped": False},
    "T1w": {"SkullStripped": False},
    "Chimap": {"Units": "ppm", "SkullStripped": True, "EchoTime": 0.025, "B0Direction": [0, 0, 1]},
}

_README = f"""Synthetic people with multiple sclerosis, made by `radiorim demo`.

No scan in this data set is of a person. Each head is the ICBM152 average, warped and folded in a way of
its own; lesions, rims, bias, noise and motion are drawn from distributions. Nothing measured here says
how a method does on patients.

ses-01: FLAIR. ses-02: FLAIR, T1w and Chimap (ppm) about a year later, on one grid. The head moves between
visits. Chimap: dipole field of the true susceptibility, phase noise, closed-form inversion; no background
field. derivatives/lesions: all lesions at ses-02 as a user would have drawn them. Methods for rims take
these as given. derivatives/truth: true lesions (status: stable, new, enlarged; rim; ambiguous), masks of
new lesions (truth and four raters), brain mask, motion. For judging only, never for methods. The person
is complete when its table in derivatives/truth exists. Rims are more frequent than in life.

{NOTICE}
"""
