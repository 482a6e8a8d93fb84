"""The people that the shipped judge of new lesions learns from: phantom people, and lesions in real anatomy.

Real anatomy is that of cross-sectional scans (Lesjak et al., Ljubljana, doi 10.1007/s12021-017-9348-7): each
becomes pairs of visits, scanned by two machines that differ in slices, contrast, shading and noise. Lesions
are put in, and some of the person's own were not there or fainter at the first visit. The
longitudinal pairs of the same group are what the model is judged on and are never read here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cache, lru_cache, partial
from pathlib import Path

import numpy as np
from scipy import ndimage
from scipy.spatial.transform import Rotation
from ship_model_lesions import all_new, before_some

from radiorim.case import Case, Lazy
from radiorim.io import nifti
from radiorim.lesions import Lesions
from radiorim.phantom import Params, cohort
from radiorim.phantom.inject import Injection, inject
from radiorim.phantom.scanmodel import ScanModel
from radiorim.prepare.priors import TissuePriors
from radiorim.prepare.resample import labels_to, resample
from radiorim.volume import Volume

__all__ = ["injected_cases", "phantom_cases"]

LEVELS = (0.2, 0.5, 0.8)
"""Difficulties of the phantom people, in turn."""
MANY = {"new_mean": 6.0, "without_new": 0.1, "enlarged": 0.2, "new_least_mm3": 10.0}
"""More change, and smaller, than in life: a judge cannot learn from a handful."""
INJECTION = Injection(lesions=20, diameter_mm=5.0, contrast=(0.08, 0.6), noise=0.0, gain=0.0)
DRIFT_MM, DRIFT_SMOOTH_MM = 0.4, 12.0
"""SD and smoothness of how tissue moves between the visits."""


def phantom_cases(people: int, seed: int) -> Iterator[Case]:
    """Pairs without a brain mask, as they come; every third with 1.5 mm voxels, the others with thick slices.

    Growth of an old lesion counts as new: `gt` of real pairs marks both.
    """
    for number in range(people):
        params = replace(
            Params(spacing_mm=1.5, contrasts=("flair",)).at(LEVELS[number % len(LEVELS)]),
            thick_slices=number % 3 != 2,
            **MANY,
        )
        case = cohort(1, seed=seed + number, params=params)[0]
        name = f"radiorim-phantom-{seed + number}"
        yield replace(
            case, id=name, person=name, masks={}, truth=lambda case=case: grown_is_new(case.truth())
        )


def grown_is_new(truth: Lesions) -> Lesions:
    """The status of enlarged lesions becomes `new`."""
    status = truth.table["status"].replace("enlarged", "new")
    return truth.with_columns(status=status)


def injected_cases(scan: Path, pairs: int, seed: int) -> Iterator[Case]:
    """Pairs made from one skull-stripped scan with isotropic voxels; every fourth keeps these voxels."""
    person = f"ljubljana-cross-sectional-{scan.parent.name}"
    for number in range(pairs):
        made = partial(injected_pair, scan, seed, number)
        yield Case(
            f"{person}-{number}",
            person,
            Lazy({name: lambda name=name, made=made: made()[name] for name in ("flair0", "flair")}),
            truth=lambda made=made: made()["truth"],
        )


@lru_cache(maxsize=1)
def injected_pair(scan: Path, seed: int, number: int) -> dict:
    """Both visits as two machines see them, and the truth on the later one's grid."""
    rng = np.random.default_rng([seed, number])
    model = scan_model(scan)
    made = inject(model, INJECTION, seed=int(rng.integers(2**31)))
    earlier = before_some(model, nifti.load_mask(scan.with_name("lesions.nii.gz")), rng)
    first = model.scan.like(drifted(earlier.scan, rng))
    before, after = (acquired(one, rng, thick=number % 4 != 3) for one in (first, made.followup))
    return {"flair0": before, "flair": after, "truth": labels_to(all_new(made, earlier.changed), after)}


@cache
def scan_model(path: Path) -> ScanModel:
    """Where lesions may lie in a skull-stripped scan."""
    scan = nifti.load(path)
    scan = scan.like(np.maximum(scan.data, 0).astype(np.float32))
    case = Case(path.parent.name, path.parent.name, {"flair": scan}, {"brain": scan.like(scan.data > 0)})
    return ScanModel.of(TissuePriors()(case))


def drifted(scan: Volume, rng: np.random.Generator) -> np.ndarray:
    """The scan with tissue moved a little, smoothly: what no affine registration takes back."""
    places = np.indices(scan.shape, dtype=np.float32)
    for axis in range(3):
        knots = (np.array(scan.shape) * scan.spacing / DRIFT_SMOOTH_MM).astype(int) + 2
        coarse = ndimage.gaussian_filter(rng.normal(size=knots), 0.7)
        field = ndimage.zoom(coarse, np.array(scan.shape) / knots, order=1)
        places[axis] += DRIFT_MM / scan.spacing[axis] * field / field.std()
    return ndimage.map_coordinates(scan.data, places, order=1)


def acquired(scan: Volume, rng: np.random.Generator, *, thick: bool) -> Volume:
    """The scan as another machine shows it: its own slices, contrast, shading and noise."""
    level = np.median(scan.data[scan.data > 0])
    data = level * (np.maximum(scan.data, 0) / level) ** rng.uniform(0.8, 1.25)
    plane, slice_mm = rng.uniform(0.55, 0.9), rng.uniform(3, 4)
    data = ndimage.gaussian_filter(data, [rng.uniform(0.2, 0.6) / edge for edge in scan.spacing])
    if thick:
        data = ndimage.uniform_filter1d(data, round(slice_mm / scan.spacing[2]), axis=2)
    edges = np.array([plane, plane, slice_mm]) if thick else np.array(scan.spacing)
    grid = tilted_grid(scan, edges, rng)
    seen = resample(scan.like(data.astype(np.float32)), grid).data
    seen = seen * shading(grid.shape, rng)
    noise = rng.uniform(0.015, 0.05) * level
    seen = np.hypot(seen + noise * rng.standard_normal(seen.shape), noise * rng.standard_normal(seen.shape))
    return grid.like(seen.astype(np.float32))


def tilted_grid(scan: Volume, edges: np.ndarray, rng: np.random.Generator) -> Volume:
    """A box around the head, tilted by up to 5 degrees, that begins anywhere within a voxel."""
    turn = Rotation.from_euler("xyz", rng.uniform(-5, 5, 3), degrees=True).as_matrix()
    points = scan.to_mm(np.argwhere(scan.data > 0)[::97])
    centre = points.mean(axis=0)
    local = (points - centre) @ turn
    low = local.min(axis=0) - 8 - rng.uniform(0, 1, 3) * edges
    shape = np.ceil((local.max(axis=0) + 8 - low) / edges).astype(int)
    affine = np.eye(4)
    affine[:3, :3] = turn * edges
    affine[:3, 3] = centre + turn @ low
    return Volume(np.broadcast_to(np.float32(0), tuple(shape.tolist())), affine)


def shading(shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """A smooth field about 1."""
    x, y, z = np.ix_(*[np.linspace(-1, 1, n) for n in shape])
    a, b, c, d, e, f = rng.normal(0, 0.08, 6)
    return np.exp(a * x + b * y + c * z + d * x**2 + e * y**2 + f * z**2)
