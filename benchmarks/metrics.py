"""Seconds for lesion-wise metrics beside panoptica 2.1.7 and picai_eval 1.4.13: same arrays, one run.

    python benchmarks/metrics.py                  # 256^3, about 100 lesions, 7 repeats, interleaved
    python benchmarks/metrics.py --side 96 --picai-side 64 --repeats 2

Peers that are not installed are named with the line that installs them, and left out. picai_eval needs
full-grid work for each pair of lesions (about 470 s on the 256^3 pair), so it gets a smaller grid.
Each program gets the memory order in which it is faster: Fortran for radiorim (as nibabel gives
images), C for the peers. Writes results/metrics_speed.tsv; metrics_crosscheck.py compares values.
"""

from __future__ import annotations

import argparse
import importlib.util
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from radiorim.metrics.anima import segmentation_performance
from radiorim.metrics.distances import surface_metrics
from radiorim.metrics.rules import score_lesions

PEERS = {
    "panoptica": "pip install panoptica==2.1.7",
    "picai_eval": "pip install picai_eval==1.4.13",
    "monai": "pip install monai torch",
}
RESULTS = Path(__file__).parent / "results"
MM = (1.0, 1.0, 1.0)
Pair = tuple[np.ndarray, np.ndarray]


def present(peer: str) -> bool:
    """Whether a peer can be imported; says how to get it if not."""
    found = importlib.util.find_spec(peer) is not None
    if not found:
        print(f"{peer} is missing, its rows are left out: {PEERS[peer]}", file=sys.stderr)
    return found


def balls(side: int, lesions: int, generator: np.random.Generator) -> list[tuple[tuple[int, ...], int]]:
    """Centres and radii of balls well inside the grid."""
    centres = generator.integers(10, side - 10, size=(lesions, 3))
    radii = generator.integers(2, 6, lesions)
    return [(tuple(centre), int(radius)) for centre, radius in zip(centres, radii, strict=True)]


def paint(side: int, lesions: list[tuple[tuple[int, ...], int]]) -> np.ndarray:
    """A uint8 mask in Fortran order, as nibabel gives images."""
    mask = np.zeros((side, side, side), dtype=np.uint8, order="F")
    for centre, radius in lesions:
        grid = np.ogrid[-radius : radius + 1, -radius : radius + 1, -radius : radius + 1]
        window = tuple(slice(c - radius, c + radius + 1) for c in centre)
        mask[window] |= (sum(axis**2 for axis in grid) <= radius**2).astype(np.uint8)
    return mask


def draw_pair(side: int, lesions: int, seed: int = 0) -> Pair:
    """Found and true masks: four fifths of the truths, moved by 2 voxels at most; a false find a miss."""
    generator = np.random.default_rng(seed)
    truth = balls(side, lesions, generator)
    moved = [
        (tuple(int(c + d) for c, d in zip(centre, generator.integers(-2, 3, 3), strict=True)), radius)
        for centre, radius in truth
        if generator.random() < 0.8
    ]
    return paint(side, moved + balls(side, lesions - len(moved), generator)), paint(side, truth)


def panoptica_run(metrics: tuple[str, ...], threshold: float = 0.5) -> Callable[[Pair], object]:
    """A function that evaluates a pair with panoptica."""
    from panoptica import (
        ConnectedComponentsInstanceApproximator,
        InputType,
        NaiveThresholdMatching,
        Panoptica_Evaluator,
    )
    from panoptica.metrics import Metric

    evaluator = Panoptica_Evaluator(
        expected_input=InputType.SEMANTIC,
        instance_approximator=ConnectedComponentsInstanceApproximator(),
        instance_matcher=NaiveThresholdMatching(matching_threshold=threshold),
        instance_metrics=[Metric[name] for name in metrics],
        global_metrics=[],
    )

    def run(pair: Pair) -> object:
        result = evaluator.evaluate(pair[0], pair[1], verbose=False)["ungrouped"]
        result.to_dict()  # metrics are worked out when they are asked for
        return result

    return run


def picai_run(pair: Pair) -> list[tuple[int, float, float]]:
    """picai_eval's list of (truth, confidence, overlap) of a pair."""
    from picai_eval.eval import evaluate_case

    return evaluate_case(pair[0].astype(np.float32), pair[1].astype(np.int32))[0]


def ours() -> dict[str, Callable[[Pair], object]]:
    """What radiorim offers, by name."""
    return {
        "radiorim lesion rule (PPVL SensL F1)": lambda p: segmentation_performance(
            *p, MM, groups=("detection",)
        ),
        "radiorim all analyzer metrics": lambda p: segmentation_performance(*p, MM),
        "radiorim all metrics + ASSD HD95 NSD": lambda p: (
            segmentation_performance(*p, MM),
            surface_metrics(*p, MM),
        ),
        "radiorim iou rule (RQ SQ PQ)": lambda p: score_lesions(*p, MM, rule="iou"),
        "radiorim ASSD HD95 NSD": lambda p: surface_metrics(*p, MM),
    }


def timed(tasks: dict[str, Callable[[Pair], object]], pair: Pair, repeats: int) -> pd.DataFrame:
    """Median, least and most seconds of each task, all tasks in turn in every repeat, after one warm-up."""
    seconds: dict[str, list[float]] = {name: [] for name in tasks}
    in_c_order = np.ascontiguousarray(pair[0]), np.ascontiguousarray(pair[1])
    for repeat in range(repeats + 1):
        for name, task in tasks.items():
            given = pair if name.startswith("radiorim") else in_c_order
            start = time.perf_counter()
            task(given)
            if repeat:
                seconds[name].append(time.perf_counter() - start)
    columns = {"median_s": np.median, "min_s": np.min, "max_s": np.max}
    return pd.DataFrame(
        [
            {"what": name, **{c: round(float(f(s)), 4) for c, f in columns.items()}}
            for name, s in seconds.items()
        ]
    )


def speed(arguments: argparse.Namespace) -> pd.DataFrame:
    """The timing table: one grid for ours and panoptica, a smaller one for ours and picai_eval."""
    tables = []
    tasks = ours()
    if present("panoptica"):
        tasks["panoptica DSC"] = panoptica_run(("DSC",))
        tasks["panoptica DSC IOU ASSD"] = panoptica_run(("DSC", "IOU", "ASSD"))
    jobs = [(arguments.side, tasks)]
    if present("picai_eval"):
        jobs.append((arguments.picai_side, {**ours(), "picai_eval evaluate_case": picai_run}))
    for side, chosen in jobs:
        lesions = max(4, round(100 * (side / 256) ** 3)) if side < 256 else 100
        table = timed(chosen, draw_pair(side, lesions), arguments.repeats)
        table.insert(0, "grid", side)
        peers = table[~table["what"].str.startswith("radiorim")]
        name, seconds = ("none installed", np.nan) if peers.empty else peers.iloc[-1][["what", "median_s"]]
        table["peer"], table["ratio_to_peer"] = name, (table["median_s"] / seconds).round(4)
        tables.append(table)
    return pd.concat(tables, ignore_index=True)


def save(table: pd.DataFrame, name: str, command: str, folder: Path = RESULTS) -> None:
    """Print a table and keep it as NAME.tsv with the command that made it on the first line."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.tsv").write_text(f"# {command}\n" + table.to_csv(sep="\t", index=False))
    print(table.to_string(index=False))


def main() -> None:
    """Measure, print and save."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--side", type=int, default=256, help="voxels along each axis")
    parser.add_argument(
        "--picai-side", type=int, default=128, help="the same for the comparison with picai_eval"
    )
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--out", type=Path, default=RESULTS)
    arguments = parser.parse_args()
    line = f"--side {arguments.side} --picai-side {arguments.picai_side} --repeats {arguments.repeats}"
    save(speed(arguments), "metrics_speed", f"python benchmarks/metrics.py {line}", arguments.out)


if __name__ == "__main__":
    main()
