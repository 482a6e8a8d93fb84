"""What is said of a whole phantom cohort, as BIDS files: descriptions and people."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from radiorim import __version__
from radiorim.io.files import write_json, write_text
from radiorim.phantom.template import NOTICE

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["SYNTHETIC", "tsv", "write_description", "write_participants"]

SYNTHETIC = {"Synthetic": True, "Manufacturer": "radiorim phantom"}
"""In the sidecar of every image."""

_DERIVATIVES = {
    "truth": "the truth",
    "lesions": "lesion masks as a user has them",
    "qsm": "phase as a pipeline gives it",
}


def write_description(out: Path, settings: Mapping[str, Any], *, pipelines: bool = False) -> None:
    """What says of the data set what it is: descriptions and README.

    `pipelines` says that there is phase as a pipeline gives it.
    """
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
    for folder, what in _DERIVATIVES.items():
        if folder == "qsm" and not pipelines:
            continue
        content = {"Name": f"{title}, {what}", "DatasetType": "derivative", **common}
        root = out / "derivatives" / folder
        write_json(root / "dataset_description.json", content | {"SourceDatasets": [{"URL": "../../"}]})
        # BIDS wants label before desc, gives dseg no label and knows no xfm; the names of the contract stay.
        write_text(root / ".bidsignore", "*_xfm.json\n*_fieldmap.*\n*_label-L_mask.*\n*_label-L_dseg.*\n")
    write_text(out / "README", _README)


def write_participants(out: Path, rows: pd.DataFrame) -> None:
    """participants.tsv and its dictionary."""
    write_text(out / "participants.tsv", tsv(rows))
    meaning = {
        "age": {"Description": "age at visit 1", "Units": "year"},
        "sex": {"Description": "sex", "Levels": {"F": "female", "M": "male"}},
        "site": {"Description": "where both visits were scanned: each site has its own contrast and noise"},
    }
    write_json(out / "participants.json", meaning)
    write_json(out / "sessions.json", {"days_from_baseline": {"Description": "time", "Units": "day"}})


def tsv(table: pd.DataFrame) -> str:
    """A table as BIDS writes it."""
    return table.to_csv(sep="\t", index=False, na_rep="n/a", float_format="%.6g", lineterminator="\n")


_README = f"""Synthetic people with multiple sclerosis, made by `radiorim demo`.

No scan in this data set is of a person. Each head is the ICBM152 average, warped and folded in a way of
its own; lesions, rims, bias, noise, motion and atrophy are drawn from distributions. Nothing measured here
says how a method does on patients.

ses-01: FLAIR. ses-02: FLAIR, T1w and Chimap (ppm), as far as they were asked for, on one grid (with thick
slices FLAIR has a grid of its own, and masks and truth are on it). The head moves between visits.
derivatives/lesions: all lesions at ses-02 as a user would have drawn them. Methods for rims take these as
given. derivatives/truth: true lesions of both visits with the same numbers (status: stable, new, enlarged;
at ses-01 also shrunken, vanished; rim; ambiguous), masks of new lesions (truth, four raters, consensus), of
rims, brain and tissue, true susceptibility, motion. For judging only, never for methods. The person is
complete when its table in derivatives/truth exists. Rims are more frequent than in life.

{NOTICE}
"""
