"""What tests in several folders share: little files, little volumes, the real scans where they are."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from radiorim.case import Case
from radiorim.lesions import Lesions
from radiorim.volume import Volume


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real scans beside the checkout; a test that asks for it is skipped where it is absent."""
    folder = Path(__file__).resolve().parents[1].parent / "shared"
    if not folder.is_dir():
        pytest.skip("needs the real scans beside the checkout")
    return folder


@pytest.fixture
def write_nifti(tmp_path: Path) -> Callable[..., Path]:
    """Write an array as NIfTI with nibabel alone: `write_nifti("a.nii.gz", array, affine)`, below `tmp_path`.

    A path with folders makes them; an absolute path is taken as it is.
    """
    import nibabel as nib

    def write(path: str | Path, array: np.ndarray, affine: np.ndarray | None = None) -> Path:
        place = tmp_path / path
        place.parent.mkdir(parents=True, exist_ok=True)
        if array.dtype == bool:
            array = array.astype(np.uint8)
        nib.save(nib.Nifti1Image(array, np.eye(4) if affine is None else affine), place)
        return place

    return write


@pytest.fixture
def rng() -> np.random.Generator:
    """Random numbers that are the same in each run."""
    return np.random.default_rng(20240)


@pytest.fixture
def oblique() -> np.ndarray:
    """An affine with turned axes, one of them flipped, and three different voxel sizes."""
    angle = np.radians(20)
    turn = np.array(
        [[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]]
    ) @ np.array([[1, 0, 0], [0, np.cos(0.3), -np.sin(0.3)], [0, np.sin(0.3), np.cos(0.3)]])
    affine = np.eye(4)
    affine[:3, :3] = turn * np.array([-1.0, 0.5, 3.0])
    affine[:3, 3] = (40.0, -70.0, 12.5)
    return affine


@pytest.fixture
def tiny_labels() -> Volume:
    """12 x 12 x 12 voxels of 1 x 1 x 2 mm with lesions 1 (27 voxels), 2 (8 voxels) and 5 (1 voxel)."""
    labels = np.zeros((12, 12, 12), dtype=np.int32)
    labels[1:4, 1:4, 1:4] = 1
    labels[7:9, 7:9, 7:9] = 2
    labels[10, 2, 2] = 5
    return Volume(labels, np.diag([1.0, 1.0, 2.0, 1.0]))


@pytest.fixture
def tiny_lesions(tiny_labels: Volume) -> Lesions:
    """The lesions of `tiny_labels`."""
    return Lesions.from_labels(tiny_labels)


@pytest.fixture
def tiny_case(tiny_labels: Volume, rng: np.random.Generator) -> Case:
    """A case with flair, flair0, t1, phase and chi of noise, brighter inside the lesions of `tiny_labels`."""

    def image(bright: float) -> Volume:
        noise = rng.normal(100, 5, tiny_labels.shape)
        return tiny_labels.like((noise + bright * (tiny_labels.data > 0)).astype(np.float32))

    brights = {"flair": 40.0, "flair0": 0.0, "t1": -30.0, "phase": 10.0, "chi": 50.0}
    return Case(
        id="sub-01_ses-02",
        person="sub-01",
        images={name: image(bright) for name, bright in brights.items()},
        masks={"lesions": tiny_labels, "brain": tiny_labels.like(np.ones(tiny_labels.shape, dtype=bool))},
    )
