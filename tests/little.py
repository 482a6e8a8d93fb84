"""A cohort of balls in a ball: made in milliseconds, in memory or as a BIDS data set, with truth."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from radiorim.blocks import (
    Boost,
    Change,
    FirstOrder,
    Given,
    HalfWayPair,
    MinVolume,
    Paper,
    Peaks,
    Recipe,
    Resample,
    RimLayers,
    Shape,
    Subtraction,
    Tabular,
)
from radiorim.case import Case, Lazy
from radiorim.io import nifti
from radiorim.io.tables import write_table
from radiorim.lesions import Lesions
from radiorim.volume import Volume

SHAPE, SPACING_MM, AWAY = (30, 30, 30), 2.0, 6
PAPER = Paper(title="made for the tests")
_REGISTERED = HalfWayPair(registered=True, n4=False, differential_bias=False)

RIM = Recipe(
    name="little-rim",
    task="rim",
    needs=("chi", "flair", "lesions"),
    paper=PAPER,
    prepare=(Resample(to="chi"),),
    find=Given(),
    judge=Tabular(
        measures=(
            Shape(),
            FirstOrder(images=("chi", "flair")),
            RimLayers(images=("chi",), width_mm=2.0, inward=1, outward=1),
        ),
        model=Boost(trees=20),
    ),
)
NEW = Recipe(
    name="little-new",
    task="new-lesion",
    needs=("flair0", "flair"),
    paper=PAPER,
    prepare=(_REGISTERED,),
    find=Subtraction(sigmas=5.0),
    tidy=(MinVolume(mm3=60.0),),
)
NEW_BOOST = replace(
    NEW,
    name="little-new-boost",
    find=Peaks(sigmas=2.5),
    tidy=(),
    judge=Tabular(measures=(Shape(), Change()), model=Boost(trees=20)),
)


def person(number: int, *, seed: int = 0, new: int = 2) -> tuple[dict[str, Volume], Volume, Lesions]:
    """Images (flair0, flair, chi in ppb, all on one grid), brain and truth of one person: 8 lesions.

    About half of them have a rim; the first `new` are absent in flair0.
    """
    rng = np.random.default_rng([seed, number])
    affine = np.diag([SPACING_MM] * 3 + [1.0])
    affine[:3, 3] = -SPACING_MM * (np.array(SHAPE) - 1) / 2
    rims = np.zeros(8, dtype=int)
    rims[rng.choice(8, 2 + number % 3, replace=False)] = 1
    labels, chi = np.zeros(SHAPE, np.int32), rng.normal(0, 3, SHAPE)
    corners = np.array(np.meshgrid(*[(-1, 1)] * 3)).reshape(3, -1).T * AWAY + np.array(SHAPE) // 2
    for index, corner in enumerate(rng.permutation(corners)):
        away = _away(corner)
        radius = rng.uniform(2.2, 3.4)
        labels[away <= radius] = index + 1
        chi[away <= radius] += 12
        if rims[index]:
            chi[(away <= radius) & (away > radius - 1.2)] += 25
    brain = _away(np.array(SHAPE) / 2 - 0.5) <= 14
    base = np.where(brain, 100.0, 10.0)
    old = np.where(labels > new, 40.0, 0.0)
    images = {
        "flair0": base + old + rng.normal(0, 3, SHAPE),
        "flair": base + np.where(labels > 0, 40.0, 0.0) + rng.normal(0, 3, SHAPE),
        "chi": chi,
    }
    grid = Volume(labels, affine)
    status = np.where(np.arange(8) < new, "new", "stable")
    truth = Lesions.from_labels(grid).with_columns(status=status, rim=rims)
    return (
        {name: grid.like(data.astype(np.float32)) for name, data in images.items()},
        grid.like(brain),
        truth,
    )


def cohort(people: int, *, seed: int = 0) -> list[Case]:
    """People in memory; the given lesions have other numbers than the true ones."""
    cases = []
    for number in range(1, people + 1):
        images, brain, truth = person(number, seed=seed)
        cases.append(
            Case(
                id=f"sub-{number:02d}_ses-02",
                person=f"sub-{number:02d}",
                images=images,
                masks={"brain": brain, "lesions": given(truth)},
                truth=lambda truth=truth: truth,
            )
        )
    return cases


def stored(folder: Path, people: int, *, seed: int = 0) -> list[Case]:
    """The same people with their images in files, as staging wants them."""
    return [_stored(folder / case.id, case) for case in cohort(people, seed=seed)]


def write_dataset(root: Path, people: int, *, seed: int = 0, without_new: int = 1) -> Path:
    """A BIDS data set with truth, lesion masks and brain masks; the last `without_new` have no new lesion."""
    for number in range(1, people + 1):
        new = 0 if number > people - without_new else 2
        images, brain, truth = person(number, seed=seed, new=new)
        name, session = f"sub-{number:02d}", f"sub-{number:02d}_ses-02"
        anat = Path(name, "ses-02", "anat")
        nifti.save(images["flair0"], root / name / "ses-01" / "anat" / f"{name}_ses-01_FLAIR.nii.gz")
        nifti.save(images["flair"], root / anat / f"{session}_FLAIR.nii.gz")
        chi = images["chi"]
        nifti.save(chi.like(chi.data / np.float32(1000)), root / anat / f"{session}_Chimap.nii.gz")
        derived = root / "derivatives"
        nifti.save(given(truth), derived / "lesions" / anat / f"{session}_label-L_dseg.nii.gz")
        nifti.save(brain, derived / "brains" / anat / f"{session}_desc-brain_mask.nii.gz")
        nifti.save(truth.labels, derived / "truth" / anat / f"{session}_label-L_dseg.nii.gz")
        write_table(truth.table, derived / "truth" / anat / f"{session}_label-L_dseg.tsv")
    return root


def given(truth: Lesions) -> Volume:
    """The true lesions under the numbers 10, 11, ... from the last to the first."""
    labels = truth.labels.data
    return truth.labels.like(np.where(labels > 0, 18 - labels, 0).astype(np.int32))


def _away(centre: np.ndarray) -> np.ndarray:
    i, j, k = np.ogrid[tuple(slice(n) for n in SHAPE)]
    return np.sqrt((i - centre[0]) ** 2 + (j - centre[1]) ** 2 + (k - centre[2]) ** 2)


def _stored(folder: Path, case: Case) -> Case:
    files = {name: nifti.save(volume, folder / f"{name}.nii.gz") for name, volume in case.images.items()}
    masks = {name: nifti.save(volume, folder / f"{name}.nii.gz") for name, volume in case.masks.items()}
    return case.with_(
        images=Lazy({name: lambda path=path: nifti.load(path) for name, path in files.items()}),
        masks=Lazy({name: lambda path=path: nifti.load_labels(path) for name, path in masks.items()}),
        sources={name: str(path) for name, path in {**files, **masks}.items()},
    )
