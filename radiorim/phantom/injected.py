"""A scan of one's own as a pair with truth: read, modelled, injected, written as a BIDS data set."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from radiorim.case import Case
from radiorim.io import nifti
from radiorim.io.files import existing, write_json, write_text
from radiorim.phantom.descriptions import tsv
from radiorim.phantom.inject import Injected, Injection, inject
from radiorim.phantom.scanmodel import ScanModel
from radiorim.prepare.brain import given_brain, otsu_brain
from radiorim.prepare.priors import TissuePriors
from radiorim.volume import Volume

__all__ = ["injected_pair", "write_injected"]

_NAME = "sub-01"
_NOTE = "A second visit made by radiorim from the first: moved, noisier, with lesions put in. Not a patient."


def injected_pair(
    scan: Path, options: Injection, *, seed: int, brain_mask: Path | None = None
) -> tuple[Volume, Injected]:
    """The scan as it is and what was made of it. Raises `DataError` where the scan cannot be understood."""
    volume = nifti.load(existing(scan))
    if brain_mask is None:
        brain = otsu_brain(volume)
    else:
        brain = given_brain(nifti.load_mask(existing(brain_mask)), volume)[0]
    case = TissuePriors()(Case(scan.name, scan.name, {"flair": volume}, {"brain": brain}))
    return volume, inject(ScanModel.of(case), options, seed=seed)


def write_injected(out: Path, scan: Volume, injected: Injected) -> tuple[Path, Path]:
    """Both visits, and truth in `derivatives/truth`, as `radiorim classify` and `evaluate` read them."""
    first, second = (
        out / _NAME / session / "anat" / f"{_NAME}_{session}_FLAIR.nii.gz" for session in ("ses-01", "ses-02")
    )
    about = {"Name": "one scan with injected lesions", "BIDSVersion": "1.10.0"}
    write_json(out / "dataset_description.json", about | {"DatasetType": "raw"})
    write_text(
        out / _NAME / f"{_NAME}_sessions.tsv", "session_id\tdays_from_baseline\nses-01\t0\nses-02\t365\n"
    )
    nifti.save(scan, first)
    nifti.save(injected.followup, second)
    write_json(
        second.with_name(second.name.replace(".nii.gz", ".json")), {"Synthetic": True, "Comments": _NOTE}
    )
    truth = out / "derivatives" / "truth"
    write_json(truth / "dataset_description.json", about | {"DatasetType": "derivative"})
    stem = truth / _NAME / "ses-02" / "anat" / f"{_NAME}_ses-02"
    matrix = {"Matrix": np.round(injected.to_baseline, 9).tolist()}
    write_json(Path(f"{stem}_from-ses02_to-ses01_mode-points_xfm.json"), matrix | {"Comments": _NOTE})
    nifti.save(injected.truth.labels, Path(f"{stem}_label-L_dseg.nii.gz"))
    write_text(Path(f"{stem}_label-L_dseg.tsv"), tsv(injected.truth.table))
    return first, second
