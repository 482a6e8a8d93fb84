"""Judge recipes on the Ljubljana longitudinal pairs (Lesjak et al., CC-BY).

    python benchmarks/real_pairs.py FOLDER --recipes subtract,icm-ratio-only --out results/real_pairs.tsv

Rows of other recipes that the table holds already stay, so that recipes can be run one after another.

FOLDER holds patientXX/{study1_FLAIR,study2_FLAIR,gt}.nii.gz and study2_FLAIR_to_common_space.txt. `gt` marks
change of either sign in a common space: it is brought to the follow-up's grid with the transform that comes
with the data, split into 26-connected components, and a component counts as brightening when the mean
difference of the visits in it exceeds one robust SD of the brain (signs from our own subtraction, so mildly
circular). With so few people every figure is indicative only.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

from radiorim import recipes
from radiorim.classic.difference import robust_difference
from radiorim.io import nifti
from radiorim.io.sitk import transform_to_affine
from radiorim.io.tables import read_table, write_table
from radiorim.lesions import Lesions
from radiorim.metrics.anima import segmentation_performance
from radiorim.metrics.matching import match_labels
from radiorim.model import Model
from radiorim.prepare.resample import labels_to, resample
from radiorim.runs.detection import Detection, detect, pair_case

BRIGHTER_SD = 1.0
SIZES = {"all": (0, np.inf), "<=30 mm3": (0, 30), ">30 mm3": (30, np.inf), ">100 mm3": (100, np.inf)}


def truth_of(patient: Path, looked: Detection) -> Lesions:
    """The brightening components of `gt` on the follow-up's own grid."""
    import SimpleITK as sitk

    text = (patient / "study2_FLAIR_to_common_space.txt").read_text()
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as stream:
        stream.write(text.replace("MatrixOffsetTransformBase_double_3_3", "AffineTransform_double_3_3"))
        stream.flush()
        to_followup = transform_to_affine(sitk.ReadTransform(stream.name))
    change = Lesions.from_mask(nifti.load_mask(patient / "gt.nii.gz"), connectivity=26)
    native = labels_to(change, looked.found.labels, to_followup)
    case = looked.examined.case
    brighter = resample(robust_difference(case, smooth_mm=0), native.labels, case.placement.to_native)
    means = [brighter.data[native.labels.data == number].mean() for number in native.numbers]
    return native.keep(lambda _: np.array(means) > BRIGHTER_SD)


def figures(truth: Lesions, found: Lesions) -> list[dict]:
    """One row for each size class: lesions, found by any overlap, found by Anima's rule, false candidates."""
    pairs = match_labels(truth.labels.data, found.labels.data)
    touched = truth.table["lesion"].isin(pairs.loc[pairs["share_of_truth"] >= 0.1, "partner"])
    hits = set(pairs.loc[pairs["share_of_found"] >= 0.1, "lesion"])
    masks = found.labels.data > 0, truth.labels.data > 0
    anima = segmentation_performance(*masks, truth.labels.spacing)
    rows = []
    for name, (low, high) in SIZES.items():
        chosen = truth.table["volume_mm3"].between(low, high, inclusive="right")
        rows.append({"lesions": name, "true": int(chosen.sum()), "touched": int((touched & chosen).sum())})
    rows[0] |= {"candidates": len(found), "false": len(found) - len(hits)}
    rows[0] |= {name: anima.get(name, np.nan) for name in ("SensL", "PPVL", "F1_score", "Dice")}
    return rows


def beside(table: pd.DataFrame, path: Path) -> pd.DataFrame:
    """The rows with those of other recipes in the table at `path`, sorted by recipe."""
    if path.exists():
        known = read_table(path)
        table = pd.concat([known[~known["recipe"].isin(table["recipe"])], table])
    return table.sort_values(["recipe", "patient"], kind="stable", ignore_index=True)


def main() -> None:
    """Run the recipes on every patient of the folder and write one table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--recipes", default="subtract")
    parser.add_argument("--models", nargs="*", type=Path, default=[])
    parser.add_argument("--work", type=Path, default=None)
    parser.add_argument("--out", type=Path, default=None)
    options = parser.parse_args()
    names = [name for name in options.recipes.split(",") if name]
    models = [Model(recipes.get(name), recipes.get(name).find) for name in names]
    models += [Model.load(folder) for folder in options.models]
    rows = []
    with tempfile.TemporaryDirectory() as temporary:
        for model in models:
            for patient in sorted(options.folder.glob("patient*/")):
                start = time.monotonic()
                case = pair_case(patient / "study1_FLAIR.nii.gz", patient / "study2_FLAIR.nii.gz")
                work = (options.work or Path(temporary)) / model.recipe.name / patient.name
                looked = detect(model, case, work)
                seconds = round(time.monotonic() - start, 1)
                first = {"recipe": model.recipe.name, "patient": patient.name, "seconds": seconds}
                rows += [first | row for row in figures(truth_of(patient, looked), looked.found)]
    table = pd.DataFrame(rows)
    print(table.to_string(index=False, float_format="%.3f"))
    if options.out:
        write_table(beside(table, options.out), options.out)


if __name__ == "__main__":
    main()
