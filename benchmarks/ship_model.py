"""Make again the model that comes with radiorim for `subtract-boost`.

    python benchmarks/ship_model.py CROSS_SECTIONAL --work WORK

CROSS_SECTIONAL holds patientXX/FLAIR.nii.gz, skull-stripped, with 1 mm voxels, and patientXX/lesions.nii.gz,
outlined by its authors, of people of whom no follow-up is used (Lesjak et al., doi
10.1007/s12021-017-9348-7, CC-BY, patients 07 and 26). People, lesions, machines and folds follow from SEED.
Registered pairs are kept in WORK, so that an interrupted run goes on and another recipe need not register
again: after a change of how people are made take another folder. The model's provenance holds how well people
are judged whom the judge has not seen.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from ship_model_cases import injected_cases, phantom_cases

from radiorim import recipes
from radiorim.case import Case
from radiorim.cli.models import shipped_folder
from radiorim.metrics.calibration import calibration_error
from radiorim.metrics.classification import brier, pr_auc, roc_auc
from radiorim.model import Model, find_and_tidy, with_truth
from radiorim.runs.classification import fit_on_table
from radiorim.runs.crossvalidation import Plan, crossvalidate
from radiorim.runs.folds import make_folds
from radiorim.runs.pairs import PAIR_RECORD, read_pair, shared_pairs

SEED = 101
PHANTOM_PEOPLE, PAIRS_OF_A_SCAN = 9, 8
DATA = (
    "phantom people; lesions put into scans of two people, and some of their own taken back at the baseline "
    "(doi 10.1007/s12021-017-9348-7, CC-BY)"
)


def training_cases(folder: Path) -> list[Case]:
    """Everyone whom the judge learns from."""
    scans = sorted(folder.glob("patient*/FLAIR.nii.gz"))
    injected = [case for scan in scans for case in injected_cases(scan, PAIRS_OF_A_SCAN, seed_of(scan))]
    return [*injected, *phantom_cases(PHANTOM_PEOPLE, SEED)]


def seed_of(scan: Path) -> int:
    """The number in `patient07`."""
    return int(scan.parent.name.removeprefix("patient"))


def measured(case: Case, work: Path) -> pd.DataFrame:
    """The measured candidates of one case."""
    recipe, start = recipes.get("subtract-boost"), time.perf_counter()
    pairs = shared_pairs(recipe, case, work)
    if not (pairs[-1].folder / PAIR_RECORD).exists():
        for pair in pairs:
            pair.make()
    looked = find_and_tidy(recipe, recipe.find.fit((), seed=0), read_pair(case, pairs[-1].folder))
    marked = with_truth(looked, recipe.task)
    table = recipe.judge.measure(marked.case, marked.lesions).table.assign(case=case.id, person=case.person)
    print(f"{case.id}: {len(table)} candidates, {time.perf_counter() - start:.0f} s", flush=True)
    return table


def held_out(table: pd.DataFrame) -> pd.DataFrame:
    """Candidates judged by models that have not seen the person, pooled by the kind of case."""
    recipe = recipes.get("subtract-boost")
    judged = crossvalidate(recipe, table, make_folds(table, n=5, seed=SEED), Plan(seed=SEED))
    kind = np.where(judged["person"].str.startswith("radiorim-phantom"), "phantom", "injected")
    rows = []
    for name, part in [("all", judged), *judged.groupby(kind)]:
        truth, score, found = part["truth"], part["score"], part["found"].astype(bool)
        rows.append(
            {
                "cases": name,
                "pairs": part["case"].nunique(),
                "people": part["person"].nunique(),
                "candidates": len(part),
                "true": int(truth.sum()),
                "found": int(found.sum()),
                "true_found": int((found & (truth == 1)).sum()),
                "roc_auc": roc_auc(truth, score),
                "pr_auc": pr_auc(truth, score),
                "brier": brier(truth, score),
                "ece_10": calibration_error(truth, score, binning="count"),
            }
        )
    return pd.DataFrame(rows)


def shipped(table: pd.DataFrame, figures: pd.DataFrame) -> Model:
    """The model fitted on everyone; its provenance holds the figures on people held out."""
    model = fit_on_table(recipes.get("subtract-boost"), table, seed=SEED, data=DATA)
    command = "python benchmarks/ship_model.py CROSS_SECTIONAL --work WORK"
    rows = figures.round(4).to_dict(orient="records")
    return replace(model, provenance={**model.provenance, "command": command, "held_out": rows})


def main() -> None:
    """Measure, fit, save into the package."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--work", type=Path, required=True)
    options = parser.parse_args()
    table = pd.concat(
        [measured(case, options.work) for case in training_cases(options.folder)], ignore_index=True
    )
    figures = held_out(table)
    print(figures.to_string(index=False, float_format="%.3f"))
    model = shipped(table, figures)
    print(f"{model.save(shipped_folder('subtract-boost'))}: {model.scorer.note}, {model.scorer.platt}")


if __name__ == "__main__":
    main()
