"""How often do three tests call two equally good recipes different? They should in 5 % of cohorts.

    python benchmarks/type1_error.py --replicates 1000 --out benchmarks/results/type1_error.tsv

Model: a lesion is rim-positive with the chance of its person, .07 on average: the same for everybody
("spread"), or from a beta distribution with intra-class correlation .2 ("clustered": many people have no
rim lesion and some have several, as in the clinic). A recipe's score is separation * positive + person
effect + lesion noise; person effects (drawn anew for each recipe, sd 0, .5, 1.2) shift all lesions of
one person; lesion noise has sd 1 and correlates .5 between the recipes. Both recipes are equally good.
"""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from radiorim.metrics.compare import Paired, delong_test, obuchowski_test
from radiorim.metrics.permutation import swap_test

ALPHA = 0.05
SWAPS = 999
TESTS = {
    "delong": delong_test,
    "obuchowski": obuchowski_test,
    "patient_swap": lambda paired: swap_test(paired, n=SWAPS),
}


@dataclass(frozen=True)
class Cohort:
    """The simulated cohort of the protocol."""

    people: int = 88
    lesions_each: float = 14
    positive: float = 0.07
    clustering: float = 0.0
    separation: float = 1.5
    shared_noise: float = 0.5


COHORTS = {"spread": Cohort(), "clustered": Cohort(clustering=0.2)}


def chances(cohort: Cohort, generator: np.random.Generator) -> np.ndarray:
    """Each person's chance that a lesion has a rim."""
    if not cohort.clustering:
        return np.full(cohort.people, cohort.positive)
    total = 1 / cohort.clustering - 1
    return generator.beta(cohort.positive * total, (1 - cohort.positive) * total, cohort.people)


def draw(cohort: Cohort, effect_sd: float, generator: np.random.Generator) -> Paired:
    """One cohort with the scores of two equally good recipes."""
    each = np.maximum(1, generator.poisson(cohort.lesions_each, cohort.people))
    person = np.repeat(np.arange(cohort.people), each)
    y = generator.random(person.size) < chances(cohort, generator)[person]
    shared = np.sqrt(cohort.shared_noise) * generator.standard_normal(person.size)
    scores = []
    for _ in range(2):
        own = np.sqrt(1 - cohort.shared_noise) * generator.standard_normal(person.size)
        effect = effect_sd * generator.standard_normal(cohort.people)
        scores.append(cohort.separation * y + effect[person] + shared + own)
    return Paired.of(y, scores[0], scores[1], person)


def simulate(positives: str, effect_sd: float, *, replicates: int, seed: int) -> list[dict[str, object]]:
    """Reject rates of each test with their Monte-Carlo error."""
    generator = np.random.default_rng(seed)
    rejected = {name: 0 for name in TESTS}
    area = 0.0
    for _ in range(replicates):
        paired = draw(COHORTS[positives], effect_sd, generator)
        for name, test in TESTS.items():
            out = test(paired)
            rejected[name] += out.p <= ALPHA
        area += out.first / replicates
    rates = {name: count / replicates for name, count in rejected.items()}
    return [
        {
            "positives": positives,
            "patient_effect_sd": effect_sd,
            "test": name,
            "type1_error": round(rate, 4),
            "monte_carlo_se": round(float(np.sqrt(rate * (1 - rate) / replicates)), 4),
            "replicates": replicates,
            "mean_auc": round(area, 3),
        }
        for name, rate in rates.items()
    ]


def main() -> None:
    """Run the three patient effects and write the table, with the command on its first line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--replicates", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results" / "type1_error.tsv")
    arguments = parser.parse_args()
    start = time.perf_counter()
    runs = [
        simulate(positives, sd, replicates=arguments.replicates, seed=arguments.seed)
        for positives in COHORTS
        for sd in (0.0, 0.5, 1.2)
    ]
    table = pd.DataFrame([row for run in runs for row in run])
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    command = f"python benchmarks/type1_error.py --replicates {arguments.replicates} --seed {arguments.seed}"
    arguments.out.write_text(f"# {command}\n" + table.to_csv(sep="\t", index=False))
    print(table.to_string(index=False))
    print(f"{time.perf_counter() - start:.0f} s", file=sys.stderr)


if __name__ == "__main__":
    main()
