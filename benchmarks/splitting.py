"""Count error of each way to split a mask into lesions, on phantom people whose lesions have grown together.

    python benchmarks/splitting.py --people 3 --out benchmarks/results/splitting.tsv

The truth is the phantom's own instances at 1 mm, with more and more clustered lesions than its default; the
splitting sees their union only, as it sees a mask drawn by hand. A mask component is `confluent` when it
holds two or more true lesions. `found_iou` counts true lesions that one part overlaps with an IoU above 0.5.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from radiorim.classic.splitting import Split
from radiorim.io.tables import write_table
from radiorim.lesions import components
from radiorim.metrics.matching import match_labels
from radiorim.phantom import Params, make_person
from radiorim.volume import Volume

METHODS = {
    **{name: Split(name) for name in ("cc6", "cc18", "cc26")},
    **{f"watershed apart {mm} mm": Split("watershed", apart_mm=mm) for mm in (2.0, 4.0, 6.0)},
    **{
        f"hessian smooth {mm} mm": Split("hessian", smooth_mm=mm, least_component=0)
        for mm in (1.25, 2.0, 3.0)
    },
    "hessian smooth 1.25 mm, centres of 1 voxel": Split("hessian", least_component=0, least_centre=1),
}


def counts(truth: np.ndarray, split: np.ndarray) -> pd.DataFrame:
    """One row for each mask component: true lesions and parts in it."""
    islands = components(truth > 0, 26)
    rows = [
        {"true": len(np.unique(truth[islands == number])), "parts": len(np.unique(split[islands == number]))}
        for number in range(1, islands.max() + 1)
    ]
    return pd.DataFrame(rows, columns=["true", "parts"])


def overlapped(truth: np.ndarray, split: np.ndarray) -> int:
    """How many true lesions share an IoU above 0.5 with one part."""
    pairs = match_labels(truth, split)
    sizes = (
        pairs["overlap_voxels"] / pairs["share_of_truth"],
        pairs["overlap_voxels"] / pairs["share_of_found"],
    )
    return int((pairs["overlap_voxels"] / (sum(sizes) - pairs["overlap_voxels"]) > 0.5).sum())


def figures(name: str, tables: list[pd.DataFrame], hits: int, seconds: float) -> dict:
    """Sums over all people, for all components and for the confluent ones."""
    table = pd.concat(tables)
    confluent = table[table["true"] > 1]
    error = (confluent["parts"] - confluent["true"]).abs()
    return {
        "method": name,
        "lesions": int(table["true"].sum()),
        "parts": int(table["parts"].sum()),
        "single_split": int((table.loc[table["true"] == 1, "parts"] > 1).sum()),
        "confluent": len(confluent),
        "confluent_lesions": int(confluent["true"].sum()),
        "confluent_parts": int(confluent["parts"].sum()),
        "confluent_error": round(float(error.mean()), 3),
        "confluent_exact": int((error == 0).sum()),
        "found_iou": hits,
        "seconds": round(seconds, 2),
    }


def main() -> None:
    """Make the people, split their masks by every method, write one table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--people", type=int, default=3)
    parser.add_argument("--clustered", type=float, default=0.5)
    parser.add_argument("--out", type=Path, default=None)
    options = parser.parse_args()
    params = replace(Params(), clustered=options.clustered, lesions_mean=40.0, diameter_mm=7.0)
    truths = [make_person(number, 0, params).truth.labels for number in range(1, options.people + 1)]
    rows = []
    for name, split in METHODS.items():
        start = time.monotonic()
        parts = [split(mask_of(truth)).labels.data for truth in truths]
        seconds = (time.monotonic() - start) / len(truths)
        pairs = [(truth.data, part) for truth, part in zip(truths, parts, strict=True)]
        hits = sum(overlapped(*pair) for pair in pairs)
        rows.append(figures(name, [counts(*pair) for pair in pairs], hits, seconds))
    table = pd.DataFrame(rows)
    print(table.to_string(index=False))
    if options.out:
        write_table(table, options.out)


def mask_of(truth: Volume) -> Volume:
    """The union of the lesions: what a hand-drawn mask shows."""
    return truth.like(truth.data > 0)


if __name__ == "__main__":
    main()
