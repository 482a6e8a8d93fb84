"""The command line run in this process, and one little data set for all of its tests."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import little
import pytest

from radiorim.cli import run


@dataclass(frozen=True)
class Ended:
    """What a command left: its exit code, and what it said on stdout and stderr."""

    code: int
    out: str
    err: str

    @property
    def sentence(self) -> str:
        """The error, without the progress before it."""
        return next((line for line in self.err.splitlines() if line.startswith("radiorim: ")), "")


@pytest.fixture
def radiorim(capsys, monkeypatch, tmp_path) -> Callable[..., Ended]:
    """Run one command line in an empty current folder: `radiorim("list", "--json")`."""
    monkeypatch.chdir(tmp_path)

    def call(*words: object) -> Ended:
        capsys.readouterr()
        code = run([str(word) for word in words])
        said = capsys.readouterr()
        logging.getLogger("radiorim").setLevel(logging.NOTSET)
        return Ended(code, said.out, said.err)

    return call


@pytest.fixture(scope="session")
def dataset(tmp_path_factory) -> Path:
    """Five people; the last one has no new lesion."""
    return little.write_dataset(tmp_path_factory.mktemp("bids") / "little", 5)


@pytest.fixture(scope="session")
def recipes(tmp_path_factory) -> dict[str, Path]:
    """The little recipes as JSON files."""
    folder = tmp_path_factory.mktemp("recipes")
    for recipe in (little.RIM, little.NEW, little.NEW_BOOST):
        (folder / f"{recipe.name}.json").write_text(recipe.to_json())
    return {path.stem: path for path in folder.iterdir()}


@pytest.fixture(scope="session")
def judged(tmp_path_factory, dataset, recipes) -> Path:
    """The folder of one unbroken `classify --crossvalidate 3 --seed 4`."""
    out = tmp_path_factory.mktemp("runs") / "out"
    words = ["classify", dataset, "--recipe", recipes["little-rim"], "--crossvalidate", 3, "--seed", 4]
    assert run([str(word) for word in [*words, "-q", "-o", out]]) == 0
    logging.getLogger("radiorim").setLevel(logging.NOTSET)
    return out


@pytest.fixture
def scans(dataset: Path) -> dict[str, Path]:
    """The files of the first person."""
    derived, anat = dataset / "derivatives", Path("sub-01", "ses-02", "anat")
    return {
        "flair0": dataset / "sub-01/ses-01/anat/sub-01_ses-01_FLAIR.nii.gz",
        "flair": dataset / anat / "sub-01_ses-02_FLAIR.nii.gz",
        "chi": dataset / anat / "sub-01_ses-02_Chimap.nii.gz",
        "lesions": derived / "lesions" / anat / "sub-01_ses-02_label-L_dseg.nii.gz",
        "brain": derived / "brains" / anat / "sub-01_ses-02_desc-brain_mask.nii.gz",
    }
