"""Contact sheets of phantom people beside real scans, and histograms of tissue, contrast, volume and load.

    python benchmarks/phantom_pictures.py OUT [--people N] [--spacing MM] [--real FOLDER]

FOLDER holds the open scans of Ljubljana as they are shared (longitudinal/, cross_sectional_mni/); without it
the sheets show the phantom alone.
"""

from __future__ import annotations

import argparse
import tempfile
from dataclasses import dataclass
from pathlib import Path

import matplotlib as mpl
import numpy as np

mpl.use("Agg")
import matplotlib.pyplot as plt
import SimpleITK as sitk
from scipy import ndimage

from radiorim.io import nifti
from radiorim.io.sitk import transform_to_affine
from radiorim.phantom import Params, Person, make_person
from radiorim.prepare.resample import resample

COMPONENT_MM3 = 5.0


@dataclass(frozen=True)
class Pair:
    """Two visits on one grid (visit 1 resampled), in units of the brain's median; lesions or None."""

    name: str
    before: np.ndarray
    now: np.ndarray
    brain: np.ndarray
    lesions: np.ndarray | None
    new: np.ndarray
    aspect: float


def main() -> None:
    """Write pairs.png, contrasts.png and histograms.png."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--people", type=int, default=2)
    parser.add_argument("--spacing", type=float, default=1.0)
    parser.add_argument("--real", type=Path, default=Path(__file__).parents[2] / "shared/data/ljubljana")
    asked = parser.parse_args()
    asked.out.mkdir(parents=True, exist_ok=True)
    params = Params(spacing_mm=asked.spacing)
    people = [make_person(number, 0, params) for number in range(1, asked.people + 1)]
    thick = make_person(2, 0, Params(spacing_mm=asked.spacing, thick_slices=True, contrasts=("flair",)))
    pairs = [phantom_pair(person, f"phantom {person.number}") for person in people]
    pairs.append(phantom_pair(thick, "phantom 2, thick slices"))
    real = real_pairs(asked.real) if asked.real.exists() else []
    pair_sheet([*pairs, *real], asked.out / "pairs.png")
    contrast_sheet(people, asked.out / "contrasts.png")
    histograms([pair for pair in pairs if pair.aspect == 1], asked.real, asked.out / "histograms.png")


def phantom_pair(person: Person, name: str) -> Pair:
    """Visit 1 brought onto visit 2 by the true motion."""
    flair, flair0 = person.images["flair"], person.images["flair0"]
    to_voxels = np.linalg.inv(flair0.affine) @ person.to_visit1 @ flair.affine
    before = ndimage.affine_transform(
        flair0.data.astype(np.float32), to_voxels[:3, :3], to_voxels[:3, 3], output_shape=flair.shape, order=1
    )
    table, labels = person.truth.table, person.truth.labels.data
    new = np.isin(labels, table.lesion[table.status == "new"])
    brain = person.brain.data
    now = flair.data.astype(np.float32)
    spacing = flair.spacing
    return Pair(
        name, _scaled(before, brain), _scaled(now, brain), brain, labels > 0, new, spacing[2] / spacing[0]
    )


def real_pairs(folder: Path) -> list[Pair]:
    """The two longitudinal patients, both visits in the common space of the ground truth."""
    return [_real_pair(path) for path in sorted((folder / "longitudinal").glob("patient[0-9]*"))]


def _real_pair(folder: Path) -> Pair:
    """Both visits on the common grid of `gt`, by the transforms that come with the data."""
    truth, brain = nifti.load_mask(folder / "gt.nii.gz"), nifti.load_mask(folder / "brainmask.nii.gz").data
    now, before = (
        resample(
            nifti.load(folder / f"{study}_FLAIR.nii.gz"), truth, np.linalg.inv(_transform(folder, study))
        ).data
        for study in ("study2", "study1")
    )
    aspect = truth.spacing[2] / truth.spacing[0]
    return Pair(
        f"real {folder.name}", _scaled(before, brain), _scaled(now, brain), brain, None, truth.data, aspect
    )


def _transform(folder: Path, study: str) -> np.ndarray:
    """RAS mm of the common space to RAS mm of the scan."""
    text = (folder / f"{study}_FLAIR_to_common_space.txt").read_text()
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as stream:
        stream.write(text.replace("MatrixOffsetTransformBase_double_3_3", "AffineTransform_double_3_3"))
        stream.flush()
        return transform_to_affine(sitk.ReadTransform(stream.name))


def pair_sheet(pairs: list[Pair], path: Path) -> None:
    """A row for each pair, at the slice with most new lesion (or most lesion)."""
    figure, axes = plt.subplots(len(pairs), 5, figsize=(20, 4.4 * len(pairs)), squeeze=False)
    for row, pair in zip(axes, pairs, strict=True):
        where = pair.new if pair.new.any() else pair.lesions if pair.lesions is not None else pair.brain
        at = int(np.argmax(where.sum(axis=(0, 1))))
        middle = pair.now.shape[0] // 2 + round(8 / (pair.aspect or 1))
        change = np.where(pair.brain, pair.now - pair.before, 0)
        show(row[0], pair.before[:, :, at], f"{pair.name}: visit 1")
        show(row[1], pair.now[:, :, at], "visit 2")
        show(row[2], change[:, :, at], "subtraction", limits=(-0.6, 0.6))
        show(row[3], pair.now[:, :, at], "truth: all yellow, new red")
        for mask, colour in ((pair.lesions, "yellow"), (pair.new, "red")):
            if mask is not None and mask[:, :, at].any():
                row[3].contour(np.rot90(mask[:, :, at]), [0.5], colors=colour, linewidths=0.7)
        show(row[4], pair.now[middle], "sagittal", aspect=pair.aspect)
    save(figure, path)


def contrast_sheet(people: list[Person], path: Path) -> None:
    """FLAIR, T1w, chi and the truth of each person, at the slice with most rim (or lesion)."""
    figure, axes = plt.subplots(len(people), 5, figsize=(20, 4.4 * len(people)), squeeze=False)
    for row, person in zip(axes, people, strict=True):
        rims, labels = person.rims.data, person.truth.labels.data
        at = int(np.argmax((rims if rims.any() else labels > 0).sum(axis=(0, 1))))
        brain = person.brain.data
        show(row[0], _scaled(person.images["flair"].data, brain)[:, :, at], f"{person.number}: FLAIR")
        show(row[1], _scaled(person.images["t1"].data, brain)[:, :, at], "T1w")
        show(row[2], person.images["chi"].data[:, :, at], "QSM, ppb", limits=(-80, 120))
        show(row[3], person.true_chi.data[:, :, at], "true susceptibility", limits=(-80, 120))
        show(row[4], person.tissues.data[:, :, at], "tissue, lesions, rims", limits=(0, 3))
        for mask, colour in ((labels > 0, "yellow"), (rims, "red")):
            if mask[:, :, at].any():
                row[4].contour(np.rot90(mask[:, :, at]), [0.5], colors=colour, linewidths=0.7)
    save(figure, path)


def histograms(pairs: list[Pair], folder: Path, path: Path) -> None:
    """Intensities of brain and lesions, components and load: the phantom, and the real masks in MNI space."""
    figure, axes = plt.subplots(1, 4, figsize=(22, 4.6))
    groups = {"phantom": [(pair.now, pair.brain, pair.lesions, 1.0) for pair in pairs], "real": []}
    for patient in sorted((folder / "cross_sectional_mni").glob("patient*")):
        flair, lesions = (nifti.load(patient / f"{name}.nii.gz").data for name in ("FLAIR", "lesions"))
        brain = flair > 0
        groups["real"].append((_scaled(flair, brain), brain, lesions > 0, 1.0))
    for name, scans in groups.items():
        for axis, part in ((axes[0], 1), (axes[1], 2)):
            values = [scan[0][scan[part] & (scan[2] if part == 2 else ~scan[2])] for scan in scans]
            if values:
                axis.hist(
                    np.concatenate(values), 90, range=(0, 2.2), density=True, histtype="step", label=name
                )
        sizes = [component_mm3(scan[2], scan[3]) for scan in scans]
        if sizes:
            axes[2].hist(np.concatenate(sizes), np.geomspace(5, 2e4, 20), histtype="step", label=name)
            axes[3].scatter([len(s) for s in sizes], [s.sum() / 1000 for s in sizes], label=name)
    titles = (
        "brain outside lesions / median",
        "lesions / median of brain",
        "component, mm3",
        "components, ml",
    )
    for axis, title in zip(axes, titles, strict=True):
        axis.set_title(title)
        axis.legend()
    axes[2].set_xscale("log")
    save(figure, path)


def component_mm3(mask: np.ndarray, voxel_mm3: float) -> np.ndarray:
    """Volumes of the 26-connected components of at least 5 mm3."""
    labels, _ = ndimage.label(mask, np.ones((3, 3, 3)))
    volumes = np.bincount(labels.ravel())[1:] * voxel_mm3
    return volumes[volumes >= COMPONENT_MM3]


def _scaled(image: np.ndarray, brain: np.ndarray) -> np.ndarray:
    return np.asarray(image, dtype=np.float32) / np.median(image[brain])


def show(
    axis: plt.Axes, image: np.ndarray, title: str, *, limits: tuple[float, float] = (0, 2), aspect: float = 1
) -> None:
    """A slice as radiologists look at it, front up."""
    axis.imshow(np.rot90(image), cmap="gray", vmin=limits[0], vmax=limits[1], aspect=aspect)
    axis.set_title(title, fontsize=10)
    axis.axis("off")


def save(figure: plt.Figure, path: Path) -> None:
    """Write the sheet and forget it."""
    figure.tight_layout()
    figure.savefig(path, dpi=55)
    plt.close(figure)


if __name__ == "__main__":
    main()
