"""How many lesions of the two real pairs a judge of these candidates finds that may learn from the pairs too.

    python benchmarks/judge_ceiling.py CROSS_SECTIONAL LONGITUDINAL --work WORK

The judge of `subtract-boost` learns from what the shipped model learned from (`ship_model.py`, same WORK),
then also from the other pair, then also from four fifths of the lesions of the very pair that it judges: more
than any user has, and no claim of performance. Rows of real pairs count TIMES times, since there are few.
Counted are true lesions over 10 mm3 (`real_pairs.py`) that the best-scored candidates touch until so many of
them are false. Writes results/judge_ceiling.tsv.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
from real_pairs import truth_of
from ship_model import SEED, measured, training_cases

from radiorim import recipes
from radiorim.cli.models import shipped_folder
from radiorim.io.tables import write_table
from radiorim.metrics.matching import match_labels
from radiorim.model import Model, native
from radiorim.runs.detection import detect, pair_case

RESULTS = Path(__file__).parent / "results"
LEAST_MM3, FOLDS, TIMES = 10, 5, 10
FALSE = (5, 15, 30)


def candidates(patient: Path, work: Path) -> pd.DataFrame:
    """Measured candidates of a pair: `truth` if one touches a true lesion, `lesions` which large ones."""
    case = pair_case(patient / "study1_FLAIR.nii.gz", patient / "study2_FLAIR.nii.gz")
    looked = detect(Model.load(shipped_folder("subtract-boost")), case, work / patient.name)
    truth = truth_of(patient, looked)
    judged = looked.examined.lesions
    pairs = match_labels(truth.labels.data, native(looked.examined.case, judged).labels.data)
    pairs = pairs[pairs["partner"] > 0]
    large = set(truth.table.loc[truth.table["volume_mm3"] > LEAST_MM3, "lesion"])
    touched = {lesion: sorted(large & set(rows["partner"])) for lesion, rows in pairs.groupby("lesion")}
    table = judged.table.drop(columns=["score", "found"]).assign(
        person=patient.name, truth=judged.table["lesion"].isin(pairs["lesion"]).astype(int)
    )
    table["lesions"] = [touched.get(lesion, []) for lesion in table["lesion"]]
    return table.assign(large=len(large))


def found(table: pd.DataFrame, score: np.ndarray, false: int) -> int:
    """Large true lesions that the best candidates touch before one more than `false` of them is false."""
    best = table.iloc[np.argsort(-score, kind="stable")]
    kept = best[(best["truth"] == 0).cumsum() <= false]
    return len({lesion for lesions in kept["lesions"] for lesion in lesions})


def scores(learned: pd.DataFrame, table: pd.DataFrame) -> np.ndarray:
    """What a judge says of the table that learned from `learned`."""
    judge = recipes.get("subtract-boost").judge
    known = learned.drop(columns=["lesions", "large"], errors="ignore")
    return judge.fit_table(known, seed=SEED).score_table(table)["score"].to_numpy()


def with_own(learned: pd.DataFrame, table: pd.DataFrame) -> np.ndarray:
    """Scores of each fifth of a pair's candidates by a judge that saw the others; a lesion lies in one."""
    group = np.array([min(lesions) if lesions else -row for row, lesions in enumerate(table["lesions"], 1)])
    _, group = np.unique(group, return_inverse=True)
    fold = np.random.default_rng(SEED).permutation(group.max() + 1)[group] % FOLDS
    score = np.zeros(len(table))
    for number in range(FOLDS):
        own = pd.concat([table[fold != number]] * TIMES)
        score[fold == number] = scores(pd.concat([learned, own]), table[fold == number])
    return score


def main() -> None:
    """Measure once, judge three times, write one table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("cross_sectional", type=Path)
    parser.add_argument("longitudinal", type=Path)
    parser.add_argument("--work", type=Path, required=True)
    options = parser.parse_args()
    shipped = pd.concat([measured(case, options.work) for case in training_cases(options.cross_sectional)])
    pairs = [candidates(folder, options.work) for folder in sorted(options.longitudinal.glob("patient*/"))]
    rows = []
    for table in pairs:
        others = pd.concat([other for other in pairs if other is not table])
        more = pd.concat([shipped, *[others] * TIMES])
        ways = {
            "as shipped": scores(shipped, table),
            "and the other pair": scores(more, table),
            "and four fifths of this pair": with_own(more, table),
        }
        for way, score in ways.items():
            hits = {f"found_{false}_false": found(table, score, false) for false in FALSE}
            reached = len({lesion for lesions in table["lesions"] for lesion in lesions})
            about = {"learned_from": way, "patient": table["person"].iloc[0], "true": table["large"].iloc[0]}
            rows.append(about | {"reached": reached} | hits)
            print(rows[-1], flush=True)
    write_table(pd.DataFrame(rows), RESULTS / "judge_ceiling.tsv")


if __name__ == "__main__":
    main()
