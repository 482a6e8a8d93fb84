"""Lesion features: the engine `fast` beside pyradiomics, in one run, interleaved, CPU time, medians.

    python benchmarks/features.py                  # 300 lesions, 3 repeats; needs the extra [pyradiomics]
    python benchmarks/features.py --quick          # 30 lesions, 1 repeat
    python benchmarks/features.py --part demo      # chi of the embedded cohort, in a file of its own

One thread, except where rows say otherwise. pyradiomics' best use: filters once for the volume, tight crops
made by the caller; its default call: `execute(image, labels, label=k)` on the whole volume, a few lesions.
Writes results/features.tsv (speed) and results/features_agreement.tsv. Other packages: features_peers.py.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
from features_agreement import compared
from features_cases import demo, real, synthetic
from features_reference import as_sitk, best_use, default_call
from numba import njit

from radiorim.case import Case
from radiorim.features.texture import Texture
from radiorim.lesions import Lesions

RESULTS = Path(__file__).parent / "results"
CLASSES = ("shape", "firstorder", "glcm", "glrlm", "glszm", "gldm", "ngtdm")
SETS = {"original": ("original",), "original + LoG(1,2,3) + wavelet": ("original", "log", "wavelet")}
Row = dict[str, object]


def block(image: str, name: str) -> Texture:
    """The block of one image that measures a set."""
    return Texture((image,), classes=CLASSES, filters=SETS[name])


def seconds(work: Callable[[], object], clock: Callable[[], float]) -> tuple[float, object]:
    """What the work took by this clock, and what it gave."""
    start = clock()
    result = work()
    return clock() - start, result


def beside_the_reference(
    case: Case, lesions: Lesions, image: str, repeats: int
) -> Iterator[tuple[Row, pd.DataFrame]]:
    """One row and the values of both for each set: milliseconds of CPU for a lesion, and their ratio."""
    data, labels, spacing = case.image(image).data, lesions.labels.data, lesions.labels.spacing
    for name in SETS:
        texture, full = block(image, name), name != "original"
        texture(case, lesions)
        ours, best = [], []
        for _ in range(repeats):
            took, fast = seconds(lambda texture=texture: texture(case, lesions), time.process_time)
            ours.append(took)
            took, rows = seconds(
                lambda full=full: best_use(data.astype(float), labels, spacing, full=full), time.process_time
            )
            best.append(took)
        each = 1000 / len(lesions)
        fast_ms, best_ms = np.median(ours) * each, np.median(best) * each
        yield (
            {
                "measure": f"CPU ms a lesion, {name}",
                "case": f"{case.id} {image}",
                "lesions": len(lesions),
                "fast": fast_ms,
                "pyradiomics": best_ms,
                "ratio": fast_ms / best_ms,
                "note": f"best use, median of {repeats}",
            },
            compared(fast, rows, texture, f"{case.id} {image}"),
        )


def beside_the_default(
    case: Case, lesions: Lesions, ours: dict[str, float], counts: dict[str, int]
) -> Iterator[Row]:
    """Milliseconds of CPU for a lesion by the call that users type, on a few lesions of middle size."""
    image = as_sitk(case.image("flair").data.astype(float), lesions.labels.spacing)
    labels = as_sitk(lesions.labels.data, lesions.labels.spacing)
    sorted_numbers = lesions.table.sort_values("volume_mm3")["lesion"].iloc[len(lesions) // 2 :]
    for name, count in counts.items():
        took = []
        for number in sorted_numbers.iloc[:count]:
            start = time.process_time()
            default_call(image, labels, int(number), full=name != "original")
            took.append(time.process_time() - start)
        default = 1000 * float(np.median(took))
        yield {
            "measure": f"CPU ms a lesion, {name}",
            "case": "synthetic flair",
            "lesions": count,
            "fast": ours[name],
            "pyradiomics": default,
            "ratio": ours[name] / default,
            "note": "default call on the whole volume, median over its lesions",
        }


@njit(nogil=True)
def arithmetic(steps: int) -> float:
    """Work that touches no memory."""
    x = 0.1
    for _ in range(steps):
        x = x * 1.0000001 + 1e-9
    return x


def of_this_machine(repeats: int, steps: int = 120_000_000) -> Row:
    """What two threads of pure arithmetic gain here: no program of half a second can expect less time."""
    arithmetic(1)
    took: dict[int, list[float]] = {1: [], 2: []}
    for _ in range(repeats):
        for jobs, times in took.items():
            with ThreadPoolExecutor(jobs) as pool:
                work = lambda jobs=jobs, pool=pool: list(pool.map(arithmetic, [steps // jobs] * jobs))  # noqa: E731
                times.append(seconds(work, time.perf_counter)[0])
    one, two = np.median(took[1]), np.median(took[2])
    note = f"2 cores over 1 ({one:.2f} s) of this machine at pure arithmetic, median of {repeats}"
    return {"measure": "wall s, arithmetic", "case": "none", "fast": two, "ratio": two / one, "note": note}


def on_two_cores(case: Case, lesions: Lesions, repeats: int) -> Iterator[Row]:
    """Wall time of a call on two cores over that on one; interleaved runs of half a second of calls."""
    yield of_this_machine(repeats)
    for name in SETS:
        texture, took = block("flair", name), {1: [], 2: []}
        call_s, _ = seconds(lambda texture=texture: texture(case, lesions), time.perf_counter)
        calls = int(np.ceil(0.5 / call_s))
        for _ in range(repeats):
            for jobs, times in took.items():
                work = lambda texture=texture, jobs=jobs, calls=calls: [  # noqa: E731
                    texture.measure(case, lesions, n_jobs=jobs) for _ in range(calls)
                ]
                times.append(seconds(work, time.perf_counter)[0] / calls)
        one, two = np.median(took[1]), np.median(took[2])
        yield {
            "measure": f"wall s, {name}",
            "case": "synthetic flair",
            "lesions": len(lesions),
            "fast": two,
            "ratio": two / one,
            "note": f"2 cores over 1 ({one:.2f} s), median of {repeats}; load {os.getloadavg()[0]:.1f}",
        }


def scaling(counts: Sequence[int]) -> Iterator[Row]:
    """CPU seconds and peak memory of the full set against the number of lesions, each in its own process."""
    for count in counts:
        cpu_s, rss_gib, voxels = child("scale", str(count))
        yield {
            "measure": "CPU s, full set",
            "case": "synthetic flair",
            "lesions": count,
            "fast": cpu_s,
            "note": f"{voxels:.0f} voxels; peak memory {rss_gib:.2f} GiB with volumes and libraries",
        }


def compilation() -> Iterator[Row]:
    """Seconds of the first call in a new process, without and with numba's cache."""
    with tempfile.TemporaryDirectory() as cache:
        for note in ("compiles everything, once", "starts from the cache"):
            first_s, again_s, _ = child("start", "10", cache=cache)
            yield {
                "measure": "wall s, first call",
                "case": "synthetic flair",
                "lesions": 10,
                "fast": first_s - again_s,
                "note": f"{note}; beyond the {again_s:.2f} s of the same call again",
            }


def child(what: str, count: str, cache: str | None = None) -> tuple[float, float, float]:
    """Three numbers that this script printed in a process of its own."""
    where = {} if cache is None else {"NUMBA_CACHE_DIR": cache}
    command = [sys.executable, __file__, "--child", what, count]
    done = subprocess.run(command, env=os.environ | where, capture_output=True, text=True, check=True)
    first, second, third = map(float, done.stdout.split())
    return first, second, third


def in_a_child(what: str, count: int) -> None:
    """Print the numbers that `child` reads."""
    case, lesions = synthetic(count)
    texture = block("flair", list(SETS)[1])
    clock = time.perf_counter if what == "start" else time.process_time
    first_s, _ = seconds(lambda: texture(case, lesions), clock)
    again_s, _ = seconds(lambda: texture(case, lesions), clock)
    if what == "start":
        print(first_s, again_s, 0)
    else:
        # Not getrusage: its maximum begins with the memory of the process that started this one.
        status = Path("/proc/self/status").read_text()
        gib = int(status.split("VmHWM:")[1].split()[0]) / 2**20
        print(again_s, gib, (lesions.labels.data > 0).sum())


@dataclass(frozen=True)
class Table:
    """What was measured so far; the files are written again after each measurement."""

    name: str
    rows: list[Row] = field(default_factory=list)
    differences: list[pd.DataFrame] = field(default_factory=list)

    def add(self, rows: Iterator[Row]) -> None:
        """Rows of speed."""
        for row in rows:
            self.rows.append(row)
            write(pd.DataFrame(self.rows), f"{self.name}.tsv")
            print(row, flush=True)

    def add_pairs(self, pairs: Iterator[tuple[Row, pd.DataFrame]]) -> None:
        """Rows of speed, each with its table of differences."""
        for row, differences in pairs:
            self.add(iter([row]))
            self.differences.append(differences)
            write(pd.concat(self.differences), f"{self.name}_agreement.tsv")


def write(table: pd.DataFrame, name: str) -> None:
    """A table of results with the command that made it."""
    command = " ".join(["# python benchmarks/features.py", *sys.argv[1:]])
    text = table.to_csv(sep="\t", index=False, float_format="%.4g")
    (RESULTS / name).write_text(f"{command}\n{text}")


def alone(part: str, counts: Sequence[int]) -> None:
    """One part in a file of its own."""
    table = Table(f"features_{part}")
    if part == "scaling":
        table.add(scaling(counts))
    else:
        table.add_pairs(beside_the_reference(*demo(), "chi", 1))


def main() -> None:
    """Every measurement, in the order of the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--part", choices=["scaling", "demo"])
    parser.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        in_a_child(options.child[0], int(options.child[1]))
        return
    if options.part:
        alone(options.part, (10, 30) if options.quick else (10, 100, 1000))
        return
    repeats = 1 if options.quick else 3
    case, lesions = synthetic(30 if options.quick else 300)
    table = Table("features")
    table.add_pairs(beside_the_reference(case, lesions, "flair", repeats))
    ours = {name: row["fast"] for name, row in zip(SETS, table.rows, strict=True)}
    table.add(beside_the_default(case, lesions, ours, dict(zip(SETS, (7, 3), strict=True))))
    table.add(on_two_cores(case, lesions, 5 * repeats))
    table.add(scaling((10, 30) if options.quick else (10, 100, 1000)))
    table.add(compilation())
    for patient, found in [] if options.quick else real():
        for image in patient.images:
            table.add_pairs(beside_the_reference(patient, found, image, repeats))


if __name__ == "__main__":
    main()
