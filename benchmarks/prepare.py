"""Prepare raw pairs: seconds by step, distance to the given transforms, and ten hostile variants of a pair.

    python benchmarks/prepare.py FOLDER                      # every patient: steps, figures, the mask
    python benchmarks/prepare.py FOLDER --hostile patient12  # what becomes of that pair when it is spoiled

FOLDER holds patient*/study1_FLAIR.nii.gz, study2_FLAIR.nii.gz, their *_to_common_space.txt and
brainmask.nii.gz (the Ljubljana longitudinal set). `distance_mm` is the mean distance in the given brain
between our transform and the given one (for scans of two people it means nothing). A refusal is a
DataError; its sentence is printed. `--out results/prepare_hostile.tsv` keeps the table, with notes.
"""

from __future__ import annotations

import argparse
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
import SimpleITK as sitk
from scipy.spatial.transform import Rotation

from radiorim.case import Case
from radiorim.errors import DataError
from radiorim.io.nifti import load
from radiorim.io.sitk import transform_to_affine
from radiorim.io.tables import write_table
from radiorim.prepare.halfway import halfway_matrices
from radiorim.prepare.pair import HalfWayPair
from radiorim.prepare.resample import resample
from radiorim.volume import Volume


@dataclass(frozen=True)
class Pair:
    """Both scans, the matrix from follow-up to baseline mm that is right, and points of the brain (mm)."""

    baseline: Volume
    followup: Volume
    right: np.ndarray
    points_mm: np.ndarray


def raw_pair(folder: Path) -> Pair:
    """The pair of a patient's folder with its given transforms."""
    to = {n: given(folder / f"study{n}_FLAIR_to_common_space.txt") for n in (1, 2)}
    mask = load(folder / "brainmask.nii.gz")
    points = at(to[2], mask.to_mm(np.argwhere(mask.data)[::997]))
    files = (folder / f"study{n}_FLAIR.nii.gz" for n in (1, 2))
    scans = (replace(load(file), source=file.name) for file in files)
    return Pair(*scans, to[1] @ np.linalg.inv(to[2]), points)


def given(path: Path) -> np.ndarray:
    """The data set's own transform, from its common space to the scan's."""
    lines = (line.split(":") for line in path.read_text().splitlines() if ":" in line)
    numbers = {name: [float(n) for n in values.split()] for name, values, *_ in lines if name != "Transform"}
    transform = sitk.AffineTransform(3)
    transform.SetFixedParameters(numbers["FixedParameters"])
    transform.SetParameters(numbers["Parameters"])
    return transform_to_affine(transform)


def at(matrix: np.ndarray, points_mm: np.ndarray) -> np.ndarray:
    """Points after a 4x4 matrix."""
    return points_mm @ matrix[:3, :3].T + matrix[:3, 3]


def moved(pair: Pair, matrix: np.ndarray) -> Pair:
    """The baseline's header says that the head lay elsewhere."""
    baseline = Volume(pair.baseline.data, matrix @ pair.baseline.affine)
    return Pair(baseline, pair.followup, matrix @ pair.right, pair.points_mm)


def turn(degrees: tuple[float, float, float], centre: np.ndarray) -> np.ndarray:
    """A rotation about a point."""
    matrix = np.eye(4)
    matrix[:3, :3] = Rotation.from_euler("xyz", degrees, degrees=True).as_matrix()
    matrix[:3, 3] = centre - matrix[:3, :3] @ centre
    return matrix


def changed(pair: Pair, work: Callable[[np.ndarray], np.ndarray]) -> Pair:
    """The baseline with other values."""
    data = work(pair.baseline.data.astype(np.float32))
    return Pair(pair.baseline.like(data.astype(np.float32)), pair.followup, pair.right, pair.points_mm)


def part(volume: Volume, axis: int, keep: slice) -> Volume:
    """Only a part of the voxels along one axis."""
    box = tuple(keep if a == axis else slice(None) for a in range(3))
    affine = volume.affine.copy()
    affine[:3, 3] += affine[:3, axis] * (keep.start or 0)
    return Volume(volume.data[box], affine)


def halves(pair: Pair) -> dict[str, Pair]:
    """The baseline without one side or without its lower slices; the follow-up without its lower slices."""
    (before, after), (right, points) = (pair.baseline, pair.followup), (pair.right, pair.points_mm)
    side = part(before, 0, slice(0, before.shape[0] // 2))
    upper = [part(volume, 2, slice(volume.shape[2] // 2, None)) for volume in (before, after)]
    return {
        "half head: one side": Pair(side, after, right, points),
        "half head: upper slices": Pair(upper[0], after, right, points),
        "half head: upper slices of the follow-up": Pair(before, upper[1], right, points),
    }


def thick_and_thin(pair: Pair) -> Pair:
    """The baseline on 1 x 1 x 4 mm voxels, the follow-up on 1 mm."""
    return Pair(*(sliced(v, mm) for v, mm in ((pair.baseline, 4.0), (pair.followup, 1.0))), pair.right,
                pair.points_mm)  # fmt: skip


def sliced(volume: Volume, thick_mm: float) -> Volume:
    """The volume on 1 x 1 x thick_mm voxels along its own axes."""
    sizes = np.array([1.0, 1.0, thick_mm])
    affine = volume.affine.copy()
    affine[:3, :3] *= sizes / np.array(volume.spacing)
    shape = tuple(int(n) for n in np.array(volume.shape) * volume.spacing / sizes)
    return resample(volume, Volume(np.zeros(shape, np.uint8), affine))


def biased(data: np.ndarray) -> np.ndarray:
    """A coil near one corner: a factor of e^2 from side to side."""
    i, j, k = (np.linspace(-1, 1, n) for n in data.shape)
    return data * np.exp(0.6 * i[:, None, None] - 0.4 * j[None, :, None] + 0.3 * k[None, None, :])


def emptied(data: np.ndarray) -> np.ndarray:
    """Three slices in the middle of the head without signal."""
    data = data.copy()
    middle = data.shape[2] // 2
    data[:, :, middle : middle + 3] = 0
    return data


def flipped(pair: Pair, signs: tuple[int, int, int]) -> Pair:
    """The orientation codes of the baseline's header are wrong: its data lie mirrored along these axes."""
    box = tuple(slice(None, None, sign) for sign in signs)
    flip = np.diag([*map(float, signs), 1.0])
    flip[:3, 3] = [n - 1 if sign < 0 else 0 for n, sign in zip(pair.baseline.shape, signs, strict=True)]
    world = pair.baseline.affine @ flip @ np.linalg.inv(pair.baseline.affine)
    baseline = pair.baseline
    return Pair(
        Volume(baseline.data[box], baseline.affine), pair.followup, world @ pair.right, pair.points_mm
    )


def hostile(pair: Pair, other: Pair) -> dict[str, Pair]:
    """Ten ways to spoil a pair (some in two or three forms), by name."""
    middle = pair.baseline.corners_mm().mean(axis=0)
    shift = np.eye(4)
    shift[:3, 3] = (40, -40, 40)
    same = Pair(pair.followup, pair.followup, np.eye(4), pair.points_mm)
    return {
        "rotated 30": moved(pair, turn((30, 0, 0), middle)),
        "rotated 30 about z": moved(pair, turn((0, 0, 30), middle)),
        "shifted 40 mm": moved(pair, shift),
        "codes flipped: half a turn": flipped(pair, (-1, -1, 1)),
        "codes flipped: mirrored": flipped(pair, (-1, 1, 1)),
        **halves(pair),
        "gain": changed(pair, lambda data: 20 * np.sqrt(np.maximum(data, 0)) + 300),
        "strong bias": changed(pair, biased),
        "4 mm and 1 mm slices": thick_and_thin(pair),
        "empty slices": changed(pair, emptied),
        "same scan twice": same,
        "wrong person": Pair(other.baseline, pair.followup, pair.right, pair.points_mm),
    }


class Seconds(logging.Handler):
    """Collects the seconds that each step of `radiorim.prepare` logs."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.steps: dict[str, float] = {}

    def emit(self, record: logging.LogRecord) -> None:
        """Read `what: seconds s`."""
        what, _, seconds = record.getMessage().rpartition(": ")
        self.steps[what] = self.steps.get(what, 0.0) + float(seconds.removesuffix(" s"))


def row(pair: Pair, name: str) -> tuple[dict, Case | None]:
    """One line of the table, and the prepared case unless it was refused."""
    log, seconds = logging.getLogger("radiorim"), Seconds()
    log.setLevel(logging.INFO)
    log.addHandler(seconds)
    start = time.monotonic()
    try:
        done = HalfWayPair()(Case(name, name, {"flair0": pair.baseline, "flair": pair.followup}))
    except DataError as error:
        return {"pair": name, "seconds": time.monotonic() - start, "refused": str(error)}, None
    finally:
        log.removeHandler(seconds)
    ours = halfway_matrices(done)
    whole = ours["flair0"] @ np.linalg.inv(ours["flair"])
    far = at(whole, pair.points_mm) - at(pair.right, pair.points_mm)
    figures = {"seconds": time.monotonic() - start, "distance_mm": np.linalg.norm(far, axis=1).mean()}
    return {"pair": name, **figures, **done.quality, **seconds.steps, "notes": " ".join(done.notes)}, done


def mask_dice(case: Case, folder: Path) -> float:
    """Dice of the mask made to the given one, on the half-way grid; by sampling at its own voxels."""
    mask = load(folder / "brainmask.nii.gz")
    to_scan = given(folder / "study2_FLAIR_to_common_space.txt")
    to_grid = np.linalg.inv(case.placement.to_native) @ to_scan
    inside = resample(mask, case.mask("brain"), to_grid, order=0).data > 0
    ours = case.mask("brain").data
    return float(2 * (inside & ours).sum() / (inside.sum() + ours.sum()))


def main() -> None:
    """Print one table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--hostile", default="", metavar="PATIENT")
    parser.add_argument("--only", default="", help="hostile variants whose names hold this")
    parser.add_argument("--out", default=None, type=Path, help="write the table here too (.tsv)")
    options = parser.parse_args()
    patients = sorted(options.folder.glob("patient*/"))
    if options.hostile:
        pairs = [raw_pair(options.folder / options.hostile)]
        pairs += [raw_pair(f) for f in patients if f.name != options.hostile][:1]
        rows = [row(p, name)[0] for name, p in hostile(*pairs).items() if options.only in name]
    else:
        rows = []
        for folder in patients:
            line, done = row(raw_pair(folder), folder.name)
            rows.append(line if done is None else {**line, "mask_dice": mask_dice(done, folder)})
    table = pd.DataFrame(rows).round(3)
    if options.out:
        write_table(table, options.out)
    figures = table.set_index("pair").drop(columns=["refused", "notes"], errors="ignore")
    print(figures.T.to_string())
    for line in rows:
        print(f"{line['pair']}: {line.get('refused') or line['notes']}")


if __name__ == "__main__":
    main()
