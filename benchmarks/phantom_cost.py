"""Seconds and memory that one person of the phantom takes, on one core.

    OMP_NUM_THREADS=1 python benchmarks/phantom_cost.py

Each variant runs in a process of its own. A first person is made before the clock starts: with it come the
template, the compiled kernels and what is imported. `median_s` and `most_s` are wall time over the people
that follow, `peak_mib` is the most that the process ever held. Writes results/phantom_cost.tsv.
"""

from __future__ import annotations

import json
import resource
import statistics
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pandas as pd

from radiorim.phantom import Params, make_person

RESULTS = Path(__file__).parent / "results"
VARIANTS = {
    "all contrasts, 1 mm": (Params(), 3),
    "all contrasts and a gradient echo, 1 mm": (replace(Params(), gre=True), 3),
    "FLAIR pair alone, 1 mm": (replace(Params(), contrasts=()), 3),
    "test variant, all contrasts": (Params().small(), 21),
}
"""Parameters, and how many people the clock sees."""


def main() -> None:
    """A row for each variant, to a table and to the screen."""
    rows = [json.loads(in_own_process(variant)) for variant in VARIANTS]
    table = pd.DataFrame(rows)
    RESULTS.mkdir(exist_ok=True)
    table.to_csv(RESULTS / "phantom_cost.tsv", sep="\t", index=False)
    print(table.to_string(index=False))


def in_own_process(variant: str) -> str:
    """What `measure` prints in a process that made nothing before."""
    command = [sys.executable, __file__, variant]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def measure(variant: str) -> dict[str, object]:
    """One row: people 2 and on, seed 0."""
    params, people = VARIANTS[variant]
    make_person(1, 0, params)
    seconds = [timed(number, params) for number in range(2, people + 2)]
    return {
        "variant": variant,
        "people": people,
        "median_s": round(statistics.median(seconds), 3),
        "most_s": round(max(seconds), 3),
        "peak_mib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }


def timed(number: int, params: Params) -> float:
    """Seconds for one person, who is forgotten."""
    start = time.perf_counter()
    make_person(number, 0, params)
    return time.perf_counter() - start


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(json.dumps(measure(sys.argv[1])))
    else:
        main()
